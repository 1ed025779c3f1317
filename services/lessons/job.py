"""Does the runs of lessons, one at a time over all processes; and what the worker does about that.

A process may be killed between any two lines: nothing of a run is kept but its outcome, and the next process that holds
the lease begins it again.
"""

import os
import socket
import time
from typing import Final

import structlog
from sqlalchemy import Engine

from data.dataset import DatasetError
from models.base import ModelError
from services import fan_out
from services.children import Child
from services.clock import Clock
from services.database.errors import StorageError
from services.lessons.lesson import Asked, Outcome
from services.lessons.registry import LESSONS
from services.lessons.running import run as run_lesson
from services.lessons.runs import LEASE, LessonRun, LessonRuns
from services.retraining.lease import Lease, LeaseLost, Leases, held
from services.settings import Settings

LEASE_SECONDS: Final = 20.0
_MOST_JOBS: Final = 2
"""Processes of a run: it stands back behind everything else, and is to be over while a class still looks."""
_TELL_SECONDS: Final = 0.5
_log = structlog.get_logger(__name__)


class LessonJob:
    """Works through the queue. Blocks, for minutes; raises StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, clock: Clock, lease_seconds: float = LEASE_SECONDS) -> None:
        self.runs = LessonRuns(engine, clock)
        self._leases = Leases(engine, clock)
        self._clock = clock
        self._lease_seconds = lease_seconds

    def work(self) -> int | None:
        """Do what is queued, and what a killed process left; how many runs are over then.

        None where another process holds the lease. Raises LeaseLost where another process has taken it meanwhile.
        """
        lease = self._leases.acquire(LEASE, f"{socket.gethostname()}:{os.getpid()}", self._lease_seconds)
        if lease is None:
            return None
        count = 0
        with held(self._leases, lease, self._lease_seconds):
            while (run := self.runs.take(lease)) is not None:
                self._do(lease, run)
                count += 1
        return count

    def _do(self, lease: Lease, run: LessonRun) -> None:
        _log.info("lesson_begins", lesson=run.lesson, run_id=run.run_id, short=run.short, seeds=run.seeds)
        try:
            outcome = self._outcome(lease, run)
        except (LeaseLost, StorageError):
            raise
        except (ModelError, DatasetError) as error:
            self.runs.failed(lease, run, str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours would end each attempt in the same way
            _log.exception("lesson_failed", lesson=run.lesson, run_id=run.run_id)
            self.runs.failed(lease, run, f"unexpected {type(error).__name__}: the worker's log has the trace")
        else:
            self.runs.done(lease, run, outcome)
            _log.info("lesson_done", lesson=run.lesson, run_id=run.run_id, holds=not outcome.broken)

    def _outcome(self, lease: Lease, run: LessonRun) -> Outcome:
        lesson = LESSONS.get(run.lesson)
        if lesson is None:
            raise ModelError(f"there is no lesson {run.lesson} in this version of the program")
        next_time = 0.0

        def progress(text: str, share: float) -> None:
            nonlocal next_time
            if time.monotonic() >= next_time:
                next_time = time.monotonic() + _TELL_SECONDS
                self.runs.tell(lease, run, text, share)

        here = fan_out.Engine(jobs=min(_MOST_JOBS, os.cpu_count() or 1))
        return run_lesson(lesson, Asked(tuple(range(1, run.seeds + 1)), run.short, here, progress), self._clock.now())


class LessonSupervisor:
    """A job of the worker: `look` never waits. Raises StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, clock: Clock, settings: Settings) -> None:
        self._runs = LessonRuns(engine, clock)
        self._leases = Leases(engine, clock)
        self._child = Child("lesson", ("lesson", "--queued"), settings.home)

    def look(self) -> None:
        """Let a process of its own do what is queued."""
        if not self._child.may_start:
            return
        # A lease that is held belongs to another worker's child, or to one that was killed: it ends by itself.
        if self._runs.has_open() and self._leases.holder(LEASE) is None:
            self._child.start()

    def finish(self) -> None:
        """Wait until the child is done."""
        self._child.finish()

    def close(self) -> None:
        """End the child: the next one begins its run again."""
        self._child.close()
