"""What served lists sold, and how the auctions behind them ended: rows and counters written behind the answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine

from services.database.plain import PlainInsert
from services.database.schema import ad_impressions, campaign_hours, market_hours
from services.database.transactions import add_into, writing
from services.database.types import micros

OUTCOMES: Final = ("shown", "lost_to_budget", "lost_to_floor", "lost_to_price")
"""How an auction may end for a candidate; the codes of `Outcomes` are places in this."""


class SoldPlace(NamedTuple):
    """A place that was sold, with the price of its billed event."""

    campaign_id: str
    restaurant_id: str
    rank: int
    billing: str
    price: int
    """Micro-units."""


class Outcomes(NamedTuple):
    """How an auction among m candidates ended."""

    campaign_ids: Sequence[str]
    """Of all campaigns of the market; the same object for many lists."""
    entries: npt.NDArray[np.integer]
    """(m,) which of them were candidates, each once."""
    codes: npt.NDArray[np.integer]
    """(m,) places in OUTCOMES."""


class Sales(NamedTuple):
    """One list's share."""

    market: str
    request_id: str
    user_id: str
    at: datetime
    sold: Sequence[SoldPlace]
    outcomes: Outcomes | None


class SalesLog:
    """Sold places go into the transaction of their lists. Counters gather in memory until `flush`.

    What a killed process had not flushed is missing from the counters, never from the places.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sell = PlainInsert(engine, ad_impressions)
        self._count_requests = add_into(engine, market_hours, ("requests",))
        self._count_outcomes = add_into(engine, campaign_hours, ("auctions", *OUTCOMES))
        self._requests: dict[tuple[str, int], int] = {}
        self._outcomes: dict[tuple[str, int, int], tuple[Sequence[str], list[npt.NDArray[np.integer]]]] = {}
        """By market, hour and campaigns: the entries and codes of each auction; adding them up waits for `flush`."""

    def write(self, connection: Connection, sales: Iterable[Sales]) -> None:
        """Store the places that these lists sold."""
        rows = [
            (market, place.campaign_id, request_id, user_id, place.restaurant_id, micros(at), *place[2:])
            for market, request_id, user_id, at, sold, _ in sales
            for place in sold
        ]
        if rows:
            self._sell.execute(connection, rows)

    def count(self, sales: Iterable[Sales]) -> None:
        """Add lists that are stored to the counters, each once."""
        for market, _, _, at, _, outcomes in sales:
            hour = int(at.timestamp() // 3600)
            self._requests[market, hour] = self._requests.get((market, hour), 0) + 1
            if outcomes is not None:
                key = (market, hour, id(outcomes.campaign_ids))
                _, ended = self._outcomes.setdefault(key, (outcomes.campaign_ids, []))
                ended += (outcomes.entries, outcomes.codes)

    def flush(self) -> None:
        """Write the counters. Raises StorageUnavailable; then they are kept."""
        if not self._requests:
            return
        requests = [{"market": market, "hour": hour, "requests": n} for (market, hour), n in self._requests.items()]
        outcomes: dict[tuple[str, str, int], npt.NDArray[np.int64]] = {}
        for (market, hour, _), (campaign_ids, ended) in self._outcomes.items():
            cells = np.concatenate(ended[::2]).astype(np.int64) * len(OUTCOMES) + np.concatenate(ended[1::2])
            counts = np.bincount(cells, minlength=len(campaign_ids) * len(OUTCOMES)).reshape(-1, len(OUTCOMES))
            for entry in np.flatnonzero(counts.any(axis=1)).tolist():
                key = (market, campaign_ids[entry], hour)
                outcomes[key] = outcomes.get(key, 0) + counts[entry]
        with writing(self._engine) as connection:
            # Sorted: two processes that count the same hours lock them in the same order.
            connection.execute(self._count_requests, sorted(requests, key=lambda row: (row["market"], row["hour"])))
            if outcomes:
                connection.execute(self._count_outcomes, [_row(*key, outcomes[key]) for key in sorted(outcomes)])
        self._requests.clear()
        self._outcomes.clear()


def _row(market: str, campaign_id: str, hour: int, counts: npt.NDArray[np.int64]) -> Mapping[str, Any]:
    key = {"market": market, "campaign_id": campaign_id, "hour": hour}
    return {**key, "auctions": int(counts.sum()), **dict(zip(OUTCOMES, counts.tolist(), strict=True))}
