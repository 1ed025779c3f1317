"""Check-ins (who, where, when) as orders: Foursquare's and Gowalla's files, and others by a column mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from data.dataset import Manifest, MarketInfo, writing
from data.importers import cells
from data.importers.districts import middle, name_districts
from data.importers.rejects import REJECTS, BadCell, RejectLog
from data.importers.report import ImportFailed, ImportOptions, ImportReport, report
from data.importers.sources import Row, header_of, read_rows
from data.importers.tables import Diner, Restaurant, TableSink, order_event

USER, PLACE, TIME, LAT, LON, CATEGORY, NAME = "user", "place", "time", "lat", "lon", "category", "name"
NEEDED: Final = (USER, PLACE, TIME)
FIELDS: Final = (*NEEDED, LAT, LON, CATEGORY, NAME)

SYNONYMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("user", "userid", "uid", "customer", "diner", "visitor"), USER),
    **dict.fromkeys(("place", "placeid", "venue", "venueid", "locationid", "poi", "poiid", "restaurantid"), PLACE),
    **dict.fromkeys(("time", "timestamp", "utctime", "utctimestamp", "at", "checkintime", "datetime", "date"), TIME),
    **dict.fromkeys(("lat", "latitude"), LAT),
    **dict.fromkeys(("lon", "lng", "long", "longitude"), LON),
    **dict.fromkeys(("category", "venuecategory", "venuecategoryname", "cuisine"), CATEGORY),
    **dict.fromkeys(("name", "venuename", "placename"), NAME),
}
"""Headers, in lower case without blanks and underscores, that need no mapping."""

LAYOUTS: Final[Mapping[int, Mapping[str, int]]] = {
    8: {USER: 0, PLACE: 1, CATEGORY: 3, LAT: 4, LON: 5, TIME: 7},
    5: {USER: 0, TIME: 1, LAT: 2, LON: 3, PLACE: 4},
    3: {USER: 0, PLACE: 1, TIME: 2},
}
"""Files without a header by their number of cells: Foursquare (New York, Tokyo), Gowalla, and the plain three."""


@dataclass(frozen=True)
class _Format:
    delimiter: str
    names: tuple[str, ...]
    """The columns of a file without a header; empty: it has one."""
    columns: Mapping[str, str]
    """Our field -> the file's column."""


@dataclass
class _Venue:
    """What the rows say of one place; the first good value of each kind stands."""

    place: tuple[float, float] | None = None
    category: str = ""
    name: str = ""


@dataclass
class _Log:
    """What a pass over the file gathers."""

    venues: dict[str, _Venue] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    """Number of each user, in order of appearance."""
    seen: set[tuple[int, str, int]] = field(default_factory=set)


def import_checkins(source: Path, out: Path, options: ImportOptions) -> ImportReport:
    """Import one file of check-ins into a dataset at `out`; every visit is an order, repeats are kept.

    The mapping names our `user`, `place`, `time`, and optionally `lat`, `lon`, `category`, `name`, by header or by
    number from 0. Without one, known headers and the layouts of Foursquare and Gowalla are found by themselves.
    """
    form = _format(source, options)
    market = options.market_key
    with writing(out) as writer, RejectLog(writer.path / REJECTS) as log:
        sink, gathered = TableSink(writer), _Log()
        rows = read_rows(source, log, names=form.names, required=tuple(form.columns.values()), delimiter=form.delimiter)
        for row in rows:
            try:
                user, place, at = _visit(row, form.columns, gathered)
            except BadCell as fault:
                log.refuse(row.at, fault)
                continue
            _learn(gathered.venues.setdefault(place, _Venue()), row, form.columns, log)
            sink.event(order_event(f"visit-{row.at.line}", market, user, place, at))
        sink.close()
        centre = middle([venue.place for venue in gathered.venues.values() if venue.place])
        places = [_restaurant(key, venue, market, centre) for key, venue in gathered.venues.items()]
        name_districts(places)
        sink.restaurants(places)
        sink.diners(Diner(user, market) for user in gathered.users)
        assumptions = _assumptions(gathered)
        writer.finish(_manifest(options, centre, assumptions))
        return report("checkins", out, log, sink.rows, assumptions)


def _visit(row: Row, columns: Mapping[str, str], gathered: _Log) -> tuple[str, str, int]:
    user = row.parse(columns[USER], cells.identifier)
    place = row.parse(columns[PLACE], cells.identifier)
    at = row.parse(columns[TIME], cells.microseconds)
    key = (gathered.users.get(user, len(gathered.users)), place, at)
    if key in gathered.seen:
        raise BadCell("the same visit at the same instant: once is enough", columns[TIME], row.cells[columns[TIME]])
    gathered.seen.add(key)
    gathered.users.setdefault(user, len(gathered.users))
    return user, place, at


def _learn(venue: _Venue, row: Row, columns: Mapping[str, str], log: RejectLog) -> None:
    """Take from the row what is not known of the place yet; a bad coordinate costs the cell, not the visit."""
    for part in (CATEGORY, NAME):
        if part in columns and not getattr(venue, part) and not cells.is_missing(row.cells[columns[part]]):
            setattr(venue, part, row.cells[columns[part]])
    if venue.place or LAT not in columns or LON not in columns:
        return
    if cells.is_missing(row.cells[columns[LAT]]) and cells.is_missing(row.cells[columns[LON]]):
        return
    try:
        venue.place = row.parse(columns[LAT], cells.latitude), row.parse(columns[LON], cells.longitude)
    except BadCell as fault:
        log.leave_out(row.at, fault)


def _restaurant(key: str, venue: _Venue, market: str, centre: tuple[float, float]) -> Restaurant:
    lat, lon = venue.place or centre
    cuisines = [cells.word(venue.category)] if venue.category else []
    tags = [] if venue.place else ["place=unknown"]
    return Restaurant(key, market, cells.name(venue.name or key), lat, lon, cuisines=cuisines, tags=tags)


def _manifest(options: ImportOptions, centre: tuple[float, float], assumptions: tuple[str, ...]) -> Manifest:
    market = MarketInfo(
        market=options.market_key,
        title=options.title or options.market_key,
        time_zone=options.time_zone,
        currency=options.currency,
        lat=centre[0],
        lon=centre[1],
    )
    return Manifest(
        source="checkins",
        markets=(market,),
        repeats=True,
        has_times=True,
        assumptions=assumptions,
        parameters={"mapping": dict(options.mapping)},
    )


def _assumptions(gathered: _Log) -> tuple[str, ...]:
    homeless = sum(venue.place is None for venue in gathered.venues.values())
    placed = (
        (f"{homeless:,} places have no usable coordinates: they stand at the market's centre.",) if homeless else ()
    )
    return (
        "A check-in counts as an order of unknown amount; what a diner was shown is not known.",
        "All check-ins are in one market, whose centre is the median place; nothing is known of the diners.",
        *placed,
    )


def _format(source: Path, options: ImportOptions) -> _Format:
    first, delimiter = header_of(source, options.delimiter)
    unknown = sorted(set(options.mapping) - set(FIELDS))
    if unknown:
        raise ImportFailed(f"the mapping names {', '.join(unknown)}: ours are {', '.join(FIELDS)}.")
    if options.mapping and all(column.isdecimal() for column in options.mapping.values()):
        return _by_number(
            {ours: int(number) for ours, number in options.mapping.items()}, len(first), delimiter, source
        )
    named = {SYNONYMS[key]: header for header in first if (key := _folded(header)) in SYNONYMS}
    columns = {**named, **options.mapping}
    if set(NEEDED) <= set(columns):
        return _Format(delimiter, (), columns)
    if not options.mapping and not named and len(first) in LAYOUTS:
        return _by_number(LAYOUTS[len(first)], len(first), delimiter, source)
    missing = ", ".join(part for part in NEEDED if part not in columns)
    raise ImportFailed(
        f"{source}: no column for {missing} among {', '.join(first)[:200]}: "
        f"map it, as in --map {missing.split(',')[0]}=COLUMN."
        f"map it, as in --map {missing.split(',')[0]}=COLUMN."
    )


def _by_number(numbers: Mapping[str, int], width: int, delimiter: str, source: Path) -> _Format:
    missing = [part for part in NEEDED if part not in numbers]
    beyond = [ours for ours, number in numbers.items() if number >= width]
    if missing or beyond:
        raise ImportFailed(f"{source} has {width} columns, numbered from 0: map {', '.join(missing or beyond)} to one.")
    names = tuple(f"column {number}" for number in range(width))
    return _Format(delimiter, names, {ours: names[number] for ours, number in numbers.items()})


def _folded(header: str) -> str:
    return "".join(letter for letter in header.lower() if letter.isalnum())
