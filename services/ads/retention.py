"""Sold places whose time has come. What was charged for them stays: settlements and the ledger do not look at a place
again.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, select

from data import columns as col
from services.ads.billing import ATTRIBUTION
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.event_partitions import day_of, start_of
from services.database.schema import ad_impressions as places
from services.database.schema import billing_queue, events
from services.database.transactions import reading, writing

FORGOTTEN: Final = "sold.forget"
"""The action of a record that the places that were sold before a day were removed."""
_ROLE: Final = "system"
_ROWS: Final = 5_000


class SoldRetention:
    """Removes the past days' sold places, a part after the other; all methods block and raise StorageUnavailable.

    A round that was broken off anywhere is taken up by the next one. All places are looked through for it, in the order
    of their key: once a day, and once after a start.
    """

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock, keep_days: int) -> None:
        """Places are kept for `keep_days` whole days (UTC), counted from today; 0: for ever."""
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._keep_days = keep_days
        self._done: date | None = None

    def round(self) -> None:
        """Remove what is past, unless that was done today."""
        first = day_of(self._clock.now()) - timedelta(days=self._keep_days)
        if self._keep_days and self._done != first:
            self.forget(first)
            self._done = first

    def forget(self, first: date) -> int:
        """Remove the places of before this day, but for those that an event may earn which waits to be billed; how
        many went.
        """
        removed = 0
        with reading(self._engine) as connection:
            markets = list(_keys(connection))
        for market in markets:
            with reading(self._engine) as connection:
                before, campaigns = (
                    _earliest_needed(connection, market, start_of(first)),
                    list(_keys(connection, market)),
                )
            told = False
            for campaign in campaigns:
                gone = _ROWS
                while gone == _ROWS:
                    with writing(self._engine) as connection:
                        gone = _remove_some(connection, market, campaign, before)
                        if gone and not told:  # with the first that go, so that none goes untold
                            self._tell(connection, market, first)
                    told = told or gone > 0
                    removed += gone
        return removed

    def _tell(self, connection: Connection, market: str, first: date) -> None:
        self._trail.record(
            connection,
            role=_ROLE,
            action=FORGOTTEN,
            market=market,
            subject=f"before {first}",
            document={"before": None, "after": {"first_day": first.isoformat()}},
            reason=f"sold places are kept for {self._keep_days} days",
        )


def _keys(connection: Connection, market: str | None = None) -> Iterator[str]:
    """Markets that have sold places, or the campaigns of one, in order; from one to the next by the primary key."""
    column = places.c[col.MARKET if market is None else col.CAMPAIGN_ID]
    statement = select(func.min(column))
    if market is not None:
        statement = statement.where(places.c.market == market)
    last = ""
    while (found := connection.execute(statement.where(column > last)).scalar()) is not None:
        yield (last := found)


def _earliest_needed(connection: Connection, market: str, before: datetime) -> datetime:
    """`before`, or an earlier time where an event that waits to be billed may belong to a place of before."""
    queued = (billing_queue.c.market == events.c.market, billing_queue.c.event_id == events.c.event_id)
    oldest = connection.execute(
        select(func.min(events.c.at)).join(billing_queue, queued[0] & queued[1]).where(events.c.market == market)
    ).scalar()
    return before if oldest is None else min(before, oldest - ATTRIBUTION)


def _remove_some(connection: Connection, market: str, campaign: str, before: datetime) -> int:
    """Request ids begin with their time, so that the first by the key are the first to go."""
    past = (places.c.market == market, places.c.campaign_id == campaign, places.c.at < before)
    chosen = select(places.c.request_id).where(*past).order_by(places.c.request_id).limit(_ROWS)
    return connection.execute(delete(places).where(*past, places.c.request_id.in_(chosen))).rowcount
