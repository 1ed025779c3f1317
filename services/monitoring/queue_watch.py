"""How much waits to be billed, and how long already."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from services.clock import Clock
from services.database.schema import billing_queue, markets
from services.database.transactions import reading


@dataclass(frozen=True)
class QueueState:
    """One market's part of the billing queue."""

    market: str
    events: int
    age_seconds: float
    """Of the oldest; 0 where none waits."""


def queue_states(engine: Engine, clock: Clock) -> list[QueueState]:
    """All markets, those with nothing waiting too. Raises StorageUnavailable."""
    queue = billing_queue.c
    statement = (
        select(markets.c.market, func.count(queue.event_id), func.min(queue.received_at))
        .outerjoin(billing_queue, queue.market == markets.c.market)
        .group_by(markets.c.market)
        .order_by(markets.c.market)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    now = clock.now()
    return [
        QueueState(market, count, 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0))
        for market, count, oldest in rows
    ]
