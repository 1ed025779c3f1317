"""The worker lets a child do the lessons that were asked for; whoever is killed, a run is done or failed in the end."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.clock import Clock
from services.database.engine import migrate, open_database
from services.lessons.runs import LEASE, LessonRun, LessonRuns, RunState
from services.retraining.lease import Leases
from services.settings import Settings
from tests.workers import PATIENCE, awaited, child_of, is_gone, workers

OFFLINE = 8
"""The lesson that is quickest in its short form."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(Settings(home=tmp_path / "home").resolved_database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def runs(engine: Engine) -> LessonRuns:
    return LessonRuns(engine, Clock())


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    with workers(tmp_path / "home") as start:
        yield start


def test_a_lesson_is_done_behind_everything_else_though_its_process_is_killed(
    worker: Callable[[], "subprocess.Popen[bytes]"], engine: Engine, runs: LessonRuns
) -> None:
    asked = runs.request(OFFLINE, True, 2, "auditor")

    def now() -> LessonRun:
        found = runs.get(OFFLINE, asked.run_id)
        assert found is not None
        return found

    first = worker()
    child = child_of(engine, LEASE)
    assert os.getpriority(os.PRIO_PROCESS, child) >= 10
    awaited(lambda: now().state is RunState.RUNNING)
    first.send_signal(signal.SIGKILL)
    first.wait(PATIENCE)
    awaited(lambda: is_gone(child))

    worker()
    awaited(lambda: now().state in (RunState.DONE, RunState.FAILED))

    over = now()
    assert (over.state, over.reason, over.attempts) == (RunState.DONE, None, 2)
    assert over.outcome is not None
    assert (over.outcome.lesson, over.outcome.short, len(over.outcome.provenance.seeds)) == (OFFLINE, True, 2)
    awaited(lambda: Leases(engine, Clock()).holder(LEASE) is None)
