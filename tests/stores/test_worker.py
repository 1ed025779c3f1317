"""The worker: what it does in which order, what ends it and what does not."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from happenings import NOON, event
from records import ALDERMOOR, diners, restaurants
from selling_records import campaign, keep, place
from sqlalchemy import Engine

from loadtests.postgres import PostgresServer
from services.ads.campaign import MICRO
from services.ads.ledger import Ledger
from services.catalogue.store import CatalogueStore
from services.database.errors import StorageUnavailable
from services.events.log import EventLog
from services.worker import Job, Worker

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class Watch(threading.Event):
    """A stop signal that lets time pass at once and ends the worker after so many waits."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.rounds = rounds
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        if len(self.waits) > self.rounds:
            self.set()
        return self.is_set()


def failing(times: int, error: Exception) -> Callable[[], None]:
    left = iter(range(times))

    def run() -> None:
        if next(left, None) is not None:
            raise error

    return run


@pytest.mark.parametrize(
    "error", [StorageUnavailable("away"), ValueError("a fault")], ids=lambda error: type(error).__name__
)
def test_pauses_grow_while_a_job_fails_and_end_when_it_does_not(error: Exception) -> None:
    watch = Watch(9)
    Worker([Job("one", 1.0, failing(7, error))]).run(watch)
    assert [round(wait) for wait in watch.waits] == [0, 2, 4, 8, 16, 30, 30, 30, 1, 1]


def test_a_failing_job_does_not_hold_up_the_others() -> None:
    done: list[str] = []
    watch = Watch(5)
    ill = Job("ill", 0.0, failing(100, ValueError("a fault")))
    Worker([ill, Job("well", 0.0, lambda: done.append("well"))]).run(watch)
    assert len(done) >= 2


def test_a_job_that_drains_goes_on_at_once_and_the_others_have_their_turn() -> None:
    order: list[str] = []
    left = iter([3, 2, 1, 0])

    def drain() -> int:
        order.append("drain")
        return next(left, 0)

    watch = Watch(6)
    Worker([Job("drain", 50.0, drain, drains=True), Job("other", 100.0, lambda: order.append("other") or 7)]).run(watch)
    assert order == ["drain", "other", "drain", "drain", "drain", "drain"][: len(order)]
    assert sum(wait > 1 for wait in watch.waits) >= 1, "no pause when all was done"


def test_once_drains_and_lets_a_fault_out() -> None:
    left, others = iter([3, 2, 1, 0]), iter(range(1, 10))
    Worker([Job("drain", 1.0, lambda: next(left), drains=True), Job("other", 1.0, lambda: next(others))]).once()
    assert list(left) == []
    assert next(others) == 2
    with pytest.raises(StorageUnavailable):
        Worker([Job("ill", 1.0, failing(1, StorageUnavailable("away")))]).once()


def test_the_heart_beats_with_each_round(tmp_path: Path) -> None:
    Worker([Job("ill", 1.0, failing(9, ValueError("a fault")))], tmp_path / "beat").run(Watch(1))
    assert (tmp_path / "beat").exists()


# -- the process


@pytest.fixture
def shop(engine: Engine) -> Engine:
    """A campaign with three sold places."""
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A"), diners("d1"))
    row = {"version": 1, "created_at": NOON, "updated_at": NOON, "closed_at": None}
    keep(
        engine,
        campaigns=[{**campaign(1).__dict__, **row}],
        ad_impressions=[place(f"q{n}", NOON - timedelta(hours=1), price=MICRO) for n in range(3)],
    )
    return engine


def spent(engine: Engine) -> int:
    return Ledger(engine).spent("aldermoor").get("c1", 0)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@contextmanager
def worker(url: str, home: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """`tablestakes worker` as a process; killed at the end should it still run."""
    environment = {
        **os.environ,
        "TABLESTAKES_HOME": str(home),
        "TABLESTAKES_DATABASE_URL": url,
        "TABLESTAKES_SETTLE_AFTER_SECONDS": "0",
    }
    command = [sys.executable, "-m", "services.cli", "worker", *options]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_once_settles_what_there_is_and_ends(shop: Engine, database_url: str, tmp_path: Path) -> None:
    EventLog(shop).append([event(n, request_id=f"q{n}") for n in range(3)])
    with worker(database_url, tmp_path, "--once") as process:
        assert process.wait(PATIENCE) == 0
    assert spent(shop) == 3 * MICRO


def test_it_settles_what_comes_and_ends_on_sigterm(shop: Engine, database_url: str, tmp_path: Path) -> None:
    log = EventLog(shop)
    with worker(database_url, tmp_path) as process:
        for number in range(3):
            log.append([event(number, request_id=f"q{number}")])
            until(lambda number=number: spent(shop) == (number + 1) * MICRO)
        assert (tmp_path / "worker.heartbeat").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert "worker_stopped" in process.stderr.read()


def test_it_waits_for_a_database_that_is_away(
    postgres_server: PostgresServer, migrated_template: str, tmp_path: Path
) -> None:
    url = postgres_server.url(postgres_server.create_database(migrated_template))
    postgres_server.stop()
    try:
        with worker(url, tmp_path) as process:
            assert process.stderr is not None
            for event_name in ("worker_waits_for_the_database", "job_waits_for_the_database"):
                while event_name not in (line := process.stderr.readline()):
                    assert line, "it ended"
                postgres_server.start()
                until((tmp_path / "worker.heartbeat").exists)
                if event_name == "worker_waits_for_the_database":
                    postgres_server.stop()
            while "job_recovered" not in (line := process.stderr.readline()):
                assert line, "it ended"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
    finally:
        if postgres_server.process is None:
            postgres_server.start()


def test_once_says_in_one_line_that_the_database_is_away(tmp_path: Path) -> None:
    with worker(f"postgresql+psycopg://nobody@/x?host={tmp_path}", tmp_path, "--once") as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "does not answer" in said
    assert "Traceback" not in said
