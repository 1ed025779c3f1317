"""The worker's part: runs are asked for when they are due, and done by a child that ends when the worker does."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.retraining.lease import Leases
from services.retraining.runs import LEASE, RunState, RunStore
from services.retraining.supervisor import SCHEDULE, Supervisor
from tests.retraining.conftest import MARKET, LearningHome
from tests.workers import PATIENCE, awaited, child_of, is_gone, workers


@pytest.fixture
def runs(engine: Engine) -> RunStore:
    return RunStore(engine, AuditTrail(engine, Clock()), Clock())


def test_a_run_is_due_a_period_after_the_last_one(home: LearningHome, engine: Engine, runs: RunStore) -> None:
    settings = home.settings.model_copy(update={"retrain_every": "1h", "retrain_models": ["popular"]})
    held = Leases(engine, Clock()).acquire(LEASE, "so that no child is started", 1e6)
    assert held is not None

    def look(after: timedelta) -> int:
        Supervisor(engine, Clock(after), settings).look()
        return len(runs.page(MARKET, None, 10))

    assert look(timedelta(minutes=1)) == 0, "the champion was registered a moment ago"
    assert look(timedelta(hours=2)) == 1
    assert look(timedelta(hours=9)) == 1, "one run at a time"
    run = runs.page(MARKET, None, 10)[0]
    assert (run.requested_by, run.models, run.state) == (SCHEDULE, ("popular",), RunState.QUEUED)


def test_nothing_is_due_without_a_period(home: LearningHome, engine: Engine, runs: RunStore) -> None:
    Supervisor(engine, Clock(timedelta(days=99)), home.settings).look()
    assert runs.page(MARKET, None, 10) == []


# -- the process


@pytest.fixture
def worker(home: LearningHome) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    with workers(home.settings.home, TABLESTAKES_LOG_JSON="true") as start:
        yield start


def test_the_worker_does_what_is_queued_beside_its_other_work(
    worker: Callable[..., "subprocess.Popen[bytes]"], home: LearningHome, engine: Engine, runs: RunStore
) -> None:
    run = runs.request(MARKET, ["popular"], 0, "ml")
    worker()
    child = child_of(engine, LEASE)
    assert os.getpriority(os.PRIO_PROCESS, child) >= 10
    beat = home.settings.worker_heartbeat
    beats = set()

    def beaten_twice() -> bool:
        if beat.exists():
            beats.add(beat.stat().st_mtime_ns)
        return len(beats) >= 3

    def over() -> bool:
        found = runs.get(run.run_id)
        return found is not None and found.state.is_over

    # Held still, that the run cannot be over first: settlement and pacing go on beside it.
    os.kill(child, signal.SIGSTOP)
    try:
        awaited(beaten_twice)
        assert not over()
    finally:
        os.kill(child, signal.SIGCONT)
    awaited(over)
    assert runs.get(run.run_id).state is RunState.FINISHED  # type: ignore[union-attr]
    awaited(lambda: is_gone(child) or Leases(engine, Clock()).holder(LEASE) is None)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_child_ends_with_the_worker_and_the_next_one_goes_on(
    worker: Callable[..., "subprocess.Popen[bytes]"], engine: Engine, runs: RunStore, end: signal.Signals
) -> None:
    run = runs.request(MARKET, ["popular"], 0, "ml")
    first = worker()
    child = child_of(engine, LEASE)
    awaited(lambda: runs.get(run.run_id).attempts == 1)  # type: ignore[union-attr]
    first.send_signal(end)
    first.wait(PATIENCE)
    awaited(lambda: is_gone(child))
    awaited(lambda: Leases(engine, Clock()).holder(LEASE) is None)
    if runs.get(run.run_id).state.is_over:  # type: ignore[union-attr]
        return  # it was quicker than the signal
    worker("--once")
    awaited(lambda: runs.get(run.run_id).state is RunState.FINISHED)  # type: ignore[union-attr]
    assert runs.get(run.run_id).attempts == 2  # type: ignore[union-attr]
