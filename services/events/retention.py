"""Events whose time has come: whole days dropped on PostgreSQL, rows removed in parts where they stand among others."""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, exists, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.event_partitions import (
    day_of,
    days,
    drop_before,
    drop_day,
    forget_ids,
    keep_ahead,
    start_of,
    taken_over_until,
    waits_to_be_billed,
)
from services.database.schema import billing_queue, events
from services.database.transactions import reading, writing
from services.events.log import markets_in_log

FORGOTTEN: Final = "events.forget"
"""The action of a record that the events of before a day were removed."""
SYSTEM: Final = "system"
_ROWS: Final = 5_000
_LATE_DAYS: Final = 100
"""So many past days get partitions of their own where nothing says for how long events are kept."""


class EventRetention:
    """Keeps the days of the log: those to come are made, those that are past are removed.

    Nothing is remembered between rounds: what there still is is what there is to do, so a round that was broken off
    anywhere is taken up by the next one. All methods block and raise StorageUnavailable.
    """

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock, keep_days: int) -> None:
        """Events are kept for `keep_days` whole days (UTC), counted from today; 0: for ever."""
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._keep_days = keep_days

    def round(self) -> None:
        """Make the days ahead, and remove what is past."""
        today = day_of(self._clock.now())
        keep_ahead(self._engine, today, min(self._keep_days or _LATE_DAYS, _LATE_DAYS))
        if self._keep_days:
            self.forget(today - timedelta(days=self._keep_days))

    def forget(self, first: date) -> int:
        """Remove the events of before this day, but for those that wait to be billed; how many days and rows went.

        Settlements, the ledger, sold places and the trail keep what they have: none of them looks at an event that
        is settled.
        """
        removed = self._drop_days(first)
        with reading(self._engine) as connection:
            markets = list(markets_in_log(connection))
        return removed + sum(self._remove_rows(market, first) for market in markets)

    def _drop_days(self, first: date) -> int:
        with reading(self._engine) as connection:
            past = [day for day in days(connection) if day < first]
            before = taken_over_until(connection)
        dropped = 0
        for day in past:
            with reading(self._engine) as connection:
                if waits_to_be_billed(connection, day):
                    continue  # without its ids one of its events could be stored, and billed, a second time
            # In parts and before, so that the step which holds up others has nothing to do.
            forget_ids(self._engine, start_of(day), start_of(day + timedelta(days=1)))
            with writing(self._engine) as connection:
                if drop_day(connection, day):
                    self._tell(connection, None, day + timedelta(days=1))
                    dropped += 1
        if before is not None and before <= first:
            with writing(self._engine) as connection:
                if drop_before(connection):
                    self._tell(connection, None, before)
                    dropped += 1
        return dropped

    def _remove_rows(self, market: str, first: date) -> int:
        removed = 0
        while True:
            with writing(self._engine) as connection:
                gone = _remove_some(connection, market, start_of(first))
                removed += gone
                if gone < _ROWS:
                    if removed:
                        self._tell(connection, market, first)
                    return removed

    def _tell(self, connection: Connection, market: str | None, first: date) -> None:
        self._trail.record(
            connection,
            role=SYSTEM,
            action=FORGOTTEN,
            market=market,
            subject=f"before {first}",
            document={"before": None, "after": {"first_day": first.isoformat()}},
            reason=f"events are kept for {self._keep_days} days",
        )


def _remove_some(connection: Connection, market: str, before: datetime) -> int:
    owed = exists().where(billing_queue.c.market == events.c.market, billing_queue.c.event_id == events.c.event_id)
    past = (events.c.market == market, events.c.at < before)
    chosen = select(events.c.event_id).where(*past, ~owed).order_by(events.c.at).limit(_ROWS)
    return connection.execute(delete(events).where(*past, events.c.event_id.in_(chosen))).rowcount
