"""Somebody's own restaurants.csv, diners.csv and events.csv, by a column mapping."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Manifest, MarketInfo, writing
from data.geo import distance_km
from data.importers import cells, opening
from data.importers.csv_columns import TableFile, read_mapping, suggest, table_files
from data.importers.districts import middle, name_districts
from data.importers.rejects import REJECTS, BadCell, RejectLog
from data.importers.report import ImportOptions, ImportReport, report
from data.importers.sources import Row, read_rows
from data.importers.tables import Diner, Event, Restaurant, TableSink

__all__ = ["import_csv", "read_mapping", "suggest"]

T = TypeVar("T")


@dataclass
class _Gathered:
    """What is known once all files are read."""

    restaurants: dict[str, Restaurant] = field(default_factory=dict)
    diners: dict[str, Diner] = field(default_factory=dict)
    """As listed; the market is empty where the row names none."""
    markets_of: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The markets in which each diner did something."""
    types: set[EventType] = field(default_factory=set)
    events: int = 0


def import_csv(source: Path, out: Path, options: ImportOptions) -> ImportReport:
    """Import a folder of one's own tables into a dataset at `out`; only restaurants must be there.

    A restaurant without id, name or place is refused, and an event about an unknown restaurant or without a usable
    time where the file has times; any other bad cell costs itself only. Diners who are in the events alone are
    added. ImportFailed where a file or a needed column is missing.
    """
    files = table_files(source, options.mapping)
    with writing(out) as writer, RejectLog(writer.path / REJECTS) as log:
        sink, known = TableSink(writer), _Gathered()
        for restaurant in _restaurants(files[Table.RESTAURANTS], log, options):
            known.restaurants[restaurant.restaurant_id] = restaurant
        if Table.DINERS in files:
            for diner in _diners(files[Table.DINERS], log):
                known.diners[diner.user_id] = diner
        if Table.EVENTS in files:
            for event in _events(files[Table.EVENTS], log, known):
                sink.event(event)
        sink.close()
        markets = _markets(known, options)
        for market in markets:
            name_districts(row for row in known.restaurants.values() if row.market == market.market)
        sink.restaurants(known.restaurants.values())
        sink.diners(_placed(known, markets))
        assumptions = _assumptions(files, known, options)
        writer.finish(
            Manifest(
                source="csv",
                markets=markets,
                repeats=EventType.ORDER in known.types,
                has_times=known.events > 0 and col.AT in files[Table.EVENTS].columns,
                assumptions=assumptions,
                parameters={str(table): dict(file.columns) for table, file in files.items()},
            )
        )
        return report("csv", out, log, sink.rows, assumptions)


class _Cells:
    """One row by our column names. A bad cell that the row can do without is left out and logged."""

    def __init__(self, row: Row, columns: Mapping[str, str], log: RejectLog) -> None:
        self._row = row
        self._columns = columns
        self._log = log

    def needed(self, ours: str, parser: Callable[[str], T]) -> T:
        return self._row.parse(self._columns[ours], parser)

    def text(self, ours: str) -> str:
        """The cell; empty where there is no such column or the value is missing."""
        text = self._row.cells[self._columns[ours]] if ours in self._columns else ""
        return "" if cells.is_missing(text) else text

    def optional(self, ours: str, parser: Callable[[str], T]) -> T | None:
        if not self.text(ours):
            return None
        try:
            return self.needed(ours, parser)
        except BadCell as fault:
            self._log.leave_out(self._row.at, fault)
            return None

    def tags(self, ours: str) -> list[str]:
        """A list of tags, and the columns that are mapped to `ours.NAME`; a word without a value counts as yes."""
        words = cells.text_list(self.text(ours))
        tags = [word if "=" in word else f"{word}=yes" for word in words]
        for key in self._columns:
            stem, dot, label = key.partition(".")
            if dot and stem == ours:
                tags += [cells.tag(label, part) for part in cells.text_list(self.text(key))]
        return tags


def _rows(file: TableFile, log: RejectLog) -> Iterator[tuple[Row, _Cells]]:
    for row in read_rows(file.path, log, delimiter=file.delimiter):
        yield row, _Cells(row, file.columns, log)


def _restaurants(file: TableFile, log: RejectLog, options: ImportOptions) -> Iterator[Restaurant]:
    seen: set[str] = set()
    for row, cell in _rows(file, log):
        try:
            key = cell.needed(col.RESTAURANT_ID, cells.identifier)
            if key in seen:
                raise BadCell("listed twice: the first one stands", file.columns[col.RESTAURANT_ID], key)
            market = cell.needed(col.MARKET, cells.market_key) if cell.text(col.MARKET) else options.market_key
            name = cell.needed(col.NAME, cells.name)
            lat, lon = cell.needed(col.LAT, cells.latitude), cell.needed(col.LON, cells.longitude)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        seen.add(key)
        yield Restaurant(
            key,
            market,
            name,
            lat,
            lon,
            cuisines=cells.text_list(cell.text(col.CUISINES)),
            price_level=cell.optional(col.PRICE_LEVEL, cells.price_level),
            chain=cell.optional(col.CHAIN, cells.name),
            district=cell.optional(col.DISTRICT, cells.name) or "",
            opened_at=cell.optional(col.OPENED_AT, cells.microseconds),
            hours=cell.optional(col.HOURS, opening.parse_week),
            delivery=bool(cell.optional(col.DELIVERY, cells.boolean)),
            tags=cell.tags(col.TAGS),
        )


def _diners(file: TableFile, log: RejectLog) -> Iterator[Diner]:
    seen: set[str] = set()
    for row, cell in _rows(file, log):
        try:
            key = cell.needed(col.USER_ID, cells.identifier)
            if key in seen:
                raise BadCell("listed twice: the first one stands", file.columns[col.USER_ID], key)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        seen.add(key)
        lat, lon = cell.optional(col.HOME_LAT, cells.latitude), cell.optional(col.HOME_LON, cells.longitude)
        if lat is None or lon is None:
            lat = lon = None  # half a place is none
        market = cell.optional(col.MARKET, cells.market_key) or ""
        yield Diner(key, market, lat, lon, profile=cell.tags(col.PROFILE), protected=cell.tags(col.PROTECTED))


def _events(file: TableFile, log: RejectLog, known: _Gathered) -> Iterator[Event]:
    ids: set[str] = set()
    seen: set[tuple[str, str, str, int | None]] = set()
    for row, cell in _rows(file, log):
        try:
            event = _event(row, cell, file, known)
            if event.event_id in ids:
                raise BadCell("event id seen before: the first one stands", file.columns[col.EVENT_ID], event.event_id)
            key = (event.type, event.user_id, event.restaurant_id, event.at)
            # Without a time two orders may well be two visits; two ratings are one opinion.
            if key in seen and (event.at is not None or event.type is EventType.RATING):
                raise BadCell("the same event twice: once is enough", file.columns[col.USER_ID], event.user_id)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        ids.add(event.event_id)
        seen.add(key)
        known.types.add(event.type)
        known.events += 1
        known.markets_of[event.user_id].add(event.market)
        yield event


def _event(row: Row, cell: _Cells, file: TableFile, known: _Gathered) -> Event:
    user, place = cell.needed(col.USER_ID, cells.identifier), cell.needed(col.RESTAURANT_ID, cells.identifier)
    restaurant = known.restaurants.get(place)
    if restaurant is None:
        raise BadCell("restaurant not described", file.columns[col.RESTAURANT_ID], place)
    kind = cell.needed(col.TYPE, event_type) if col.TYPE in file.columns else default_type(file)
    event_id = cell.needed(col.EVENT_ID, cells.identifier) if cell.text(col.EVENT_ID) else f"events-{row.at.line}"
    order_id = cell.optional(col.ORDER_ID, cells.identifier)
    return Event(
        event_id,
        kind,
        restaurant.market,
        user,
        place,
        at=cell.needed(col.AT, cells.microseconds) if col.AT in file.columns else None,
        value=_value(cell, kind),
        request_id=cell.optional(col.REQUEST_ID, cells.identifier),
        order_id=order_id or (event_id if kind is EventType.ORDER else None),
        position=cell.optional(col.POSITION, cells.position),
        propensity=cell.optional(col.PROPENSITY, lambda text: cells.within(0.0, 1.0, text)),
    )


def _value(cell: _Cells, kind: EventType) -> float | None:
    if kind is EventType.RATING:
        return cell.needed(col.VALUE, lambda text: cells.within(1.0, 5.0, text))
    return cell.optional(col.VALUE, lambda text: cells.within(0.0, 1e9, text))


def default_type(file: TableFile) -> EventType:
    """Events of a file without a column for the type: ratings where it has values, else orders."""
    return EventType.RATING if col.VALUE in file.columns else EventType.ORDER


def event_type(text: str) -> EventType:
    """One of our six types, in any case."""
    try:
        return EventType(text.strip().lower())
    except ValueError:
        raise BadCell(f"type is none of {', '.join(EventType)}") from None


def _markets(known: _Gathered, options: ImportOptions) -> tuple[MarketInfo, ...]:
    """The restaurants' markets, each centred at its median place."""
    places: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in known.restaurants.values():
        places[row.market].append((row.lat, row.lon))
    shared: dict[str, Any] = {"time_zone": options.time_zone, "currency": options.currency}
    found = []
    for key in sorted(places) or [options.market_key]:
        lat, lon = middle(places[key])
        found.append(MarketInfo(market=key, title=options.title or key, lat=lat, lon=lon, **shared))
    return tuple(found)


def _placed(known: _Gathered, markets: tuple[MarketInfo, ...]) -> Iterator[Diner]:
    """Each diner once for every market in which he acted, else for his own; his home counts in his own only."""
    for user in dict.fromkeys([*known.diners, *known.markets_of]):
        diner = known.diners.get(user, Diner(user, ""))
        own = _own_market(diner, markets, known.markets_of[user])
        for market in sorted(known.markets_of[user] | {own}):
            home = (diner.home_lat, diner.home_lon) if market == own else (None, None)
            yield Diner(user, market, *home, profile=diner.profile, protected=diner.protected)


def _own_market(diner: Diner, markets: tuple[MarketInfo, ...], acted: set[str]) -> str:
    """As the row says, else the market nearest to his home, else the first in which he acted, else the first."""
    if diner.market in {market.market for market in markets}:
        return diner.market
    if diner.home_lat is not None and diner.home_lon is not None:
        lat, lon = diner.home_lat, diner.home_lon
        return min(markets, key=lambda market: float(distance_km(lat, lon, market.lat, market.lon))).market
    return min(acted, default=markets[0].market)


def _assumptions(files: Mapping[Table, TableFile], known: _Gathered, options: ImportOptions) -> tuple[str, ...]:
    events = files.get(Table.EVENTS)
    unlisted = len(set(known.markets_of) - set(known.diners))
    said = {
        "No events: nothing can be learnt or measured from what diners did.": events is None,
        "Events have no times: nothing can be split by time.": events is not None and col.AT not in events.columns,
        "Times without an offset are UTC.": events is not None and col.AT in events.columns,
        f"All is in one market, {options.market_key}.": col.MARKET not in files[Table.RESTAURANTS].columns,
        f"The market's time zone is {options.time_zone}, its currency {options.currency}.": True,
        f"{unlisted:,} diners are known from the events alone.": unlisted > 0,
    }
    texts = [text for text, true in said.items() if true]
    if events is not None and col.TYPE not in events.columns:
        texts.append(f"Events name no type: each is of type {default_type(events)}.")
    texts += [
        f"{file.path.name}: not imported, for no column of ours is mapped to it: {', '.join(file.unused)[:300]}."
        for file in files.values()
        if file.unused
    ]
    return tuple(texts)
