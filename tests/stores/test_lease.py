"""One holder at a time, over processes that are slow, paused and killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from happenings import NOON
from sqlalchemy import Engine

from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.transactions import writing
from services.retraining.lease import Lease, LeaseLost, Leases

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class Set(Clock):
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.time = NOON

    def now(self):
        return self.time


def taken(leases: Leases, name: str = "work") -> Lease:
    lease = leases.acquire(name, "tests", 10.0)
    assert lease is not None
    return lease


def check(engine: Engine, leases: Leases, lease: Lease) -> None:
    with writing(engine) as connection:
        leases.check(connection, lease)


def test_a_lease_that_is_held_is_not_given_and_one_that_is_over_is(engine: Engine) -> None:
    clock = Set()
    leases = Leases(engine, clock)
    first = taken(leases)
    assert leases.acquire("work", "another", 10.0) is None
    assert leases.holder("work") == "tests"
    assert taken(leases, "other work").token == 1
    clock.time += timedelta(seconds=10)
    assert leases.holder("work") is None
    second = taken(leases)
    assert (first.token, second.token) == (1, 2)
    for use in (lambda: check(engine, leases, first), lambda: leases.renew(first, 5.0), lambda: leases.release(first)):
        with pytest.raises(LeaseLost, match="'work' has gone to tests"):
            use()
    check(engine, leases, second)


def test_a_holder_that_is_late_keeps_what_nobody_has_taken(engine: Engine) -> None:
    clock = Set()
    leases = Leases(engine, clock)
    lease = taken(leases)
    clock.time += timedelta(hours=1)
    check(engine, leases, lease)
    leases.renew(lease, 10.0)
    assert leases.acquire("work", "another", 10.0) is None
    leases.release(lease)
    assert taken(leases).token == lease.token + 1


def test_a_lease_that_was_never_given_is_nobodys(engine: Engine) -> None:
    with pytest.raises(LeaseLost, match="nobody"):
        check(engine, Leases(engine, Clock()), Lease("work", "tests", 1))


# -- real processes


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(database_url: str):
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> "subprocess.Popen[str]":
        script = str(Path(__file__).with_name("leasing.py"))
        process = subprocess.Popen(
            [sys.executable, script, database_url, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def test_two_processes_are_never_in_there_together(start: Start, tmp_path: Path) -> None:
    processes = [start("contend", str(tmp_path)) for _ in range(3)]
    said = [process.communicate(timeout=PATIENCE)[0].split() for process in processes]
    assert all("TOGETHER" not in words for words in said)
    assert sum(int(words[-1]) for words in said) >= 3


def awaited(engine: Engine) -> Lease:
    """The lease, as soon as it is to be had."""
    leases, until = Leases(engine, Clock()), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if (lease := leases.acquire("work", "the tests", 30.0)) is not None:
            return lease
        time.sleep(0.05)
    raise AssertionError("the lease was never free")


def taken_from(holder: "subprocess.Popen[str]", engine: Engine) -> Lease:
    """Stop the holder, and take its lease once it has run out."""
    for _ in range(10):
        holder.send_signal(signal.SIGSTOP)
        try:
            return awaited(engine)
        except StorageUnavailable:  # stopped in the midst of a renewal, its row stays locked
            holder.send_signal(signal.SIGCONT)
            time.sleep(0.1)
    raise AssertionError("whenever the holder was stopped it was renewing")


def test_a_holder_that_was_paused_writes_nothing_when_it_wakes(start: Start, engine: Engine) -> None:
    paused = start("write")
    assert line(paused.stdout) == "1"
    assert Leases(engine, Clock()).acquire("work", "the tests", 30.0) is None, "it renews what it holds"
    assert taken_from(paused, engine).token == 2
    paused.send_signal(signal.SIGCONT)
    said, _ = paused.communicate("now\n", timeout=PATIENCE)
    assert said.strip() == "lost: the lease 'work' has gone to the tests"


def test_a_holder_that_is_not_paused_writes_long_after_its_first_term(start: Start, engine: Engine) -> None:
    slow = start("write")
    assert line(slow.stdout) == "1"
    time.sleep(2.0)
    said, _ = slow.communicate("now\n", timeout=PATIENCE)
    assert said.strip() == "written"
    assert awaited(engine).token == 2


def test_the_lease_of_a_killed_process_comes_free(start: Start, engine: Engine) -> None:
    killed = start("write")
    assert line(killed.stdout) == "1"
    killed.kill()
    assert awaited(engine).token == 2
