"""What changes by the minute in a market: who is open, and how long a delivery takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from data.hours import minute_of_week
from services.serving.snapshot import MarketSnapshot

PREPARATION_MINUTES: Final = 20.0
MINUTES_PER_WAITING_ORDER: Final = 1.5
LOAD_WINDOW_MINUTES: Final = 30


@dataclass(frozen=True, eq=False)
class LiveMarket:
    """In the catalogue's order, for the catalogue version named."""

    catalogue_version: int
    as_of: datetime
    open_now: npt.NDArray[np.bool_]
    """(n,)"""
    eta_minutes: npt.NDArray[np.float32]
    """(n,) minutes until an order would be ready; the way is not in it."""


def live_market(snapshot: MarketSnapshot, at: datetime, recent_orders: Mapping[str, int]) -> LiveMarket:
    """From opening hours and the orders of the last half hour (by restaurant)."""
    catalogue = snapshot.catalogue
    waiting = np.zeros(catalogue.size, np.float32)
    for restaurant_id, orders in recent_orders.items():
        row = catalogue.row_of.get(restaurant_id)
        if row is not None:
            waiting[row] = orders
    return LiveMarket(
        catalogue_version=snapshot.catalogue_version,
        as_of=at,
        open_now=catalogue.hours.open_at(minute_of_week(at, snapshot.info.time_zone)),
        eta_minutes=np.float32(PREPARATION_MINUTES) + np.float32(MINUTES_PER_WAITING_ORDER) * waiting,
    )
