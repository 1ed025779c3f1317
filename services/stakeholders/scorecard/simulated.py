"""The same window of a dataset: the log of a synthetic city, an import, or a snapshot of a running system."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset, MarketInfo
from services.stakeholders.scorecard.card import Scorecard, lines_of, numbers_of
from services.stakeholders.scorecard.reading import SAMPLED_LISTS
from services.stakeholders.scorecard.window import (
    EXACT,
    FEES,
    LIST,
    LISTS,
    ORDERED,
    ORDERS,
    ORGANIC_RANK,
    PROBABILITY,
    RETURNS_WITHIN,
    SOLD,
    SOLD_WORTH,
    VIEWED,
    Doubles,
    Window,
)
from services.stakeholders.seats import SEATS, Seat, measures

_OF_RESTAURANTS: Final = (
    col.RESTAURANT_ID,
    col.CHAIN,
    col.DISTRICT,
    col.OPENED_AT,
    col.PRICE_LEVEL,
    col.CUISINES,
)
_COLUMNS: Final = (
    col.EVENT_ID,
    col.TYPE,
    col.USER_ID,
    col.RESTAURANT_ID,
    col.REQUEST_ID,
    col.ORDER_ID,
    col.AT,
    col.POSITION,
)


def card_of(dataset: Dataset, market: MarketInfo, days: int, seats: Sequence[Seat] = SEATS) -> Scorecard:
    """The last `days` days of a market's log up to its last whole hour begun, beside as many before.

    Positions are looked at as the logarithm discounts, for no model is asked; the registry's limits are the targets.
    Raises ValueError for a log without events.
    """
    last = dataset.events(market.market, columns=[col.AT])[col.AT].max()
    if pd.isna(last):
        raise ValueError(f"market {market.market} has no events")
    until = last.to_pydatetime().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    since = until - timedelta(days=days)
    now, before = (
        numbers_of(seats, window_of(dataset, market.market, begin, begin + timedelta(days=days), SAMPLED_LISTS))
        for begin in (since, since - timedelta(days=days))
    )
    cards = tuple(lines_of(seat, now, before, measures(seats)) for seat in seats)
    return Scorecard(market.market, market.currency, days, since, until, cards, None)


def window_of(
    dataset: Dataset,
    market: str,
    since: datetime,
    until: datetime,
    sampled_lists: int,
    examination: Doubles | None = None,
) -> Window:
    """A market over [since, until). Lists are the requests of impressions with a position, taken as whole.

    A dataset says nothing of fees, releases and what answers cost, nor what was viewed of what was shown.
    """
    log = dataset.events(
        market, columns=_COLUMNS, since=pd.Timestamp(since - RETURNS_WITHIN), until=pd.Timestamp(until)
    )
    kind, at = log[col.TYPE], log[col.AT]
    shown = log[(kind == EventType.IMPRESSION) & log[col.REQUEST_ID].notna() & log[col.POSITION].notna()]
    lists = shown.sort_values([col.AT, col.REQUEST_ID], kind="stable").drop_duplicates(col.REQUEST_ID)
    inside = lists[lists[col.AT] >= since]
    cancelled = dataset.events(market, [EventType.ORDER_CANCELLED], [col.ORDER_ID])[col.ORDER_ID].dropna()
    orders = log[(kind == EventType.ORDER) & ~log[col.ORDER_ID].isin(cancelled)]
    standing = orders[(at[orders.index] >= since) & orders[col.REQUEST_ID].isin(lists[col.REQUEST_ID])]
    by_diner = pd.DataFrame(
        {LISTS: inside[col.USER_ID].value_counts(), ORDERS: standing[col.USER_ID].value_counts()}, dtype=np.float64
    )
    step = max(1, -(-len(inside) // sampled_lists))
    chosen = inside.iloc[step - 1 :: step]
    return Window(
        market=market,
        since=since,
        until=until,
        began=_began(dataset, market),
        diners=by_diner.fillna(0.0).sort_index().assign(**{FEES: 0.0, SOLD_WORTH: 0.0}),
        known_diners=len(dataset.diners(market)),
        places=_places(shown, chosen, log[kind == EventType.ORDER]),
        restaurants=dataset.restaurants(market)[list(_OF_RESTAURANTS)].astype(object),
        returned=_returned(lists, since, until),
        examination=examination,
    )


def _began(dataset: Dataset, market: str) -> datetime | None:
    first = dataset.events(market, [EventType.IMPRESSION], [col.AT])[col.AT].min()
    return None if pd.isna(first) else first.to_pydatetime()


def _places(shown: pd.DataFrame, lists: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    number = pd.Series(np.arange(len(lists)), index=pd.Index(lists[col.REQUEST_ID]))
    kept = shown[shown[col.REQUEST_ID].isin(number.index)]
    frame = pd.DataFrame(
        {
            LIST: number.reindex(kept[col.REQUEST_ID]).to_numpy(np.int64),
            col.USER_ID: kept[col.USER_ID].to_numpy(object),
            col.RESTAURANT_ID: kept[col.RESTAURANT_ID].to_numpy(object),
            col.POSITION: kept[col.POSITION].to_numpy(np.int64),
        }
    )
    keys = pd.MultiIndex.from_frame(kept[[col.REQUEST_ID, col.RESTAURANT_ID]])
    ordered = keys.isin(pd.MultiIndex.from_frame(orders[[col.REQUEST_ID, col.RESTAURANT_ID]]))
    frame[ORGANIC_RANK], frame[ORDERED], frame[SOLD] = frame[col.POSITION], ordered, False
    for untold in (VIEWED, PROBABILITY, EXACT):
        frame[untold] = np.nan
    return frame.sort_values([LIST, col.POSITION], ignore_index=True)


def _returned(lists: pd.DataFrame, since: datetime, until: datetime) -> npt.NDArray[np.bool_]:
    border = until - RETURNS_WITHIN
    early = lists[(lists[col.AT] >= since - RETURNS_WITHIN) & (lists[col.AT] < border)]
    last = early.groupby(col.USER_ID)[col.AT].max()
    following = lists[lists[col.AT] >= border].groupby(col.USER_ID)[col.AT].min().reindex(last.index)
    return np.asarray((following - last) <= RETURNS_WITHIN, np.bool_)
