"""The runs of the retraining job in the database: queued, taken, done step by step, finished."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, Row, Select, delete, func, insert, select, update

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.retraining_tables import retraining_runs as runs
from services.database.retraining_tables import retraining_steps as steps
from services.database.schema import markets
from services.database.transactions import insert_into, lock_out, reading, writing
from services.identifiers import RequestIds
from services.retraining.lease import Lease, Leases

LEASE: Final = "retraining"
MOST_ATTEMPTS: Final = 3
"""A run that ends so often without finishing would do so again: what ended it is not chance."""
KEPT_RUNS: Final = 100
"""A market's newest runs stay in the database; older ones go."""


class RunState(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    """Taken by a process, which may have been killed since: the next one goes on with it."""
    FINISHED = "finished"
    """The gates have spoken; what they said is in the steps."""
    FAILED = "failed"
    """Ended before the gates: the data was not fit to learn from, or something broke. `reasons` says which."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the run."""
        return self in (RunState.FINISHED, RunState.FAILED)


@dataclass(frozen=True)
class Run:
    """One pass of a market through the loop."""

    market: str
    run_id: str
    state: RunState
    requested_by: str
    """A role, or `schedule`."""
    requested_at: datetime
    models: tuple[str, ...]
    """Members of the ladder."""
    seed: int
    attempts: int
    """How many processes have taken it."""
    watermark: datetime | None
    """It learns from what happened and was received before; None until it is taken."""
    started_at: datetime | None
    finished_at: datetime | None
    reasons: tuple[str, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """What it has to do, in order."""
        trainings = tuple(f"train:{model}" for model in self.models)
        return ("snapshot", "validate", *trainings, "evaluate", "check", "gates", "describe", "register")


@dataclass(frozen=True)
class StepRecord:
    """A step that is done."""

    step: str
    document: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime


class RunUnderWay(Exception):
    """The market has a run that is not over; `run` is it."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"run {run.run_id} of market {run.market} is {run.state}")
        self.run = run


class RunStore:
    """All methods raise StorageUnavailable where the database is away; those that take a lease LeaseLost."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._leases = Leases(engine, clock)
        self._ids = RequestIds()

    # -- asking and looking

    def request(self, market: str, models: Sequence[str], seed: int, role: str, reason: str = "") -> Run:
        """Queue a run; raise RunUnderWay where the market has one that is not over."""
        with writing(self._engine) as connection:
            lock_out(connection, f"retraining {market}")
            waiting = connection.execute(_runs(market).where(runs.c.state.in_(_OPEN)).limit(1)).first()
            if waiting is not None:
                raise RunUnderWay(_run(waiting))
            row = {
                "market": market,
                "run_id": self._ids.new(),
                "state": RunState.QUEUED.value,
                "requested_by": role,
                "requested_at": self._clock.now(),
                "models": tuple(models),
                "seed": seed,
                "attempts": 0,
                "reasons": (),
            }
            connection.execute(insert(runs), row)
            document = {"before": None, "after": {"models": list(models), "seed": seed}}
            self._trail.record(
                connection,
                role=role,
                action="retraining.request",
                market=market,
                subject=str(row["run_id"]),
                document=document,
                reason=reason,
            )
            return _run(connection.execute(_runs(market).where(runs.c.run_id == row["run_id"])).one())

    def page(self, market: str | None, before: str | None, limit: int) -> list[Run]:
        """The newest runs first, of one market or of all; only those whose id is below `before`: ids rise with time."""
        statement = select(runs).order_by(runs.c.run_id.desc(), runs.c.market).limit(limit)
        if market is not None:
            statement = statement.where(runs.c.market == market)
        if before is not None:
            statement = statement.where(runs.c.run_id < before)
        with reading(self._engine) as connection:
            return [_run(row) for row in connection.execute(statement)]

    def get(self, run_id: str) -> Run | None:
        """One run; None where there is none of this id."""
        with reading(self._engine) as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
        return None if row is None else _run(row)

    def steps(self, run: Run) -> dict[str, StepRecord]:
        """The steps that are done, by name, in the order in which they were."""
        statement = select(steps).where(*_of(steps, run)).order_by(steps.c.finished_at, steps.c.step)
        with reading(self._engine) as connection:
            return {row.step: _step(row) for row in connection.execute(statement)}

    def earlier(self, run: Run, step: str, limit: int) -> list[Mapping[str, Any]]:
        """What this step gave in the market's last finished runs before this one, newest first."""
        statement = (
            select(steps.c.document)
            .join(runs, (runs.c.market == steps.c.market) & (runs.c.run_id == steps.c.run_id))
            .where(steps.c.market == run.market, steps.c.step == step, runs.c.state == RunState.FINISHED)
            .where(runs.c.run_id < run.run_id)
            .order_by(runs.c.run_id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [orjson.loads(text) for text in connection.execute(statement).scalars()]

    def has_open(self) -> bool:
        """Whether a run waits, or was taken and is not over."""
        with reading(self._engine) as connection:
            elsewhere = select(markets.c.market).where(markets.c.moved_to.is_not(None))
            open_ones = select(runs.c.run_id).where(runs.c.state.in_(_OPEN), runs.c.market.not_in(elsewhere))
            return connection.execute(open_ones.limit(1)).first() is not None

    def last_requests(self) -> Mapping[str, datetime]:
        """When a run of each market was last asked for, in one read."""
        statement = select(runs.c.market, func.max(runs.c.requested_at).label("at")).group_by(runs.c.market)
        with reading(self._engine) as connection:
            return {row.market: row.at for row in connection.execute(statement)}

    # -- doing, under the lease

    def take(self, lease: Lease, besides: Collection[str] = ()) -> Run | None:
        """The run to do next: one that a killed process left, else the oldest that waits; None where there is none.

        besides: ids of runs that the caller is at. A run that has been taken too often is failed instead.
        """
        # A process that holds the lease is the only one that works: whatever is `running` now is nobody's.
        order = (runs.c.state == RunState.QUEUED, runs.c.requested_at, runs.c.run_id)
        elsewhere = select(markets.c.market).where(markets.c.moved_to.is_not(None))
        free = (runs.c.state.in_(_OPEN), runs.c.run_id.not_in(besides), runs.c.market.not_in(elsewhere))
        statement = select(runs).where(*free).order_by(*order).limit(1)
        with writing(self._engine) as connection:
            self._leases.check(connection, lease)
            while (row := connection.execute(statement).first()) is not None:
                run = _run(row)
                if run.attempts < MOST_ATTEMPTS:
                    now = self._clock.now()
                    taken = {"state": RunState.RUNNING.value, "attempts": run.attempts + 1}
                    first = {"watermark": run.watermark or now, "started_at": run.started_at or now}
                    connection.execute(update(runs).where(*_of(runs, run)).values(**taken, **first))
                    return _run(connection.execute(select(runs).where(*_of(runs, run))).one())
                reason = f"{run.attempts} processes ended while they did it: the log says at which step"
                self._end(connection, run, RunState.FAILED, (reason,))
        return None

    def keep(self, lease: Lease, run: Run, step: str, document: Mapping[str, Any], started_at: datetime) -> StepRecord:
        """Store what a step gave; the first result counts."""
        text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS).decode()
        row = {"market": run.market, "run_id": run.run_id, "step": step, "document": text}
        times = {"started_at": started_at, "finished_at": self._clock.now()}
        with writing(self._engine) as connection:
            self._leases.check(connection, lease)
            connection.execute(insert_into(self._engine, steps).on_conflict_do_nothing(), {**row, **times})
            return _step(connection.execute(select(steps).where(*_of(steps, run), steps.c.step == step)).one())

    def end(self, lease: Lease, run: Run, state: RunState, reasons: Sequence[str]) -> None:
        """The run is over. The market's oldest runs go."""
        with writing(self._engine) as connection:
            self._leases.check(connection, lease)
            self._end(connection, run, state, reasons)
            newest = _runs(run.market).order_by(runs.c.run_id.desc()).offset(KEPT_RUNS).limit(1)
            last = connection.execute(newest).first()
            if last is not None:
                for table in (steps, runs):
                    connection.execute(delete(table).where(table.c.market == run.market, table.c.run_id <= last.run_id))

    def _end(self, connection: Connection, run: Run, state: RunState, reasons: Sequence[str]) -> None:
        values = {"state": state.value, "reasons": tuple(reasons), "finished_at": self._clock.now()}
        connection.execute(update(runs).where(*_of(runs, run)).values(**values))


_OPEN: Final = (RunState.QUEUED.value, RunState.RUNNING.value)


def _of(table: Any, run: Run) -> tuple[Any, Any]:
    return table.c.market == run.market, table.c.run_id == run.run_id


def _runs(market: str) -> Select[Any]:
    return select(runs).where(runs.c.market == market)


def _run(row: Row[Any]) -> Run:
    fields = dict(row._mapping)
    return Run(**{**fields, "state": RunState(fields["state"])})


def _step(row: Row[Any]) -> StepRecord:
    return StepRecord(row.step, orjson.loads(row.document), row.started_at, row.finished_at)
