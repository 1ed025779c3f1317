"""The runs of lessons in the database: queued, taken, done with an outcome or failed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select, update

from services.clock import Clock
from services.database.lesson_tables import lesson_runs as table
from services.database.transactions import lock_out, reading, writing
from services.identifiers import RequestIds
from services.lessons.lesson import Outcome
from services.retraining.lease import Lease, Leases

LEASE: Final = "lessons"
MOST_ATTEMPTS: Final = 2
"""A run that was ended so often without finishing is failed: a class wants to know, and can ask again."""
MOST_WAITING: Final = 20
KEPT_RUNS: Final = 20
"""A lesson's newest runs stay; older ones go."""


class RunState(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    """Taken by a process, which may have been killed since: the next one begins it again."""
    DONE = "done"
    """It has an outcome, whose claims may not hold."""
    FAILED = "failed"
    """It has none; `reason` says why."""


@dataclass(frozen=True)
class LessonRun:
    """One run of a lesson."""

    run_id: str
    lesson: int
    short: bool
    seeds: int
    state: RunState
    requested_by: str
    """A role."""
    requested_at: datetime
    attempts: int
    """How many processes have taken it."""
    progress: float
    """0 to 1."""
    doing: str
    """What is done now, in words."""
    started_at: datetime | None
    finished_at: datetime | None
    reason: str | None
    outcome: Outcome | None
    """None also where another version of the program has kept it in another shape."""


class TooManyWaiting(Exception):
    """So many runs wait that another one would not be looked at by anybody."""


class LessonRuns:
    """All methods raise StorageUnavailable where the database is away; those that take a lease LeaseLost."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._leases = Leases(engine, clock)
        self._ids = RequestIds()

    # -- asking and looking

    def request(self, lesson: int, short: bool, seeds: int, role: str) -> LessonRun:
        """Queue a run. Whoever asks for what is queued or running already gets that one: a class asks at once.

        Raises TooManyWaiting.
        """
        with writing(self._engine) as connection:
            lock_out(connection, "lesson runs")
            waiting = [_run(row) for row in connection.execute(_open())]
            for run in waiting:
                if (run.lesson, run.short, run.seeds) == (lesson, short, seeds):
                    return run
            if len(waiting) >= MOST_WAITING:
                raise TooManyWaiting(f"{len(waiting)} runs wait already: one is done at a time, so ask again later")
            row = {
                "run_id": self._ids.new(),
                "lesson": lesson,
                "short": short,
                "seeds": seeds,
                "state": RunState.QUEUED.value,
                "requested_by": role,
                "requested_at": self._clock.now(),
                "attempts": 0,
                "progress": 0.0,
                "doing": "waits for its turn",
            }
            connection.execute(insert(table), row)
            return _run(connection.execute(select(table).where(table.c.run_id == row["run_id"])).one())

    def get(self, lesson: int, run_id: str) -> LessonRun | None:
        """One run of a lesson; None where it has none of this id."""
        chosen = select(table).where(table.c.lesson == lesson, table.c.run_id == run_id)
        with reading(self._engine) as connection:
            row = connection.execute(chosen).first()
        return None if row is None else _run(row)

    def newest(self, lesson: int) -> tuple[LessonRun | None, LessonRun | None]:
        """(the run that is queued or running, the last one that was done), each None where there is none."""
        own = select(table).where(table.c.lesson == lesson).order_by(table.c.run_id.desc()).limit(1)
        with reading(self._engine) as connection:
            under_way = connection.execute(own.where(table.c.state.in_(_OPEN))).first()
            done = connection.execute(own.where(table.c.state == RunState.DONE.value)).first()
        return None if under_way is None else _run(under_way), None if done is None else _run(done)

    def has_open(self) -> bool:
        """Whether a run waits, or was taken and is not over."""
        with reading(self._engine) as connection:
            return connection.execute(_open().limit(1)).first() is not None

    # -- doing, under the lease

    def take(self, lease: Lease) -> LessonRun | None:
        """The run to do next: one that a killed process left, else the oldest that waits; None where there is none.

        A run that has been taken too often is failed instead.
        """
        # A process that holds the lease is the only one that works: whatever is `running` now is nobody's.
        with writing(self._engine) as connection:
            self._leases.check(connection, lease)
            while (row := connection.execute(_open().limit(1)).first()) is not None:
                run = _run(row)
                if run.attempts < MOST_ATTEMPTS:
                    values = {
                        "state": RunState.RUNNING.value,
                        "attempts": run.attempts + 1,
                        "started_at": self._clock.now(),
                        "progress": 0.0,
                        "doing": "begins",
                    }
                    connection.execute(update(table).where(table.c.run_id == run.run_id).values(**values))
                    return _run(connection.execute(select(table).where(table.c.run_id == run.run_id)).one())
                reason = f"{run.attempts} processes were ended while they did it"
                self._end(connection, run, {"state": RunState.FAILED.value, "reason": reason})
        return None

    def tell(self, lease: Lease, run: LessonRun, doing: str, progress: float) -> None:
        """How far it is."""
        with writing(self._engine) as connection:
            self._leases.check(connection, lease)
            values = {"doing": doing, "progress": min(max(progress, 0.0), 1.0)}
            connection.execute(update(table).where(table.c.run_id == run.run_id).values(**values))

    def done(self, lease: Lease, run: LessonRun, outcome: Outcome) -> None:
        """It has an outcome. The lesson's oldest runs go."""
        values = {"state": RunState.DONE.value, "outcome": outcome.model_dump_json(), "progress": 1.0, "doing": "done"}
        self._over(lease, run, values)

    def failed(self, lease: Lease, run: LessonRun, reason: str) -> None:
        """It has none."""
        self._over(lease, run, {"state": RunState.FAILED.value, "reason": reason})

    def _over(self, lease: Lease, run: LessonRun, values: dict[str, Any]) -> None:
        with writing(self._engine) as connection:
            self._leases.check(connection, lease)
            self._end(connection, run, values)
            own = select(table.c.run_id).where(table.c.lesson == run.lesson).order_by(table.c.run_id.desc())
            last = connection.execute(own.offset(KEPT_RUNS).limit(1)).scalar()
            if last is not None:
                old = (table.c.lesson == run.lesson, table.c.run_id <= last, table.c.state.not_in(_OPEN))
                connection.execute(delete(table).where(*old))

    def _end(self, connection: Connection, run: LessonRun, values: dict[str, Any]) -> None:
        over = {**values, "finished_at": self._clock.now()}
        connection.execute(update(table).where(table.c.run_id == run.run_id).values(**over))


_OPEN: Final = (RunState.QUEUED.value, RunState.RUNNING.value)


def _open() -> Select[Any]:
    """Those that are not over: what was taken first, then by age, which ids rise with."""
    order = (table.c.state == RunState.QUEUED.value, table.c.run_id)
    return select(table).where(table.c.state.in_(_OPEN)).order_by(*order)


def _run(row: Row[Any]) -> LessonRun:
    fields = dict(row._mapping)
    return LessonRun(**{**fields, "state": RunState(fields["state"]), "outcome": _outcome(fields["outcome"])})


def _outcome(text: str | None) -> Outcome | None:
    if text is None:
        return None
    try:
        return Outcome.model_validate_json(text)
    except ValidationError:
        return None
