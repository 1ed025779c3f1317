"""Freezes: times in which no other model reaches the processes that serve, by hand, by calendar, or for a spent budget.

Whoever writes what a freeze may refuse calls `refuse_…` inside the transaction of that write, under `lock_releases`: a
freeze that was answered for holds from then on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel
from sqlalchemy import Connection, Engine, delete, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import freezes as table
from services.database.schema import markets, release_rules, releases
from services.database.transactions import reading, upsert_into, writing
from services.releases.bounds import ApprovedBounds, moved_outside
from services.releases.calendar import Calendar, windows_at
from services.releases.registry import lock_releases
from services.releases.states import State
from services.stakeholders.policy import PolicyDials

_BOUNDS: Final = "bounds"
_CALENDAR: Final = "calendar"
_RECOVERED: Final = "the error budget has recovered"
Rule = TypeVar("Rule", bound=BaseModel)


class Cause(StrEnum):
    """What a freeze comes from."""

    HAND = "hand"
    CALENDAR = "calendar"
    BUDGET = "budget"


@dataclass(frozen=True)
class Freeze:
    """A reason why nothing is released now."""

    cause: Cause
    reason: str
    role: str
    """Who ordered it."""
    since: datetime | None
    """None for a window of the calendar."""
    until: datetime | None
    """None: until the error budget has recovered, or somebody lifts it."""

    def __str__(self) -> str:
        end = f"until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "until the budget has recovered"
        return f"{self.reason} ({self.cause}, {end})"


class Frozen(Exception):
    """The market is frozen: the message says why, and what waits."""

    def __init__(self, what: str, freezes: Sequence[Freeze], queue: Sequence[str]) -> None:
        waiting = f"waiting: {', '.join(queue)}" if queue else "nothing else waits"
        super().__init__(f"{what}: frozen, {'; '.join(map(str, freezes))}; {waiting}")
        self.freezes = list(freezes)
        self.queue = list(queue)


class OutsideBounds(Frozen):
    """The market is frozen, and a policy would move a dial further than infra has approved."""


class FreezeStore:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def active(self, market: str) -> list[Freeze]:
        """All that freezes the market now; empty where nothing does."""
        with reading(self._engine) as connection:
            return active_freezes(connection, market, self._clock.now())

    def freeze(self, market: str, reason: str, until: datetime, role: str) -> Freeze:
        """Freeze by hand, or change reason and end of that; the same again changes nothing."""
        return self._put(market, Freeze(Cause.HAND, reason, role, self._clock.now(), until))

    def freeze_for_budget(self, market: str, reason: str, role: str) -> bool:
        """Freeze because the error budget is spent; False where it is so already, or was lifted for this time."""
        now = self._clock.now()
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            if _row(connection, market, Cause.BUDGET) is not None:
                return False
            self._write(connection, market, Freeze(Cause.BUDGET, reason, role, now, None), None)
        return True

    def frozen_for_budget(self) -> set[str]:
        """The markets that `freeze_for_budget` has frozen, lifted by hand or not; in one read."""
        with reading(self._engine) as connection:
            return set(connection.execute(select(table.c.market).where(table.c.cause == Cause.BUDGET)).scalars())

    def budget_recovered(self, market: str, role: str) -> bool:
        """End what `freeze_for_budget` began, so that it can begin anew; False where there was nothing."""
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            before = _row(connection, market, Cause.BUDGET)
            if before is None:
                return False
            connection.execute(delete(table).where(table.c.market == market, table.c.cause == Cause.BUDGET))
            if before["lifted_at"] is None:
                self._record(connection, role, "freeze.lift", market, Cause.BUDGET, _document(before), None, _RECOVERED)
        return True

    def lift(self, market: str, role: str, reason: str = "") -> list[Freeze]:
        """Lift what is frozen by hand or for the budget, and say what is still frozen: the calendar's windows.

        A freeze for the budget that was lifted does not come back before the budget has recovered and is spent again.
        """
        now = self._clock.now()
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            for cause in (Cause.HAND, Cause.BUDGET):
                before = _row(connection, market, cause)
                if before is None or before["lifted_at"] is not None:
                    continue
                if cause is Cause.HAND:
                    connection.execute(delete(table).where(table.c.market == market, table.c.cause == cause))
                else:
                    connection.execute(upsert_into(self._engine, table), {**before, "lifted_at": now})
                self._record(connection, role, "freeze.lift", market, cause, _document(before), None, reason)
            return active_freezes(connection, market, now)

    def calendar(self, market: str) -> Calendar:
        """The windows; none before any are written."""
        with reading(self._engine) as connection:
            return _calendar(connection, market)

    def bounds(self, market: str) -> ApprovedBounds:
        """How far dials may move in a freeze; no dial may before any are written."""
        with reading(self._engine) as connection:
            return _bounds(connection, market)

    def put_calendar(self, market: str, calendar: Calendar, role: str, reason: str = "") -> Calendar:
        """Replace the windows."""
        return self._put_rule(market, _CALENDAR, calendar, role, reason)

    def put_bounds(self, market: str, bounds: ApprovedBounds, role: str, reason: str = "") -> ApprovedBounds:
        """Replace the bounds."""
        return self._put_rule(market, _BOUNDS, bounds, role, reason)

    def _put(self, market: str, freeze: Freeze) -> Freeze:
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            before = _row(connection, market, freeze.cause)
            if before is not None and (before["reason"], before["until"]) == (freeze.reason, freeze.until):
                return _freeze(before)
            self._write(connection, market, freeze, before)
        return freeze

    def _write(self, connection: Connection, market: str, freeze: Freeze, before: Mapping[str, Any] | None) -> None:
        row = {"market": market, **freeze.__dict__, "lifted_at": None}
        connection.execute(upsert_into(self._engine, table), row)
        old = None if before is None else _document(before)
        self._record(connection, freeze.role, "freeze.put", market, freeze.cause, old, _document(row), freeze.reason)

    def _put_rule(self, market: str, name: str, rule: Rule, role: str, reason: str) -> Rule:
        now, document = self._clock.now(), rule.model_dump_json()
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            before = _rule(connection, market, name)
            if before == document:
                return rule
            row = {"market": market, "name": name, "document": document, "updated_at": now}
            connection.execute(upsert_into(self._engine, release_rules), row)
            old = None if before is None else orjson.loads(before)
            self._record(connection, role, f"freeze.{name}", market, name, old, orjson.loads(document), reason)
        return rule

    def _record(
        self,
        connection: Connection,
        role: str,
        action: str,
        market: str,
        subject: str,
        before: Any,
        after: Any,
        reason: str,
    ) -> None:
        self._trail.record(
            connection,
            role=role,
            action=action,
            market=market,
            subject=subject,
            document={"before": before, "after": after},
            reason=reason,
        )


def active_freezes(connection: Connection, market: str, at: datetime) -> list[Freeze]:
    """All that freezes a market at a time, within the caller's transaction."""
    rows = connection.execute(select(table).where(table.c.market == market).order_by(table.c.cause.desc())).mappings()
    held = [dict(row) for row in rows if row["lifted_at"] is None]
    written = [_freeze(row) for row in held if row["until"] is None or at < row["until"]]
    windows = _calendar(connection, market).root
    if not windows:
        return written
    zone = connection.execute(select(markets.c.time_zone).where(markets.c.market == market)).scalar() or "UTC"
    return written + [
        Freeze(Cause.CALENDAR, window.reason, "infra", None, until) for window, until in windows_at(windows, at, zone)
    ]


def refuse_when_frozen(connection: Connection, market: str, at: datetime, what: str) -> None:
    """Raise Frozen where anything freezes the market."""
    if freezes := active_freezes(connection, market, at):
        raise Frozen(what, freezes, _queue(connection, market))


def refuse_outside_bounds(
    connection: Connection, market: str, at: datetime, active: PolicyDials, wanted: PolicyDials, what: str
) -> None:
    """Raise OutsideBounds where the market is frozen and a policy leaves what infra has approved beforehand."""
    freezes = active_freezes(connection, market, at)
    if freezes and (outside := moved_outside(_bounds(connection, market), active, wanted)):
        raise OutsideBounds(f"{what}: {'; '.join(outside)}", freezes, _queue(connection, market))


def _queue(connection: Connection, market: str) -> list[str]:
    waiting = (releases.c.market == market, releases.c.state == State.CHALLENGER)
    chosen = select(releases.c.version).where(*waiting).order_by(releases.c.since, releases.c.version)
    return list(connection.execute(chosen).scalars())


def _row(connection: Connection, market: str, cause: Cause) -> Mapping[str, Any] | None:
    found = connection.execute(select(table).where(table.c.market == market, table.c.cause == cause)).mappings().first()
    return None if found is None else dict(found)


def _freeze(row: Mapping[str, Any]) -> Freeze:
    return Freeze(Cause(row["cause"]), row["reason"], row["role"], row["since"], row["until"])


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"reason": row["reason"], "until": row["until"]}


def _rule(connection: Connection, market: str, name: str) -> str | None:
    chosen = select(release_rules.c.document).where(release_rules.c.market == market, release_rules.c.name == name)
    return connection.execute(chosen).scalar()


def _calendar(connection: Connection, market: str) -> Calendar:
    stored = _rule(connection, market, _CALENDAR)
    return Calendar() if stored is None else Calendar.model_validate_json(stored)


def _bounds(connection: Connection, market: str) -> ApprovedBounds:
    stored = _rule(connection, market, _BOUNDS)
    return ApprovedBounds() if stored is None else ApprovedBounds.model_validate_json(stored)
