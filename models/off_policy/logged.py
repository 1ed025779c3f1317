"""The lists of a log, with their propensities and what came of them, as arrays."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType
from data.dataset import SURELY_SHOWN_KM, Dataset
from data.geo import distance_km
from data.hours import MINUTES_PER_DAY, WeeklyHours
from models.base import ModelError

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

MATURITY: Final = pd.Timedelta(hours=1)
"""How long after a list its order is waited for: younger lists of a log are left out."""


@dataclass(frozen=True, eq=False)
class Places:
    """One market's restaurants and homes, in the order of the dataset's tables: who could be shown to whom, and when."""

    diner_ids: pd.Index
    restaurant_ids: pd.Index
    homes: tuple[Doubles, Doubles]
    """(N,) latitudes and longitudes; NaN where a home is not known."""
    sites: tuple[Doubles, Doubles]
    """(n,)"""
    hours: WeeklyHours
    opened_at: npt.NDArray[np.datetime64]
    """(n,) UTC; NaT: long ago."""
    time_zone: str
    reach_km: float
    """Restaurants farther from home are no candidates."""

    @classmethod
    def of(cls, dataset: Dataset, market: str, reach_km: float | None = None) -> Self:
        """Read the tables; raise ModelError where neither the caller nor the log says how far restaurants are shown."""
        reach = dataset.manifest.parameters.get(SURELY_SHOWN_KM) if reach_km is None else reach_km
        if reach is None:
            raise ModelError(
                f"{dataset.path} does not say which restaurants could have been shown: name the distance from home "
                "within which each open one had a chance (reach_km)"
            )
        places, diners = dataset.restaurants(market), dataset.diners(market)
        return cls(
            pd.Index(diners[col.USER_ID]),
            pd.Index(places[col.RESTAURANT_ID]),
            (diners[col.HOME_LAT].to_numpy(np.float64), diners[col.HOME_LON].to_numpy(np.float64)),
            (places[col.LAT].to_numpy(np.float64), places[col.LON].to_numpy(np.float64)),
            WeeklyHours.pack(places[col.HOURS].tolist()),
            _utc(places[col.OPENED_AT]),
            dataset.market(market).time_zone,
            float(reach),
        )

    def distances_km(self, diners: Rows) -> Doubles:
        """(R, n) from the homes of these diners."""
        return distance_km(self.homes[0][diners, None], self.homes[1][diners, None], *self.sites)

    def candidates(self, diners: Rows, at: npt.NDArray[np.datetime64]) -> Bools:
        """(R, n) who has opened, is open at these times (R,), UTC, and is near enough to the diner's home."""
        local = pd.DatetimeIndex(at).tz_localize("UTC").tz_convert(self.time_zone)
        minutes = local.day_of_week.to_numpy() * MINUTES_PER_DAY + local.hour.to_numpy() * 60 + local.minute.to_numpy()
        each, which = np.unique(minutes, return_inverse=True)
        is_open = np.stack([self.hours.open_at(int(minute)) for minute in each])[which]
        there = np.isnat(self.opened_at) | (self.opened_at <= at[:, None])
        return np.asarray(is_open & there & (self.distances_km(diners) <= self.reach_km))


@dataclass(frozen=True, eq=False)
class LoggedLists:
    """R lists as they were shown, in the order of time, K places each."""

    diners: Rows
    """(R,) rows of the dataset's diners."""
    at: npt.NDArray[np.datetime64]
    """(R,) UTC."""
    restaurants: Rows
    """(R, K) rows of the dataset's restaurants; -1 in places that stayed empty."""
    propensities: Doubles
    """(R, K) P(this restaurant at this place | those above); 1 in places that stayed empty."""
    ordered: Doubles
    """(R, K) 1 where the diner ordered, in time."""
    left_out: int = 0
    """Lists without whole propensities, or of restaurants or diners that the dataset does not have."""

    def __len__(self) -> int:
        return len(self.diners)

    def take(self, rows: Rows | Bools | slice) -> Self:
        """Some of the lists."""
        parts = (self.diners, self.at, self.restaurants, self.propensities, self.ordered)
        return replace(self, **dict(zip(_ARRAYS, (part[rows] for part in parts), strict=True)))


_ARRAYS: Final = ("diners", "at", "restaurants", "propensities", "ordered")


def read_lists(
    dataset: Dataset,
    market: str,
    places: Places,
    since: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
    maturity: pd.Timedelta = MATURITY,
) -> LoggedLists:
    """The lists shown in [since, until) that are old enough for their orders to have come, as far as the log goes."""
    columns = (col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.POSITION, col.PROPENSITY)
    types = (EventType.IMPRESSION, EventType.ORDER)
    log = dataset.events(market, types, columns, since=since, until=None if until is None else until + maturity)
    log = log[log[col.REQUEST_ID].notna()]
    impressions = log[(log[col.TYPE] == EventType.IMPRESSION) & log[col.POSITION].notna()]
    impressions = impressions[impressions[col.AT] < (log[col.AT].max() - maturity if until is None else until)]
    if impressions.empty:
        return _nothing()
    number, requests = impressions[col.REQUEST_ID].factorize()
    position = impressions[col.POSITION].to_numpy(np.int64) - 1
    shape = (len(requests), int(position.max()) + 1)
    shown = places.restaurant_ids.get_indexer(pd.Index(impressions[col.RESTAURANT_ID]))
    user = places.diner_ids.get_indexer(pd.Index(impressions[col.USER_ID]))
    restaurants = np.full(shape, -1, np.int64)
    propensities = np.ones(shape)
    diners = np.full(len(requests), -1, np.int64)
    at = np.full(len(requests), np.datetime64("NaT", "us"))
    restaurants[number, position] = shown
    propensities[number, position] = impressions[col.PROPENSITY].to_numpy(np.float64, na_value=np.nan)
    diners[number] = user
    at[number] = _utc(impressions[col.AT])
    counts = np.bincount(number, minlength=len(requests))
    whole = (restaurants >= 0).sum(axis=1) == counts  # all known, one a place
    whole &= (np.arange(shape[1]) < counts[:, None]).astype(bool).sum(axis=1) == (restaurants >= 0).cumprod(1).sum(1)
    whole &= (diners >= 0) & (np.isfinite(propensities) & (propensities > 0.0)).all(axis=1)
    ordered = _ordered(log, requests, places, restaurants, at, maturity)
    lists = LoggedLists(diners, at, restaurants, propensities, ordered, int((~whole).sum()))
    return lists.take(whole)


def _ordered(
    log: pd.DataFrame,
    requests: pd.Index,
    places: Places,
    restaurants: Rows,
    at: npt.NDArray[np.datetime64],
    maturity: pd.Timedelta,
) -> Doubles:
    """(R, K) whether an order came of each place within `maturity`."""
    orders = log[log[col.TYPE] == EventType.ORDER]
    request = requests.get_indexer(pd.Index(orders[col.REQUEST_ID]))
    what = places.restaurant_ids.get_indexer(pd.Index(orders[col.RESTAURANT_ID]))
    known = (request >= 0) & (what >= 0)
    request, what, when = request[known], what[known], _utc(orders[col.AT])[known]
    in_time = when - at[request] <= maturity.to_timedelta64()
    request, what = request[in_time], what[in_time]
    ordered = np.zeros(restaurants.shape)
    which, place = np.nonzero(restaurants[request] == what[:, None])
    ordered[request[which], place] = 1.0
    return ordered


def _nothing() -> LoggedLists:
    none = np.empty((0, 1))
    empty = np.empty(0, np.int64)
    return LoggedLists(empty, empty.astype("datetime64[us]"), none.astype(np.int64), none, none)


def _utc(times: pd.Series) -> npt.NDArray[np.datetime64]:
    return np.asarray(times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"))
