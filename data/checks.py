"""What can be wrong with a dataset's tables, one market at a time, as counted findings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.errors

from data import columns as col
from data.columns import EventType, Table
from data.dataset import MarketInfo
from data.geo import distance_km
from data.schemas import SCHEMAS

FAR_KM: Final = 60.0
"""Further from its market's centre than this, a place is in another town, or its coordinates are wrong."""


SAME_INSTANT: Final = "the same event of a diner at the same instant"
NOT_IN_TABLE: Final = "is not in its table"


class Severity(StrEnum):
    """An error makes results wrong; a warning makes them weaker than they look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One kind of fault in one table: how many rows, and one of them."""

    severity: Severity
    table: Table
    market: str
    kind: str
    """Fixed words, without values."""
    rows: int
    example: str = ""


@dataclass(frozen=True)
class MarketTables:
    """The tables of one market."""

    info: MarketInfo
    restaurants: pd.DataFrame
    diners: pd.DataFrame
    events: pd.DataFrame
    campaigns: pd.DataFrame | None

    def frames(self) -> Iterator[tuple[Table, pd.DataFrame]]:
        """The tables that there are."""
        yield from ((Table.RESTAURANTS, self.restaurants), (Table.DINERS, self.diners), (Table.EVENTS, self.events))
        if self.campaigns is not None:
            yield Table.CAMPAIGNS, self.campaigns

    def finding(
        self, severity: Severity, table: Table, kind: str, rows: pd.DataFrame, column: str
    ) -> Iterator[Finding]:
        """A finding about these rows, with the first one's cell as the example; none for no rows."""
        if len(rows):
            yield Finding(severity, table, self.info.market, kind, len(rows), _shown(rows[column].iloc[0]))


def all_checks(tables: MarketTables, has_times: bool, now: datetime) -> list[Finding]:
    """Every fault of one market; `now` is the time after which nothing can have happened."""
    checks = (
        schema_faults(tables),
        reference_faults(tables),
        duplicates(tables),
        impossible_times(tables, has_times, now),
        far_places(tables),
        odd_values(tables),
        thin_data(tables),
    )
    return [finding for check in checks for finding in check]


def schema_faults(tables: MarketTables) -> Iterator[Finding]:
    """All that the tables' schemas refuse, counted by column and check."""
    for table, frame in tables.frames():
        try:
            SCHEMAS[table].validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as errors:
            for (column, check), cases in errors.failure_cases.groupby(["column", "check"], dropna=False, sort=True):
                kind = f"{column}: {check}" if isinstance(column, str) else f"{check}"
                example = _shown(cases["failure_case"].iloc[0])
                yield Finding(Severity.ERROR, table, tables.info.market, f"schema: {kind}", len(cases), example)


def reference_faults(tables: MarketTables) -> Iterator[Finding]:
    """Events and campaigns about nobody."""
    events, error = tables.events, Severity.ERROR
    for column, known in ((col.USER_ID, tables.diners), (col.RESTAURANT_ID, tables.restaurants)):
        # Ids are few and events are many: most logs need no look at the single rows.
        strangers = pd.Index(events[column].unique()).difference(pd.Index(known[column]), sort=False)
        unknown = events[events[column].isin(strangers)] if len(strangers) else events.iloc[:0]
        yield from tables.finding(error, Table.EVENTS, f"{column} {NOT_IN_TABLE}", unknown, column)
    if tables.campaigns is not None:
        known_places = tables.campaigns[col.RESTAURANT_ID].isin(tables.restaurants[col.RESTAURANT_ID])
        unknown = tables.campaigns[~known_places]
        yield from tables.finding(
            error, Table.CAMPAIGNS, f"{col.RESTAURANT_ID} {NOT_IN_TABLE}", unknown, col.RESTAURANT_ID
        )
    cancelled = events[events[col.TYPE] == EventType.ORDER_CANCELLED]
    orders = events.loc[events[col.TYPE] == EventType.ORDER, col.ORDER_ID]
    unmatched = cancelled[~cancelled[col.ORDER_ID].isin(orders)]
    kind = "a cancelled order that was never made"
    yield from tables.finding(Severity.WARNING, Table.EVENTS, kind, unmatched, col.EVENT_ID)


def duplicates(tables: MarketTables) -> Iterator[Finding]:
    """The same key, event or place more than once; ids of restaurants and diners are the schema's business."""
    events = tables.events
    twice = events[events[col.EVENT_ID].duplicated()]
    yield from tables.finding(Severity.ERROR, Table.EVENTS, "event_id seen before", twice, col.EVENT_ID)
    timed = events[events[col.AT].notna()]
    same = timed[timed.duplicated([col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT])]
    yield from tables.finding(Severity.WARNING, Table.EVENTS, SAME_INSTANT, same, col.EVENT_ID)
    restaurants = tables.restaurants
    same = restaurants[restaurants.duplicated([col.NAME, col.LAT, col.LON])]
    yield from tables.finding(
        Severity.WARNING, Table.RESTAURANTS, "the same name at the same place", same, col.RESTAURANT_ID
    )


def impossible_times(tables: MarketTables, has_times: bool, now: datetime) -> Iterator[Finding]:
    """Missing, future and contradicting times."""
    events, warning = tables.events, Severity.WARNING
    if has_times:
        missing = events[events[col.AT].isna()]
        kind = "no time, although the manifest says that events have times"
        yield from tables.finding(Severity.ERROR, Table.EVENTS, kind, missing, col.EVENT_ID)
    future = events[events[col.AT] > now]
    yield from tables.finding(warning, Table.EVENTS, "in the future", future, col.AT)
    first = tables.restaurants.drop_duplicates(col.RESTAURANT_ID).set_index(col.RESTAURANT_ID)[col.OPENED_AT]
    opened = first.reindex(events[col.RESTAURANT_ID])
    early = events[(events[col.AT].array < opened.array)]
    yield from tables.finding(warning, Table.EVENTS, "before the restaurant opened", early, col.EVENT_ID)
    if tables.campaigns is not None:
        ended = tables.campaigns[tables.campaigns[col.ENDS_AT] <= tables.campaigns[col.STARTS_AT]]
        kind = "a campaign that ends before it starts"
        yield from tables.finding(Severity.ERROR, Table.CAMPAIGNS, kind, ended, col.CAMPAIGN_ID)


def far_places(tables: MarketTables) -> Iterator[Finding]:
    """Places and homes too far from the market's centre to be of this market."""
    for table, frame, lat, lon, key in (
        (Table.RESTAURANTS, tables.restaurants, col.LAT, col.LON, col.RESTAURANT_ID),
        (Table.DINERS, tables.diners, col.HOME_LAT, col.HOME_LON, col.USER_ID),
    ):
        km = _from_centre(tables.info, frame[lat], frame[lon])
        kind = f"further than {FAR_KM:g} km from the market's centre"
        yield from tables.finding(Severity.WARNING, table, kind, frame[km > FAR_KM], key)


def odd_values(tables: MarketTables) -> Iterator[Finding]:
    """Values that no rating and no bill can have, and places in a list without a propensity."""
    events = tables.events
    value, kind = events[col.VALUE], events[col.TYPE]
    ratings = events[(kind == EventType.RATING) & ~value.between(0.5, 5.0)]
    yield from tables.finding(
        Severity.ERROR, Table.EVENTS, "a rating without stars from 0.5 to 5", ratings, col.EVENT_ID
    )
    bills = events[(kind == EventType.ORDER) & ((value < 0) | np.isinf(value))]
    yield from tables.finding(Severity.ERROR, Table.EVENTS, "an order with an impossible value", bills, col.EVENT_ID)
    shown = events[(kind == EventType.IMPRESSION) & (events[col.POSITION].isna() | events[col.PROPENSITY].isna())]
    words = "an impression without position or propensity"
    yield from tables.finding(Severity.WARNING, Table.EVENTS, words, shown, col.EVENT_ID)


def thin_data(tables: MarketTables) -> Iterator[Finding]:
    """Too little to learn or measure anything."""
    market, warning = tables.info.market, Severity.WARNING
    if tables.restaurants.empty:
        yield Finding(Severity.ERROR, Table.RESTAURANTS, market, "the market has no restaurants", 0)
    elif len(tables.restaurants) < 20:
        yield Finding(
            warning, Table.RESTAURANTS, market, "fewer than 20: a list of 20 ranks all", len(tables.restaurants)
        )
    if len(tables.events) < 1_000:
        yield Finding(warning, Table.EVENTS, market, "fewer than 1,000: intervals will be wide", len(tables.events))
    active = tables.events[col.USER_ID].unique()
    silent = tables.diners[~tables.diners[col.USER_ID].isin(active)]
    if len(silent) > len(tables.diners) / 2:
        yield from tables.finding(warning, Table.DINERS, "most diners have no event", silent, col.USER_ID)


def _from_centre(info: MarketInfo, lat: pd.Series, lon: pd.Series) -> npt.NDArray[np.float64]:
    """(n,) km; NaN where there is no place, or where the market itself has none (films, say)."""
    if info.lat == info.lon == 0.0:
        return np.full(len(lat), np.nan)
    return distance_km(info.lat, info.lon, lat.to_numpy(np.float64), lon.to_numpy(np.float64))


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
