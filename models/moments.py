"""From a dataset's log to the moments in it: who did what, and what was shown to whom, as arrays."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from data.hours import MINUTES_PER_DAY, WeeklyHours
from models.base import Rehearsal
from models.journal import Actions, Asked, Journal, Places, Rows, ShownLists
from models.training_data import build

_COLUMNS: Final = (col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.POSITION)
_TYPES: Final = (EventType.IMPRESSION, EventType.CLICK, EventType.ORDER)
_REHEARSED: Final = 0.3
"""Share of the training period, its end, on which models that use others are tried."""
_LONGEST_LIST: Final = 100
_EPOCH: Final = pd.Timestamp(0, tz="UTC")


def seconds(at: pd.Series) -> Rows:
    """Whole seconds since 1970 of UTC times."""
    return np.asarray((at - _EPOCH) // pd.Timedelta(seconds=1), np.int64)


def local_minutes(at: pd.Series, time_zone: str) -> Rows:
    """Local minutes of the week, 0 = Monday 00:00, of UTC times."""
    local = at.dt.tz_convert(time_zone).dt
    return np.asarray(local.day_of_week * MINUTES_PER_DAY + local.hour * 60 + local.minute, np.int64)


def read_journal(dataset: Dataset, market: str, since: pd.Timestamp | None = None) -> Journal | None:
    """One market's log, whole or from a time on; None where it has no times, or nothing was shown in it."""
    if not dataset.manifest.has_times:
        return None
    log = dataset.events(market, _TYPES, _COLUMNS, since=since)
    diners, restaurants = dataset.diners(market), dataset.restaurants(market)
    users = pd.Index(diners[col.USER_ID]).get_indexer(pd.Index(log[col.USER_ID]))
    rows = pd.Index(restaurants[col.RESTAURANT_ID]).get_indexer(pd.Index(log[col.RESTAURANT_ID]))
    known = (users >= 0) & (rows >= 0)
    log, users, rows = log[known], users[known].astype(np.int64), rows[known].astype(np.int64)
    shown = (log[col.TYPE] == EventType.IMPRESSION).to_numpy()
    positions = log[col.POSITION].to_numpy(np.float64, na_value=np.nan)
    listed = shown & log[col.REQUEST_ID].notna().to_numpy() & (positions >= 1) & (positions <= _LONGEST_LIST)
    if not listed.any():
        return None
    time_zone = dataset.market(market).time_zone
    at, minutes = seconds(log[col.AT]), local_minutes(log[col.AT], time_zone)
    places, cuisines = _places(restaurants)
    acted = ~shown
    ordered = (log[col.TYPE] == EventType.ORDER).to_numpy()
    lists = _lists(log, users, rows, at, minutes, listed, ordered, diners)
    return Journal(
        places=places,
        cuisines=cuisines,
        hours=WeeklyHours.pack(restaurants[col.HOURS].tolist()),
        actions=Actions(users[acted], rows[acted], at[acted], ordered[acted]),
        minutes=minutes[acted],
        shown=lists,
    )


def rehearsal(
    dataset: Dataset,
    market: str,
    positives: pd.DataFrame,
    journal: Journal | None,
    leave_out: Sequence[str] = (),
) -> Rehearsal | None:
    """The training period, of which these are the positives, cut in two; None where it is too short or has no lists.

    leave_out: as `build` takes it.
    """
    if journal is None or positives.empty:
        return None
    at = positives[col.AT]
    end = at.max().floor("D") + pd.Timedelta(days=1)
    days = max(1, round(_REHEARSED * ((end - at.min()) / pd.Timedelta(days=1))))
    cut = end - pd.Timedelta(days=days)
    earlier, later = positives[at < cut], positives[at >= cut]
    if earlier.empty or later.empty:
        return None
    # Up to the last event, not to the end of its day: what comes after it has not been learnt.
    repeats, until = dataset.manifest.repeats, int(at.max().timestamp()) + 1
    return Rehearsal(
        earlier=build(dataset, market, earlier, repeats, leave_out=leave_out),
        later=build(dataset, market, later, repeats).interactions,
        cut=int(cut.timestamp()),
        until=until,
        journal=journal.before(until),
    )


def _places(restaurants: pd.DataFrame) -> tuple[Places, tuple[str, ...]]:
    first = [names[0] if len(names) else "" for names in restaurants[col.CUISINES]]
    cuisines = tuple(sorted({name for name in first if name}))
    number = {name: index for index, name in enumerate(cuisines)}
    opened = restaurants[col.OPENED_AT]
    places = Places(
        lat=restaurants[col.LAT].to_numpy(np.float64),
        lon=restaurants[col.LON].to_numpy(np.float64),
        price_levels=restaurants[col.PRICE_LEVEL].fillna(0).to_numpy(np.float64),
        cuisines=np.asarray([number.get(name, -1) for name in first], np.int64),
        opened_at=np.asarray((opened - _EPOCH) / pd.Timedelta(seconds=1), np.float64),
    )
    return places, cuisines


def _lists(
    log: pd.DataFrame,
    users: Rows,
    rows: Rows,
    at: Rows,
    minutes: Rows,
    listed: npt.NDArray[np.bool_],
    ordered: npt.NDArray[np.bool_],
    diners: pd.DataFrame,
) -> ShownLists:
    """The impressions put together by request; clicks and orders find theirs by request and restaurant."""
    requests = pd.factorize(log[col.REQUEST_ID])[0].astype(np.int64)
    of_list = requests[listed]
    numbers, first, own = np.unique(of_list, return_index=True, return_inverse=True)
    positions = log[col.POSITION].to_numpy(np.float64, na_value=np.nan)[listed].astype(np.int64)
    length, n = int(positions.max()), int(rows.max()) + 1
    shape = (len(numbers), length)
    shown = np.full(shape, -1, np.int64)
    shown[own, positions - 1] = rows[listed]
    keys = np.where(shown >= 0, numbers[:, None] * n + shown, -1)
    told = ~listed & (requests >= 0)
    acts = requests * n + rows
    grades = np.isin(keys, acts[told]).astype(np.int8)
    grades[np.isin(keys, acts[told & ordered])] = 2
    who = users[listed][first]
    asked = Asked(
        diners=who,
        at=at[listed][first],
        minutes=minutes[listed][first],
        lat=diners[col.HOME_LAT].to_numpy(np.float64)[who],
        lon=diners[col.HOME_LON].to_numpy(np.float64)[who],
    )
    return ShownLists(asked, shown, np.tile(np.arange(1, length + 1), (len(numbers), 1)), grades)
