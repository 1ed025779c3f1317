"""Schemas of the tables (pandera). Importing this costs about two seconds: batch code only, never the serving path."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from data import columns as col
from data.columns import MINUTES_PER_WEEK, Billing, EventType, Table

_ID = r"[^\s\x00-\x1f]{1,128}"


def _is_text_list(cells: pd.Series) -> pd.Series:
    return cells.map(lambda cell: isinstance(cell, list | np.ndarray) and all(isinstance(item, str) for item in cell))


def _is_tag_list(cells: pd.Series) -> pd.Series:
    return _is_text_list(cells) & cells.map(lambda cell: all("=" in tag for tag in cell))


def _is_hours(cells: pd.Series) -> pd.Series:
    """An even number of minutes, each interval inside the week and not empty."""

    def good(cell: object) -> bool:
        if cell is None:
            return True
        pairs = np.asarray(cell, dtype=np.int64)
        if pairs.size % 2:
            return False
        opens, closes = pairs[::2], pairs[1::2]
        return bool(np.all((opens >= 0) & (opens < closes) & (closes <= MINUTES_PER_WEEK)))

    return cells.map(good)


def _are_chances(cells: pd.Series) -> pd.Series:
    return cells.map(lambda cell: bool(np.all((np.asarray(cell, float) > 0.0) & (np.asarray(cell, float) <= 1.0))))


def _id(unique: bool = False) -> pa.Column:
    return pa.Column(str, pa.Check.str_matches(rf"^{_ID}$"), unique=unique)


def _utc_or_null() -> pa.Column:
    return pa.Column("datetime64[us, UTC]", nullable=True)


def _text_list() -> pa.Column:
    return pa.Column(object, pa.Check(_is_text_list, error="a list of texts"))


def _tag_list() -> pa.Column:
    return pa.Column(object, pa.Check(_is_tag_list, error='a list of "name=value" texts'))


_LATITUDE = pa.Check.in_range(-90.0, 90.0)
_LONGITUDE = pa.Check.in_range(-180.0, 180.0)

RESTAURANTS = pa.DataFrameSchema(
    {
        col.RESTAURANT_ID: _id(),
        col.MARKET: _id(),
        col.NAME: pa.Column(str, pa.Check.str_length(1, 200)),
        col.LAT: pa.Column(float, _LATITUDE),
        col.LON: pa.Column(float, _LONGITUDE),
        col.CUISINES: _text_list(),
        col.PRICE_LEVEL: pa.Column("Int8", pa.Check.in_range(1, 4), nullable=True),
        col.CHAIN: pa.Column(str, nullable=True),
        col.DISTRICT: pa.Column(str),
        col.OPENED_AT: _utc_or_null(),
        col.HOURS: pa.Column(object, pa.Check(_is_hours, error="minutes of the week in pairs"), nullable=True),
        col.DELIVERY: pa.Column(bool),
        col.TAGS: _tag_list(),
    },
    strict=True,
    unique=[col.MARKET, col.RESTAURANT_ID],
)

DINERS = pa.DataFrameSchema(
    {
        col.USER_ID: _id(),
        col.MARKET: _id(),
        col.HOME_LAT: pa.Column(float, _LATITUDE, nullable=True),
        col.HOME_LON: pa.Column(float, _LONGITUDE, nullable=True),
        col.PROFILE: _tag_list(),
        col.PROTECTED: _tag_list(),
    },
    strict=True,
    unique=[col.MARKET, col.USER_ID],
)

EVENTS = pa.DataFrameSchema(
    {
        col.EVENT_ID: pa.Column(str),
        col.TYPE: pa.Column(str, pa.Check.isin([str(kind) for kind in EventType])),
        col.MARKET: pa.Column(str),
        col.USER_ID: pa.Column(str),
        col.RESTAURANT_ID: pa.Column(str),
        col.REQUEST_ID: pa.Column(str, nullable=True),
        col.ORDER_ID: pa.Column(str, nullable=True),
        col.AT: _utc_or_null(),
        col.POSITION: pa.Column("Int16", pa.Check.ge(1), nullable=True),
        col.PROPENSITY: pa.Column("float32", pa.Check.in_range(0.0, 1.0), nullable=True),
        col.VALUE: pa.Column("float32", nullable=True),
    },
    strict=True,
)

CAMPAIGNS = pa.DataFrameSchema(
    {
        col.CAMPAIGN_ID: _id(unique=True),
        col.MARKET: _id(),
        col.RESTAURANT_ID: _id(),
        col.PAYER: pa.Column(str, pa.Check.str_length(1, 200)),
        col.BID: pa.Column("int64", pa.Check.gt(0)),
        col.BILLING: pa.Column(str, pa.Check.isin([str(kind) for kind in Billing])),
        col.DAILY_BUDGET: pa.Column("int64", pa.Check.ge(0)),
        col.TOTAL_BUDGET: pa.Column("int64", pa.Check.ge(0)),
        col.STARTS_AT: _utc_or_null(),
        col.ENDS_AT: _utc_or_null(),
    },
    strict=True,
)

LISTS = pa.DataFrameSchema(
    {
        col.REQUEST_ID: _id(),
        col.MARKET: _id(),
        col.USER_ID: _id(),
        col.AT: pa.Column("datetime64[us, UTC]"),
        col.RESTAURANT_IDS: _text_list(),
        col.PROPENSITIES: pa.Column(object, pa.Check(_are_chances, error="chances above 0, up to 1")),
        col.ALSO_SHOWN: _text_list(),
        col.CANDIDATES: _text_list(),
        col.LAT_FROM: pa.Column(float, _LATITUDE, nullable=True),
        col.LON_FROM: pa.Column(float, _LONGITUDE, nullable=True),
    },
    strict=True,
    unique=[col.MARKET, col.REQUEST_ID],
)

SCHEMAS: dict[Table, pa.DataFrameSchema] = {
    Table.RESTAURANTS: RESTAURANTS,
    Table.DINERS: DINERS,
    Table.EVENTS: EVENTS,
    Table.CAMPAIGNS: CAMPAIGNS,
    Table.LISTS: LISTS,
}
