"""The UCI set "Restaurant & consumer data" (Vargas-Govea et al. 2011): nine CSV files, three Mexican towns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from data.columns import EventType
from data.dataset import Manifest, MarketInfo, writing
from data.geo import distance_km
from data.importers import cells, opening
from data.importers.districts import name_districts
from data.importers.rejects import REJECTS, BadCell, RejectLog
from data.importers.report import ImportReport, folder_with, report
from data.importers.sources import Row, read_rows
from data.importers.tables import Diner, Event, Restaurant, TableSink

_ZONE: Final = "America/Mexico_City"
TOWNS: Final = (
    MarketInfo(
        market="san-luis-potosi", title="San Luis Potosí", time_zone=_ZONE, currency="MXN", lat=22.1517, lon=-100.9764
    ),
    MarketInfo(market="cuernavaca", title="Cuernavaca", time_zone=_ZONE, currency="MXN", lat=18.9218, lon=-99.2347),
    MarketInfo(
        market="ciudad-victoria", title="Ciudad Victoria", time_zone=_ZONE, currency="MXN", lat=23.7310, lon=-99.1475
    ),
)
"""The markets, each at its main square."""

PLACES, ACCEPTS, CUISINES = "geoplaces2.csv", "chefmozaccepts.csv", "chefmozcuisine.csv"
HOURS, PARKING, RATINGS = "chefmozhours4.csv", "chefmozparking.csv", "rating_final.csv"
PROFILES, LIKES, PAYMENTS = "userprofile.csv", "usercuisine.csv", "userpayment.csv"
FILES: Final = (PLACES, ACCEPTS, CUISINES, HOURS, PARKING, RATINGS, PROFILES, LIKES, PAYMENTS)

STARS: Final = {"0": 1.0, "1": 3.0, "2": 5.0}
"""The set's three grades, spread over 1 to 5 stars."""
SURVEY_YEAR: Final = 2010
"""Ages are counted at the year in which the diners were asked."""
PRICE_LEVELS: Final = {"low": 1, "medium": 2, "high": 3}

_PLACE_TAGS: Final = {
    "alcohol": "alcohol",
    "smoking_area": "smoking",
    "dress_code": "dress",
    "accessibility": "accessibility",
    "Rambience": "ambience",
    "area": "area",
    "other_services": "services",
}
_PROFILE_TAGS: Final = {
    "smoker": "smoker",
    "drink_level": "drinks",
    "dress_preference": "dress",
    "ambience": "ambience",
    "transport": "transport",
    "interest": "interest",
    "personality": "personality",
    "activity": "activity",
    "color": "color",
    "budget": "budget",
}
_PROTECTED_TAGS: Final = {"religion": "religion", "marital_status": "marital_status", "hijos": "children"}
_T = TypeVar("_T")

ASSUMPTIONS: Final = (
    "Ratings 0, 1, 2 count as 1, 3, 5 stars; the separate grades for food and service are not used.",
    "The set has no times: nothing can be split by time, and each diner rated a restaurant once.",
    "A restaurant belongs to the nearest of three towns; a diner to each town in which he rated, and to the nearest "
    "town of his home where he rated nowhere.",
    "A diner who rated in another town than that of his home has no home there: where he stayed is not known.",
    "Hours 00:00-00:00 mean closed on that day (the set writes the whole day 00:00-23:30); a restaurant that would "
    "then be closed all week has no known hours.",
    "Districts are the third of a town's restaurants nearest to its middle, and four compass quarters around.",
    f"Ages are those of {SURVEY_YEAR}; ages, weights and heights are kept as groups.",
    "Prices low, medium, high are levels 1, 2, 3; a franchise is a chain under the restaurant's name.",
    "Nothing says who delivers: nobody does. Nothing says when a restaurant opened.",
)


def import_uci(source: Path, out: Path) -> ImportReport:
    """Import the folder of the nine files into a dataset at `out`; ImportFailed where a file is missing or unreadable.

    Rows about places without coordinates (the chefmoz files list 938 places, the set describes 130) are refused and
    counted. The same files give the same bytes.
    """
    folder_with(source, FILES, "the UCI restaurant data")
    with writing(out) as writer, RejectLog(writer.path / REJECTS) as log:
        restaurants = _restaurants(source, log)
        homes = _diners(source, log)
        sink = TableSink(writer)
        towns: defaultdict[str, set[str]] = defaultdict(set)
        for event in _ratings(source, log, restaurants, homes):
            towns[event.user_id].add(event.market)
            sink.event(event)
        sink.close()
        for town in TOWNS:
            name_districts(row for row in restaurants.values() if row.market == town.market)
        sink.restaurants(restaurants.values())
        sink.diners(row for diner in homes.values() for row in _in_towns(diner, towns[diner.user_id]))
        assumptions = ASSUMPTIONS + _damaged_names(restaurants.values())
        writer.finish(Manifest(source="uci", markets=TOWNS, repeats=False, has_times=False, assumptions=assumptions))
        return report("uci", out, log, sink.rows, assumptions)


def nearest_town(lat: float, lon: float) -> str:
    """The market key of the town whose main square is nearest."""
    return min(TOWNS, key=lambda town: float(distance_km(lat, lon, town.lat, town.lon))).market


def _damaged_names(restaurants: Iterable[Restaurant]) -> tuple[str, ...]:
    """What was lost before the set was published cannot be mended: say so."""
    names = [row.name for row in restaurants if "\N{REPLACEMENT CHARACTER}" in row.name]
    return (f"A letter was lost at the source, the name is kept as it is: {', '.join(names)}.",) if names else ()


def _in_towns(diner: Diner, towns: set[str]) -> Iterator[Diner]:
    """The diner once for each town in which he rated; only the town of his home knows where he lives."""
    for town in sorted(towns or {diner.market}):
        if town == diner.market:
            yield diner
        else:
            yield Diner(diner.user_id, town, profile=diner.profile, protected=diner.protected)


def _restaurants(source: Path, log: RejectLog) -> dict[str, Restaurant]:
    restaurants: dict[str, Restaurant] = {}
    chains: dict[str, str] = {}
    required = ("placeID", "name", "latitude", "longitude", "price", "franchise", *_PLACE_TAGS)
    for row in read_rows(source / PLACES, log, required=required):
        try:
            restaurant = _restaurant(row)
            if restaurant.restaurant_id in restaurants:
                raise BadCell("place listed twice: the first one stands", "placeID", restaurant.restaurant_id)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        if row.cells["franchise"] == "t":
            restaurant.chain = chains.setdefault(cells.word(restaurant.name), restaurant.name)
        restaurant.price_level = _price(row, log)
        restaurants[restaurant.restaurant_id] = restaurant
    _add_words(source / CUISINES, "Rcuisine", log, {key: row.cuisines for key, row in restaurants.items()})
    tags = {key: row.tags for key, row in restaurants.items()}
    _add_words(source / ACCEPTS, "Rpayment", log, tags, "payment")
    _add_words(source / PARKING, "parking_lot", log, tags, "parking")
    _add_hours(source / HOURS, log, restaurants)
    return restaurants


def _restaurant(row: Row) -> Restaurant:
    lat, lon = row.parse("latitude", cells.latitude), row.parse("longitude", cells.longitude)
    return Restaurant(
        row.parse("placeID", cells.identifier),
        nearest_town(lat, lon),
        row.parse("name", cells.name),
        lat,
        lon,
        tags=_tags(row, _PLACE_TAGS),
    )


def _price(row: Row, log: RejectLog) -> int | None:
    text = row.cells["price"]
    if cells.known(text) and text not in PRICE_LEVELS:
        log.leave_out(row.at, BadCell("price is none of low, medium, high", "price", text))
    return PRICE_LEVELS.get(text)


def _tags(row: Row, labels: Mapping[str, str]) -> list[str]:
    return [cells.tag(label, row.cells[column]) for column, label in labels.items() if cells.known(row.cells[column])]


def _add_words(file: Path, column: str, log: RejectLog, lists: Mapping[str, list[str]], label: str = "") -> None:
    """Append each row's word to the list of the one it belongs to, as a tag where there is a label."""
    key = "userID" if file.name in {LIKES, PAYMENTS} else "placeID"
    for row in read_rows(file, log, required=(key, column)):
        try:
            words = _owner(row, key, lists)
            text = row.cells[column]
            if not cells.known(text):
                raise BadCell("no value", column, text)
            word = cells.tag(label, text) if label else cells.word(text)
            if word in words:
                raise BadCell("said twice: once is enough", column, text)
            words.append(word)
        except BadCell as fault:
            log.refuse(row.at, fault)


def _owner(row: Row, key: str, owners: Mapping[str, _T]) -> _T:
    """What stands for the row's place or diner; BadCell where the main file has no such one."""
    found = owners.get(row.cells[key])
    if found is None:
        main = PLACES if key == "placeID" else PROFILES
        raise BadCell(f"not in {main}", key, row.cells[key])
    return found


def _add_hours(file: Path, log: RejectLog, restaurants: Mapping[str, Restaurant]) -> None:
    openings: dict[str, list[tuple[int, tuple[int, int]]]] = {}
    seen: set[tuple[str, str, str]] = set()
    for row in read_rows(file, log, required=("placeID", "hours", "days")):
        try:
            restaurant = _owner(row, "placeID", restaurants)
            line = (restaurant.restaurant_id, row.cells["hours"], row.cells["days"])
            if line in seen:
                raise BadCell("said twice: once is enough", "hours", row.cells["hours"])
            spans, week_days = row.parse("hours", opening.clock_spans), row.parse("days", opening.days)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        seen.add(line)
        openings.setdefault(restaurant.restaurant_id, []).extend((day, span) for day in week_days for span in spans)
    for key, found in openings.items():
        restaurants[key].hours = opening.week(found)


def _diners(source: Path, log: RejectLog) -> dict[str, Diner]:
    """The diners, each in the town of his home."""
    diners: dict[str, Diner] = {}
    required = ("userID", "latitude", "longitude", "birth_year", "weight", "height", *_PROFILE_TAGS, *_PROTECTED_TAGS)
    for row in read_rows(source / PROFILES, log, required=required):
        try:
            diner = _diner(row)
            if diner.user_id in diners:
                raise BadCell("diner listed twice: the first one stands", "userID", diner.user_id)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        diner.protected += _bodies(row, log)
        diners[diner.user_id] = diner
    profiles = {key: diner.profile for key, diner in diners.items()}
    _add_words(source / LIKES, "Rcuisine", log, profiles, "cuisine")
    _add_words(source / PAYMENTS, "Upayment", log, profiles, "payment")
    return diners


def _diner(row: Row) -> Diner:
    lat, lon = row.parse("latitude", cells.latitude), row.parse("longitude", cells.longitude)
    return Diner(
        row.parse("userID", cells.identifier),
        nearest_town(lat, lon),
        lat,
        lon,
        profile=_tags(row, _PROFILE_TAGS),
        protected=_tags(row, _PROTECTED_TAGS),
    )


def _bodies(row: Row, log: RejectLog) -> list[str]:
    """Age group, weight and height as tags of broad groups; a cell that is no number is left out."""
    tags = []
    for column, group in _GROUPS.items():
        try:
            if cells.known(row.cells[column]):
                tags.append(row.parse(column, group))
        except BadCell as fault:
            log.leave_out(row.at, fault)
    return tags


def _age_group(text: str) -> str:
    age = SURVEY_YEAR - int(cells.within(SURVEY_YEAR - 120, SURVEY_YEAR, text))
    return f"age_group={cells.age_group(age)}"


def _weight_group(text: str) -> str:
    low = int(cells.within(20.0, 300.0, text)) // 20 * 20
    return f"weight_kg={low}-{low + 19}"


def _height_group(text: str) -> str:
    low = round(cells.within(0.5, 2.5, text) * 100) // 10 * 10
    return f"height_cm={low}-{low + 9}"


_GROUPS: Final = {"birth_year": _age_group, "weight": _weight_group, "height": _height_group}


def _ratings(
    source: Path, log: RejectLog, restaurants: Mapping[str, Restaurant], diners: Mapping[str, Diner]
) -> Iterator[Event]:
    seen: set[str] = set()
    for row in read_rows(source / RATINGS, log, required=("userID", "placeID", "rating")):
        try:
            diner, restaurant = _owner(row, "userID", diners), _owner(row, "placeID", restaurants)
            stars = row.parse("rating", _stars)
            event_id = f"uci-{diner.user_id}-{restaurant.restaurant_id}"
            if event_id in seen:
                raise BadCell("rated twice: the first rating stands", "rating", row.cells["rating"])
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        seen.add(event_id)
        yield Event(event_id, EventType.RATING, restaurant.market, diner.user_id, restaurant.restaurant_id, value=stars)


def _stars(text: str) -> float:
    if text not in STARS:
        raise BadCell("rating is none of 0, 1, 2")
    return STARS[text]
