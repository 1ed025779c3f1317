"""Small tables for the tests of the stores."""

from datetime import timedelta
from typing import Any

import pandas as pd
from happenings import NOON

from data import columns as col
from data.dataset import MarketInfo

ALDERMOOR = MarketInfo(
    market="aldermoor", title="Aldermoor", time_zone="Europe/London", currency="GBP", lat=51.0, lon=-1.0
)
BRAMBLE = MarketInfo(market="bramble", title="Bramble")


def restaurants(*names: str, of: str = ALDERMOOR.market, **changes: Any) -> pd.DataFrame:
    """A table with one restaurant a name."""
    count = len(names)
    table: dict[str, Any] = {
        col.RESTAURANT_ID: pd.array([f"r{number}" for number in range(1, count + 1)], "str"),
        col.MARKET: pd.array([of] * count, "str"),
        col.NAME: pd.array(names, "str"),
        col.LAT: [51.0 + 0.01 * number for number in range(count)],
        col.LON: [-1.0] * count,
        col.CUISINES: pd.Series([["thai"] for _ in names], dtype=object),
        col.PRICE_LEVEL: pd.array([2] * count, "Int8"),
        col.CHAIN: pd.array([None] * count, "str"),
        col.DISTRICT: pd.array(["north"] * count, "str"),
        col.OPENED_AT: pd.Series([NOON - timedelta(days=900)] * count, dtype="datetime64[us, UTC]"),
        col.HOURS: pd.Series([[600, 1_320] for _ in names], dtype=object),
        col.DELIVERY: [True] * count,
        col.TAGS: pd.Series([["terrace=yes"] for _ in names], dtype=object),
    }
    return pd.DataFrame({**table, **changes})


def diners(*ids: str, of: str = ALDERMOOR.market, **changes: Any) -> pd.DataFrame:
    """A table with one diner an id."""
    table: dict[str, Any] = {
        col.USER_ID: pd.array(ids, "str"),
        col.MARKET: pd.array([of] * len(ids), "str"),
        col.HOME_LAT: [51.0] * len(ids),
        col.HOME_LON: [-1.0] * len(ids),
        col.PROFILE: pd.Series([["diet=vegan"] for _ in ids], dtype=object),
        col.PROTECTED: pd.Series([["age=60+"] for _ in ids], dtype=object),
    }
    return pd.DataFrame({**table, **changes})
