"""MovieLens (GroupLens): ML-100k as published, ML-1M's `.dat` files, and the CSV files of the later sets.

A film stands in the table of restaurants: its genres as cuisines, its decade as a tag, no place, no price.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.columns import EventType
from data.dataset import Manifest, MarketInfo, writing
from data.importers import cells
from data.importers.documented import write_split
from data.importers.rejects import REJECTS, BadCell, RejectLog
from data.importers.report import ImportFailed, ImportReport, reading, report
from data.importers.sources import Row, read_rows
from data.importers.tables import Diner, Event, Restaurant, TableSink

MARKET: Final = "movielens"
DISTRICT: Final = "all"
SPLIT: Final = {"ua.base": False, "ua.test": True}
"""The split that the documented benchmarks use: each user's ten held-out ratings are in `ua.test`."""

GENRES: Final = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The flags at the end of a line of `u.item`."""

_RATING: Final = ("userId", "movieId", "rating", "timestamp")
_YEAR = re.compile(r"\((\d{4})\)\s*$")
_JOBS: Final = (
    *("other", "academic", "artist", "clerical", "college", "customer-service", "doctor", "executive", "farmer"),
    *("homemaker", "k12-student", "lawyer", "programmer", "retired", "sales", "scientist", "self-employed"),
    *("technician", "tradesman", "unemployed", "writer"),
)
"""ML-1M's codes of occupations, 0 to 20."""

ASSUMPTIONS: Final = (
    "A film counts as a restaurant: genres are its cuisines; it has no place (0, 0), no price and no hours.",
    "A film is rated once by a user: known ones are left out when a model is evaluated.",
    "Gender and age group are protected attributes; the occupation may be learnt from; postcodes are not used.",
)


@dataclass(frozen=True)
class Layout:
    """The files of one edition and how their lines are written."""

    ratings: str
    films: str
    users: str | None
    delimiters: tuple[str, str, str]
    """Of the ratings, the films and the users."""
    film: Callable[[Row], Restaurant]
    rating_names: tuple[str, ...] = _RATING
    film_names: tuple[str, ...] = ("movieId", "title", "genres")
    user_names: tuple[str, ...] = ("userId", "gender", "age", "occupation", "zip")


def import_movielens(source: Path, out: Path) -> ImportReport:
    """Import the folder of an edition of MovieLens into a dataset at `out`; ImportFailed where it is none.

    Ratings keep their value and time. Where `ua.base` and `ua.test` lie beside `u.data`, the documented split goes
    to OUT/split.parquet (`data.importers.documented`).
    """
    layout = _layout(source)
    with writing(out) as writer, RejectLog(writer.path / REJECTS) as log:
        films = _films(source, layout, log)
        users = _users(source, layout, log)
        rated: set[str] = set()
        sink = TableSink(writer)
        for event in _ratings(source, layout, log, films, users, rated):
            sink.event(event)
        sink.close()
        sink.restaurants(films.values())
        sink.diners(users.values())
        split = _split(source, log, rated)
        if split:
            write_split(writer.path, split)
        assumptions = ASSUMPTIONS + (
            ("OUT/split.parquet holds the documented split ua.base/ua.test.",) if split else ()
        )
        market = MarketInfo(market=MARKET, title="MovieLens", currency="USD")
        writer.finish(
            Manifest(source="movielens", markets=(market,), repeats=False, has_times=True, assumptions=assumptions)
        )
        return report("movielens", out, log, sink.rows, assumptions)


def _layout(source: Path) -> Layout:
    """The first edition whose files are all in the folder."""
    with reading(source):
        if not source.is_dir():
            state = "is a file" if source.exists() else "does not exist"
            raise ImportFailed(f"{source} {state}: name the folder with {_choices()}.")
        present = {entry.name for entry in source.iterdir()}
    for layout in LAYOUTS:
        if {layout.ratings, layout.films, *filter(None, [layout.users])} <= present:
            return layout
    raise ImportFailed(f"{source} is no edition of MovieLens: name the folder with {_choices()}.")


def _choices() -> str:
    return ", or ".join(" and ".join(filter(None, [layout.ratings, layout.films, layout.users])) for layout in LAYOUTS)


def _films(source: Path, layout: Layout, log: RejectLog) -> dict[str, Restaurant]:
    films: dict[str, Restaurant] = {}
    names = () if layout.films.endswith(".csv") else layout.film_names
    rows = read_rows(
        source / layout.films, log, names=names, required=layout.film_names, delimiter=layout.delimiters[1]
    )
    for row in rows:
        try:
            film = layout.film(row)
            if film.restaurant_id in films:
                raise BadCell("film listed twice: the first one stands", "movieId", film.restaurant_id)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        films[film.restaurant_id] = film
    return films


def _users(source: Path, layout: Layout, log: RejectLog) -> dict[str, Diner]:
    users: dict[str, Diner] = {}
    if layout.users is None:
        return users
    for row in read_rows(source / layout.users, log, names=layout.user_names, delimiter=layout.delimiters[2]):
        try:
            user = _user(row)
            if user.user_id in users:
                raise BadCell("user listed twice: the first one stands", "userId", user.user_id)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        try:
            user.protected.append(f"age_group={row.parse('age', _age_group)}")
        except BadCell as fault:
            log.leave_out(row.at, fault)
        users[user.user_id] = user
    return users


def _ratings(
    source: Path,
    layout: Layout,
    log: RejectLog,
    films: Mapping[str, Restaurant],
    users: dict[str, Diner],
    rated: set[str],
) -> Iterator[Event]:
    """The ratings as events; where the edition has no file of users, `users` is filled from the ratings.

    The ids of the events are put into `rated`.
    """
    names = () if layout.ratings.endswith(".csv") else layout.rating_names
    rows = read_rows(source / layout.ratings, log, names=names, required=_RATING, delimiter=layout.delimiters[0])
    for row in rows:
        try:
            event = _rating(row, films)
            if layout.users and event.user_id not in users:
                raise BadCell(f"not in {layout.users}", "userId", event.user_id)
            if event.event_id in rated:
                raise BadCell("rated twice: the first rating stands", "movieId", event.restaurant_id)
        except BadCell as fault:
            log.refuse(row.at, fault)
            continue
        rated.add(event.event_id)
        users.setdefault(event.user_id, Diner(event.user_id, MARKET))
        yield event


def _rating(row: Row, films: Mapping[str, Restaurant]) -> Event:
    user, film = row.parse("userId", cells.identifier), row.parse("movieId", cells.identifier)
    if film not in films:
        raise BadCell("film not described", "movieId", film)
    value = row.parse("rating", lambda text: cells.within(0.5, 5.0, text))
    at = row.parse("timestamp", cells.microseconds)
    return Event(_event_id(user, film), EventType.RATING, MARKET, user, film, at=at, value=value)


def _event_id(user: str, film: str) -> str:
    return f"ml-{user}-{film}"


def _split(source: Path, log: RejectLog, rated: set[str]) -> dict[str, bool]:
    """Whether an event is in the test part, by event id; empty where the two files are not there."""
    parts: dict[str, bool] = {}
    if not all((source / name).exists() for name in SPLIT):
        return parts
    for name, test in SPLIT.items():
        for row in read_rows(source / name, log, names=_RATING, delimiter="\t"):
            event_id = _event_id(row.cells["userId"], row.cells["movieId"])
            if event_id not in rated:
                log.refuse(row.at, BadCell("not among the ratings of u.data", "movieId", row.cells["movieId"]))
            elif event_id in parts:
                log.refuse(
                    row.at, BadCell("in the split twice: the first part stands", "movieId", row.cells["movieId"])
                )
            else:
                parts[event_id] = test
    return parts


def _film(film_id: str, title: str, genres: list[str]) -> Restaurant:
    year = _YEAR.search(title)
    tags = [f"decade={year[1][:3]}0s"] if year else []
    return Restaurant(film_id, MARKET, cells.name(title), 0.0, 0.0, cuisines=genres, district=DISTRICT, tags=tags)


def _film_100k(row: Row) -> Restaurant:
    genres = [cells.word(genre) for genre in GENRES[1:] if row.cells[genre] == "1"]
    return _film(row.parse("movieId", cells.identifier), row.cells["title"], genres)


def _film_with_list(row: Row) -> Restaurant:
    genres = [] if row.cells["genres"] == "(no genres listed)" else cells.text_list(row.cells["genres"])
    return _film(row.parse("movieId", cells.identifier), row.cells["title"], genres)


def _user(row: Row) -> Diner:
    code = row.cells["occupation"]
    job = _JOBS[int(code)] if code.isdecimal() and int(code) < len(_JOBS) else code
    return Diner(
        row.parse("userId", cells.identifier),
        MARKET,
        profile=[cells.tag("occupation", job)],
        protected=[cells.tag("gender", row.cells["gender"])],
    )


def _age_group(text: str) -> str:
    return cells.age_group(int(cells.within(1, 120, text)))


LAYOUTS: Final = (
    Layout(
        "u.data",
        "u.item",
        "u.user",
        ("\t", "|", "|"),
        _film_100k,
        film_names=("movieId", "title", "released", "video", "url", *GENRES),
        user_names=("userId", "age", "gender", "occupation", "zip"),
    ),
    Layout("ratings.dat", "movies.dat", "users.dat", ("::", "::", "::"), _film_with_list),
    Layout("ratings.csv", "movies.csv", None, (",", ",", ","), _film_with_list),
)
"""Editions in the order in which they are looked for."""
