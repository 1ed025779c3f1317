"""The worker lets a child do the lessons that were asked for; whoever is killed, a run is done or failed in the end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.clock import Clock
from services.database.engine import migrate, open_database
from services.lessons.runs import LEASE, LessonRun, LessonRuns, RunState
from services.retraining.lease import Leases
from services.settings import Settings

ROOT = Path(__file__).parents[2]
PATIENCE = 600.0  # the child is niced: on a busy machine it waits for all others
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
def worker(tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "TABLESTAKES_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "services.cli", "worker"]
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(subprocess.Popen(command, env=environment, stderr=log, cwd=ROOT))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def awaited(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def child_of(engine: Engine) -> int:
    """The pid of the process that holds the lease."""
    found: list[str] = []

    def held() -> bool:
        holder = Leases(engine, Clock()).holder(LEASE)
        found.extend([holder] if holder else [])
        return bool(found)

    awaited(held)
    return int(found[0].rpartition(":")[2])


def test_a_lesson_is_done_behind_everything_else_though_its_process_is_killed(
    worker: Callable[[], "subprocess.Popen[bytes]"], engine: Engine, runs: LessonRuns
) -> None:
    asked = runs.request(OFFLINE, True, 2, "auditor")

    def now() -> LessonRun:
        found = runs.get(OFFLINE, asked.run_id)
        assert found is not None
        return found

    first = worker()
    child = child_of(engine)
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
