"""The lists of a log, with their propensities and what came of them, as arrays.

A log of a running system holds its lists as they were drawn, with what they were drawn from (the table `lists`). A log
without that table has impressions with position and propensity, every place of a list among them; what could have been
shown is then everything that was open within a distance from home.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType, Table
from data.dataset import SURELY_SHOWN_KM, Dataset
from data.geo import distance_km
from data.hours import MINUTES_PER_DAY, WeeklyHours
from models.base import ModelError

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]

_NO_ARRAYS: Final = ("drawn", "left_out")
_URNS_AT_ONCE: Final = 4_096
_UNKNOWN: Final = -2
"""The row of a restaurant that the dataset does not have, or of a place that the log says nothing of."""
MATURITY: Final = pd.Timedelta(hours=1)
"""How long after a list its order is waited for: younger lists of a log are left out."""


@dataclass(frozen=True, eq=False)
class Places:
    """A market's restaurants and homes, in the order of the dataset's tables: who could be shown to whom, and when."""

    diner_ids: pd.Index
    restaurant_ids: pd.Index
    homes: tuple[Doubles, Doubles]
    """(N,) latitudes and longitudes; NaN where a home is not known."""
    sites: tuple[Doubles, Doubles]
    """(n,)"""
    hours: WeeklyHours
    opened_at: Times
    """(n,) UTC; NaT: long ago."""
    time_zone: str
    reach_km: float | None
    """Each open restaurant so near to where a diner asked from could have been shown; None: the log does not say."""

    @classmethod
    def of(cls, dataset: Dataset, market: str, reach_km: float | None = None) -> Self:
        """Read the tables; without `reach_km` it is what the log says of itself, which only synthetic ones do."""
        reach = dataset.manifest.parameters.get(SURELY_SHOWN_KM) if reach_km is None else reach_km
        places, diners = dataset.restaurants(market), dataset.diners(market)
        return cls(
            pd.Index(diners[col.USER_ID]),
            pd.Index(places[col.RESTAURANT_ID]),
            (diners[col.HOME_LAT].to_numpy(np.float64), diners[col.HOME_LON].to_numpy(np.float64)),
            (places[col.LAT].to_numpy(np.float64), places[col.LON].to_numpy(np.float64)),
            WeeklyHours.pack(places[col.HOURS].tolist()),
            _utc(places[col.OPENED_AT]),
            dataset.market(market).time_zone,
            None if reach is None else float(reach),
        )

    def distances_km(self, lat: Doubles, lon: Doubles) -> Doubles:
        """(R, n) from these places (R,)."""
        return distance_km(lat[:, None], lon[:, None], *self.sites)

    def candidates(self, lat: Doubles, lon: Doubles, at: Times) -> Bools:
        """(R, n) who has opened, is open at these times (R,), UTC, and is near enough to these places (R,).

        Raises ModelError where it is not known how near that is.
        """
        if self.reach_km is None:
            raise ModelError(
                "the log does not say which restaurants could have been shown: name the distance within which each "
                "open one had a chance (reach_km)"
            )
        local = pd.DatetimeIndex(at).tz_localize("UTC").tz_convert(self.time_zone)
        minutes = local.day_of_week.to_numpy() * MINUTES_PER_DAY + local.hour.to_numpy() * 60 + local.minute.to_numpy()
        each, which = np.unique(minutes, return_inverse=True)
        is_open = np.stack([self.hours.open_at(int(minute)) for minute in each])[which]
        there = np.isnat(self.opened_at) | (self.opened_at <= at[:, None])
        return np.asarray(is_open & there & (self.distances_km(lat, lon) <= self.reach_km))


@dataclass(frozen=True, eq=False)
class LoggedLists:
    """R lists as they were shown, in the order of time, K places each."""

    diners: Rows
    """(R,) rows of the dataset's diners."""
    at: Times
    """(R,) UTC."""
    lat: Doubles
    """(R,) where the diner asked from; NaN where that is not known."""
    lon: Doubles
    restaurants: Rows
    """(R, K) rows of the dataset's restaurants; -1 in places that stayed empty."""
    propensities: Doubles
    """(R, K) P(this restaurant at this place | those above); 1 in places that stayed empty."""
    ordered: Doubles
    """(R, K) 1 where the diner ordered, in time."""
    urns: npt.NDArray[np.uint8] | None = None
    """(R, n / 8) what each list was drawn from, a bit for each restaurant; None: the log does not hold it."""
    drawn: int | None = None
    """So many of the K places were drawn; what follows was shown because its place was sold. None: all."""
    left_out: int = 0
    """Lists without whole propensities, or of restaurants or diners that the dataset does not have."""

    def __len__(self) -> int:
        return len(self.diners)

    def take(self, rows: Rows | Bools | slice) -> Self:
        """Some of the lists."""
        arrays: dict[str, Any] = {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NO_ARRAYS
        }
        some: dict[str, Any] = {name: None if array is None else array[rows] for name, array in arrays.items()}
        return replace(self, **some)

    def candidates(self, places: Places) -> Bools:
        """(R, n) what each list was drawn from, as far as the log tells; raises ModelError where it does not."""
        if self.urns is None:
            return places.candidates(self.lat, self.lon, self.at)
        return np.unpackbits(self.urns, axis=1, count=len(places.restaurant_ids)).astype(np.bool_)


def read_lists(
    dataset: Dataset,
    market: str,
    places: Places,
    since: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
    maturity: pd.Timedelta = MATURITY,
) -> LoggedLists:
    """The lists shown in [since, until) that are old enough for their orders to have come, as far as the log goes."""
    if until is None:
        until = _end(dataset, market) - maturity
    columns = (col.RESTAURANT_ID, col.REQUEST_ID, col.AT)
    orders = dataset.events(market, [EventType.ORDER], columns, since=since, until=until + maturity)
    orders = orders[orders[col.REQUEST_ID].notna()]
    read = _drawn if dataset.has(Table.LISTS) else _impressions
    requests, lists = read(dataset, market, places, since, until)
    whole = _whole(lists)
    ordered = _ordered(orders, requests, places, lists, maturity)
    return replace(lists, ordered=ordered, left_out=int(np.count_nonzero(~whole))).take(whole)


def _end(dataset: Dataset, market: str) -> pd.Timestamp:
    """The last moment that the log tells of."""
    latest = dataset.events(market, columns=[col.AT])[col.AT].max()
    return pd.Timestamp(0, tz="UTC") if pd.isna(latest) else latest


def _impressions(
    dataset: Dataset, market: str, places: Places, since: pd.Timestamp | None, until: pd.Timestamp
) -> tuple[pd.Index, LoggedLists]:
    """The lists of the impressions, and the ids of their requests; what is missing has row -2 or propensity NaN."""
    columns = (col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.POSITION, col.PROPENSITY)
    shown = dataset.events(market, [EventType.IMPRESSION], columns, since, until)
    shown = shown[shown[col.REQUEST_ID].notna() & shown[col.POSITION].notna()]
    number, texts = pd.factorize(shown[col.REQUEST_ID])
    position = shown[col.POSITION].to_numpy(np.int64) - 1
    requests = pd.Index(texts)
    shape = (len(requests), int(position.max(initial=0)) + 1)
    longest = np.zeros(len(requests), np.int64)
    np.maximum.at(longest, number, position + 1)
    inside = np.arange(shape[1]) < longest[:, None]
    restaurants = np.where(inside, _UNKNOWN, -1)
    propensities = np.ones(shape)
    first = np.zeros(len(requests), np.int64)
    first[number[::-1]] = np.arange(len(shown))[::-1]
    known = places.restaurant_ids.get_indexer(pd.Index(shown[col.RESTAURANT_ID]))
    restaurants[number, position] = np.where(known >= 0, known, _UNKNOWN)
    propensities[number, position] = shown[col.PROPENSITY].to_numpy(np.float64, na_value=np.nan)
    diners = places.diner_ids.get_indexer(pd.Index(shown[col.USER_ID]))[first].astype(np.int64)
    lat, lon = (home[diners] for home in places.homes)
    at = _utc(shown[col.AT])[first]
    return requests, LoggedLists(diners, at, lat, lon, restaurants, propensities, np.zeros(shape))


def _drawn(
    dataset: Dataset, market: str, places: Places, since: pd.Timestamp | None, until: pd.Timestamp
) -> tuple[pd.Index, LoggedLists]:
    """The same from the table of lists, with what they were drawn from; what was shown besides stands at the end."""
    table = dataset.lists(market, since, until)
    drawn, besides = (_padded(table[name], places) for name in (col.RESTAURANT_IDS, col.ALSO_SHOWN))
    restaurants = np.concatenate([drawn, besides], axis=1)
    propensities = np.ones(restaurants.shape)
    if len(table):
        propensities[:, : drawn.shape[1]][drawn != -1] = np.concatenate(table[col.PROPENSITIES].to_numpy())
    diners = places.diner_ids.get_indexer(pd.Index(table[col.USER_ID])).astype(np.int64)
    lat, lon = (
        np.where(table[name].isna(), home[diners], table[name].to_numpy(np.float64))
        for name, home in zip((col.LAT_FROM, col.LON_FROM), places.homes, strict=True)
    )
    lists = LoggedLists(
        diners,
        _utc(table[col.AT]),
        lat,
        lon,
        restaurants,
        propensities,
        np.zeros(restaurants.shape),
        _urns(table[col.CANDIDATES], places),
        drawn.shape[1],
    )
    return pd.Index(table[col.REQUEST_ID]), lists


def _padded(cells: pd.Series, places: Places) -> Rows:
    """(R, longest) rows of the restaurants in each cell, -1 after them."""
    lengths = cells.map(len).to_numpy(np.int64)
    rows = np.full((len(cells), int(lengths.max(initial=0))), -1, np.int64)
    if rows.size:
        known = places.restaurant_ids.get_indexer(_joined(cells))
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = np.where(known >= 0, known, _UNKNOWN)
    return rows


def _urns(cells: pd.Series, places: Places) -> npt.NDArray[np.uint8]:
    """(R, n / 8) a bit for each restaurant in each cell; a part at a time, for unpacked they take eight times that."""
    parts = [np.empty((0, -(-len(places.restaurant_ids) // 8)), np.uint8)]
    for first in range(0, len(cells), _URNS_AT_ONCE):
        rows = _padded(cells.iloc[first : first + _URNS_AT_ONCE], places)
        urns = np.zeros((len(rows), len(places.restaurant_ids)), np.bool_)
        which, where = np.nonzero(rows >= 0)
        urns[which, rows[which, where]] = True
        parts.append(np.packbits(urns, axis=1))
    return np.concatenate(parts)


def _whole(lists: LoggedLists) -> Bools:
    """(R,) lists whose diner and restaurants are known, with all their propensities."""
    chances = np.isfinite(lists.propensities) & (lists.propensities > 0.0)
    return np.asarray((lists.diners >= 0) & (lists.restaurants != _UNKNOWN).all(axis=1) & chances.all(axis=1))


def _ordered(
    orders: pd.DataFrame, requests: pd.Index, places: Places, lists: LoggedLists, maturity: pd.Timedelta
) -> Doubles:
    """(R, K) whether an order came of each place within `maturity`."""
    request = requests.get_indexer(pd.Index(orders[col.REQUEST_ID]))
    what = places.restaurant_ids.get_indexer(pd.Index(orders[col.RESTAURANT_ID]))
    known = (request >= 0) & (what >= 0)
    request, what, when = request[known], what[known], _utc(orders[col.AT])[known]
    in_time = when - lists.at[request] <= maturity.to_timedelta64()
    request, what = request[in_time], what[in_time]
    ordered = np.zeros(lists.restaurants.shape)
    which, place = np.nonzero(lists.restaurants[request] == what[:, None])
    ordered[request[which], place] = 1.0
    return ordered


def _joined(cells: pd.Series) -> pd.Index:
    """All texts of all cells."""
    texts: pd.Index = pd.Index(np.concatenate(cells.to_numpy()))
    return texts


def _utc(times: pd.Series) -> Times:
    return np.asarray(times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"))
