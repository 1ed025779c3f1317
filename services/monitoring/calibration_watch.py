"""Do the scores keep their promise? Orders that came of the places that diners viewed, against those promised."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from data import columns as col
from data.columns import EventType
from services.clock import Clock
from services.monitoring.live_sample import LiveSample, markets_of, read_sample

WINDOW: Final = timedelta(days=1)
SETTLED_AFTER: Final = timedelta(minutes=10)
"""Younger lists may still lead to an order."""
MAX_LISTS: Final = 2_000
_KEY: Final = [col.REQUEST_ID, col.RESTAURANT_ID]


@dataclass(frozen=True)
class LiveCalibration:
    """One model version in one market, over the sampled lists of the window."""

    market: str
    model_version: str
    viewed: int
    """Places of which the client said that they were seen."""
    predicted: float
    observed: int
    z: float
    """(observed - predicted) / standard error; the error takes the places of one diner together. NaN where it is 0."""


def live_calibration(engine: Engine, clock: Clock, max_lists: int = MAX_LISTS) -> list[LiveCalibration]:
    """All markets, over lists that are ten minutes to a day old. Raises StorageUnavailable.

    A client that sends no impressions does not say what was viewed: its lists are not in it.
    """
    until = clock.now() - SETTLED_AFTER
    return [
        one
        for info in markets_of(engine)
        for one in calibration_of(info.market, read_sample(engine, info.market, until - WINDOW, until, max_lists))
    ]


def calibration_of(market: str, sampled: LiveSample) -> Iterator[LiveCalibration]:
    """Of each model version with viewed places."""
    happened = sampled.events
    index = pd.MultiIndex.from_frame(sampled.shown[_KEY])

    def did(kind: EventType) -> pd.Series:
        keys = pd.MultiIndex.from_frame(happened.loc[happened[col.TYPE] == kind, _KEY])
        return pd.Series(index.isin(keys), sampled.shown.index)

    ordered = did(EventType.ORDER)
    # Who ordered or clicked has seen it, whatever the client said.
    seen = sampled.shown[did(EventType.IMPRESSION) | did(EventType.CLICK) | ordered]
    frame = seen.assign(ordered=ordered[seen.index].astype(np.float64))
    for version, rows in frame.groupby("model_version", sort=True):
        misses = (rows["ordered"] - rows["probability"]).groupby(rows[col.USER_ID]).sum().to_numpy(np.float64)
        error = float(np.sqrt(np.square(misses).sum()))
        yield LiveCalibration(
            market=market,
            model_version=str(version),
            viewed=len(rows),
            predicted=float(rows["probability"].sum()),
            observed=int(rows["ordered"].sum()),
            z=float(misses.sum()) / error if error else float("nan"),
        )
