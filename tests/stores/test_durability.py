"""Acknowledged means on disk: after kill -9 at any instant, and by the system calls that were made."""

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from happenings import event
from sqlalchemy import func, select

from services.database.engine import migrate, open_database
from services.database.schema import events
from services.database.transactions import reading
from services.events.log import EventLog, Outcome

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMMAND = [sys.executable, str(HERE / "appending.py")]
ENVIRONMENT = {"PYTHONPATH": str(ROOT)}


def killed_while_appending(url: str, round_name: str, rng: random.Random) -> list[str]:
    """Start the appending process, kill it at a random instant, and give the ids that it acknowledged."""
    with subprocess.Popen(
        [*COMMAND, url, round_name, "0"], stdout=subprocess.PIPE, env=ENVIRONMENT, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        head = [process.stdout.readline() for _ in range(rng.randint(1, 300))]
        time.sleep(rng.random() * 0.005)
        process.send_signal(signal.SIGKILL)
        acknowledged = b"".join([*head, process.stdout.read()]).decode().split()
        assert process.wait() == -signal.SIGKILL
    return acknowledged


def survives_kills(url: str, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: set[str] = set()
    for round_number in range(rounds):
        fresh = killed_while_appending(url, str(round_number), rng)
        assert fresh
        assert not acknowledged & set(fresh)
        acknowledged |= set(fresh)
    engine = open_database(url)
    log = EventLog(engine)
    kept = log.of_diner("aldermoor", "d1")
    ids = [found.event_id for found in kept]
    assert acknowledged - set(ids) == set(), "acknowledged and lost"
    assert len(ids) == len(set(ids))
    assert all(found == event(found.event_id[1:], value=float(found.event_id.split("-")[1])) for found in kept)
    # Who got no answer delivers again.
    assert set(log.append(kept)) == {Outcome.DUPLICATE}
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar() == len(ids)
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(database_url: str) -> None:
    survives_kills(database_url, rounds=20 if database_url.startswith("sqlite") else 5, seed=1)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_in_two_hundred_kills(database_url: str) -> None:
    survives_kills(database_url, rounds=200, seed=2)


@pytest.mark.long
def test_the_log_is_flushed_to_the_disk_before_each_acknowledgement(tmp_path: Path) -> None:
    """A kill does not show a missing flush, since the system keeps its own cache; the system calls do."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    url, trace = f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "trace"
    engine = open_database(url)
    migrate(engine)
    engine.dispose()
    command = ["strace", "-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", str(trace)]
    subprocess.run(
        [*command, *COMMAND, url, "0", "50", "one-by-one"], check=True, env=ENVIRONMENT, cwd=ROOT, capture_output=True
    )
    acknowledged, unflushed = 0, False
    for call in trace.read_text().splitlines():
        if re.search(r"pwrite64\(\d+<[^>]*x\.db-wal>", call):
            unflushed = True
        elif re.search(r"f(data)?sync\(\d+<[^>]*x\.db-wal>\) += 0", call) or "sync resumed>) " in call:
            unflushed = False
        elif re.search(r'write\(1<[^>]*>, "e0-\d+', call):
            assert not unflushed, f"acknowledged before the flush: {call}"
            acknowledged += 1
    assert acknowledged == 50
