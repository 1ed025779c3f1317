"""Is what is served and what comes of it still what it was? The last days against the time before them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from data import columns as col
from data.columns import EventType
from data.dataset import MarketInfo
from data.drift import Column, DriftReport, Kind, Part, compare
from data.periods import log_columns
from services.clock import Clock
from services.monitoring.live_sample import LiveSample, catalogue_frames, markets_of, read_sample

MAX_LISTS: Final = 2_000
REFERENCE_PERIODS: Final = 2
"""So many times as long as the current period is the one before it that it is compared with."""


def live_drift(engine: Engine, clock: Clock, days: int, max_lists: int = MAX_LISTS) -> Mapping[str, DriftReport]:
    """By market: the last `days` against twice as many before them. Raises StorageUnavailable.

    Markets without lists in both periods are left out.
    """
    now = clock.now()
    middle, start = now - timedelta(days=days), now - timedelta(days=days * (1 + REFERENCE_PERIODS))
    found = {}
    for info in markets_of(engine):
        before = _columns(engine, info, start, middle, max_lists)
        after = _columns(engine, info, middle, now, max_lists) if before else []
        if before and after:
            found[info.market] = compare(before, after)
    return found


def _columns(engine: Engine, info: MarketInfo, since: datetime, until: datetime, max_lists: int) -> list[Column]:
    """Empty where nothing was served."""
    sampled = read_sample(engine, info.market, since, until, max_lists)
    if sampled.shown.empty:
        return []
    places, people = catalogue_frames(engine, info, sampled.shown[col.USER_ID].unique().tolist())
    log = _log(sampled)
    return [*log_columns(log, places, people, info.time_zone, max_lists), _scores(sampled, info.time_zone)]


def _log(sampled: LiveSample) -> pd.DataFrame:
    """As an event log in which what was served counts as shown."""
    shown = sampled.shown[[col.REQUEST_ID, col.USER_ID, col.RESTAURANT_ID, col.AT]].copy()
    shown[col.TYPE] = str(EventType.IMPRESSION)
    shown[col.VALUE] = np.nan
    done = sampled.events[sampled.events[col.TYPE] != EventType.IMPRESSION].copy()
    if done.empty:
        return shown
    done[col.AT] = pd.to_datetime(done[col.AT], utc=True)
    return pd.concat([shown, done[shown.columns]])


def _scores(sampled: LiveSample, time_zone: str) -> Column:
    shown = sampled.shown
    days = shown[col.AT].dt.tz_convert(time_zone).dt.date.to_numpy(dtype=object)
    units = (shown[col.USER_ID].to_numpy(dtype=object), days)
    return Column("probability", Part.SCORE, Kind.NUMBER, shown["probability"].to_numpy(np.float64), units)
