"""Workers started by tests, and what becomes of their children."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from services.clock import Clock
from services.retraining.lease import Leases

ROOT = Path(__file__).parents[1]
PATIENCE = 600.0  # a child is niced: on a busy machine it waits for all others


@contextmanager
def workers(home: Path, **settings: str) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """`start(*options)`: a worker over this home in a process of its own; all are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, **settings, "TABLESTAKES_HOME": str(home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "services.cli", "worker", *options]
        with (home / "worker.log").open("ab") as log:
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


def child_of(engine: Engine, lease: str) -> int:
    """The pid of the process that holds the lease."""
    found: list[str] = []

    def held() -> bool:
        holder = Leases(engine, Clock()).holder(lease)
        found.extend([holder] if holder else [])
        return bool(found)

    awaited(held)
    return int(found[0].rpartition(":")[2])
