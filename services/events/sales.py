"""What served lists sold, and how the auctions behind them ended: rows and counters written with the lists."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

from services.database.schema import ad_impressions, campaign_hours, market_hours
from services.database.transactions import insert_into

_OUTCOMES: Final = ("shown", "lost_to_budget", "lost_to_floor", "lost_to_price")


class SoldPlace(NamedTuple):
    """A place that was sold, with the price of its billed event."""

    campaign_id: str
    restaurant_id: str
    rank: int
    billing: str
    price: int
    """Micro-units."""


class Sales(NamedTuple):
    """One list's share."""

    market: str
    request_id: str
    user_id: str
    at: datetime
    sold: Sequence[SoldPlace]
    outcomes: Mapping[str, str]
    """From the campaigns that were candidates to one of the counters: shown, lost_to_budget, _floor or _price."""


class SalesWriter:
    """Writes sold places and counters inside the transaction that stores the lists."""

    def __init__(self, engine: Engine) -> None:
        self._sell = insert_into(engine, ad_impressions).on_conflict_do_nothing()
        self._count_requests = _add_into(engine, market_hours, ("requests",))
        self._count_outcomes = _add_into(engine, campaign_hours, ("auctions", *_OUTCOMES))

    def write(self, connection: Connection, sales: Iterable[Sales]) -> None:
        """Add the lists' sales; each list must come here once."""
        places: list[dict[str, Any]] = []
        requests: Counter[tuple[str, int]] = Counter()
        outcomes: dict[tuple[str, str, int], Counter[str]] = {}
        for market, request_id, user_id, at, sold, ended in sales:
            hour = int(at.timestamp() // 3600)
            requests[market, hour] += 1
            for campaign, outcome in ended.items():
                outcomes.setdefault((market, campaign, hour), Counter())[outcome] += 1
            common = {"market": market, "request_id": request_id, "user_id": user_id, "at": at}
            places += [{**common, **place._asdict()} for place in sold]
        if places:
            connection.execute(self._sell, places)
        # Sorted: two processes that count the same hours lock them in the same order.
        if requests:
            rows = [{"market": market, "hour": hour, "requests": n} for (market, hour), n in sorted(requests.items())]
            connection.execute(self._count_requests, rows)
        if outcomes:
            connection.execute(self._count_outcomes, [_row(*key, counts) for key, counts in sorted(outcomes.items())])


def _row(market: str, campaign_id: str, hour: int, counts: Counter[str]) -> dict[str, Any]:
    key = {"market": market, "campaign_id": campaign_id, "hour": hour}
    return {**key, "auctions": counts.total(), **{name: counts[name] for name in _OUTCOMES}}


def _add_into(engine: Engine, table: Table, counters: Sequence[str]) -> postgresql.Insert | sqlite.Insert:
    statement = insert_into(engine, table)
    sums = {name: table.c[name] + statement.excluded[name] for name in counters}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=sums)
