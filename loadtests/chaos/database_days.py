"""The database killed, hung, locked, full and read-only: lists go on, events are refused in time, none is lost."""

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from loadtests.chaos.intake import is_event, ledger_checks, outage_checks, stream_of
from loadtests.chaos.promises import Check, all_of, within
from loadtests.chaos.stage import Stage, clean_log
from loadtests.chaos.traffic import Answers
from loadtests.homes import Home
from loadtests.postgres import (
    NOT_INSTALLED,
    PostgresServer,
    either_url,
    find_binaries,
    running_postgres,
    running_replica,
)
from services.database.engine import open_database
from services.database.schema import billing_queue
from services.database.transactions import reading

Found = tuple[Sequence[Check], dict[str, Any]]

_BACK_LIMIT = 2.0
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class _OnPostgres:
    """A home whose database is a server's."""

    home: Home
    server: PostgresServer
    database: str
    url: str


@contextlib.contextmanager
def _on_postgres(stage: Stage) -> Iterator[_OnPostgres]:
    """A cluster of the day's own, in which a model is registered."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError(NOT_INSTALLED)
    folder = stage.fresh_folder()
    home = Home(folder / "home", stage.home.dataset)
    with running_postgres(binaries, synced=True) as server:
        database = server.create_database()
        url = server.url(database)
        environment = {**os.environ, **home.environment, "TABLESTAKES_DATABASE_URL": url}
        command = [sys.executable, "-m", "services.cli", "train", str(home.dataset)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        yield _OnPostgres(home, server, database, url)


def _recovery(answers: Answers, ends: Sequence[float], span: float) -> list[float]:
    """Seconds from each return of the database to the last event after it that was refused."""
    found = []
    for end in ends:
        bad = answers.due(end, end + span).that(lambda each: is_event(each) and not each.good)
        found.append(max((each.due - end for each in bad), default=0.0))
    return found


def postgres_killed(stage: Stage) -> Found:
    """kill -9 of all of PostgreSQL's processes, and a start that recovers."""
    times = stage.times(20, 3)
    with _on_postgres(stage) as on, stage.serve(on.home, database_url=on.url) as server:
        ends = []
        with stream_of(stage, server, on.home, "k") as stream:
            for _ in range(times):
                time.sleep(3.0)
                on.server.crash()
                time.sleep(0.8)
                on.server.start()
                ends.append(time.monotonic())
            time.sleep(2.5)
        answers = stream.answers
        recovery = _recovery(answers, ends, 2.4)  # before the next kill
        checks = [
            *outage_checks(answers),
            *ledger_checks(stage, server, on.home, answers, "k", on.url, replays=10),
            within("back to normal within 2 s, the slowest", max(recovery), _BACK_LIMIT, "s"),
            clean_log(server.log),
        ]
    return checks, {"kills": times, "statuses": answers.statuses, "recovery_seconds": recovery}


def postgres_failover(stage: Stage) -> Found:
    """kill -9 of the primary, promotion of the replica, under two API processes and a worker; then back, and so on."""
    times = stage.times(6, 1)
    with _on_postgres(stage) as on, running_replica(on.server) as replica:
        url = either_url((on.server, replica), on.database)
        with stage.serve(on.home, 2, database_url=url) as server, _worker(on.home, url) as worker:
            pair, ends = [on.server, replica], []
            with stream_of(stage, server, on.home, "o", 120.0) as stream:
                for number in range(times):
                    if number:
                        pair[1].follow(pair[0])
                    time.sleep(2.0)
                    pair[0].crash()
                    time.sleep(0.5)
                    pair[1].promote()
                    ends.append(time.monotonic())
                    pair.reverse()
                    time.sleep(3.0)
            answers = stream.answers
            recovery = _recovery(answers, ends, 2.4)
            checks = [
                *outage_checks(answers),
                Check("the primary was away: events are refused meanwhile", *_refused(answers)),
                *ledger_checks(stage, server, on.home, answers, "o", url, replays=2),
                Check("the worker lives, and bills what was taken", *_billed(url, worker)),
                within("back to normal within 2 s, the slowest", max(recovery), _BACK_LIMIT, "s"),
                clean_log(server.log),
                clean_log(worker.log),
            ]
    return checks, {"failovers": times, "statuses": answers.statuses, "recovery_seconds": recovery}


@dataclass(frozen=True)
class _Worker:
    """The process behind the API."""

    process: "subprocess.Popen[bytes]"
    log: Path


@contextlib.contextmanager
def _worker(home: Home, url: str) -> Iterator[_Worker]:
    settings = {"DATABASE_URL": url, "LOG_JSON": "true", "SETTLE_AFTER_SECONDS": "1"}
    environment = {
        **os.environ,
        **home.environment,
        **{f"TABLESTAKES_{name}": value for name, value in settings.items()},
    }
    log = home.path.parent / "worker.log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "services.cli", "worker"]
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        yield _Worker(process, log)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15.0)
        process.kill()
        process.wait()


def _refused(answers: Answers) -> tuple[str, bool]:
    refused = answers.that(lambda each: is_event(each) and each.status == 503)
    return f"{len(refused):,} refused", len(refused) > 0


def _billed(url: str, worker: _Worker) -> tuple[str, bool]:
    """Whether the queue is empty in the end, which takes a running worker."""
    engine = open_database(url)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while worker.process.poll() is None and time.monotonic() < deadline:
            with reading(engine) as connection:
                waiting = connection.execute(select(func.count()).select_from(billing_queue)).scalar_one()
            if not waiting:
                return "nothing waits", True
            time.sleep(0.2)
    finally:
        engine.dispose()
    return f"code {worker.process.poll()}", False


def postgres_hung(stage: Stage) -> Found:
    """SIGSTOP of all of PostgreSQL's processes: connections stand, nothing is answered."""
    with _on_postgres(stage) as on, stage.serve(on.home, database_url=on.url) as server:
        with stream_of(stage, server, on.home, "h", 60.0) as stream:
            time.sleep(2.0)
            on.server.pause()
            begin = time.monotonic()
            time.sleep(stage.times(30, 12))
            on.server.resume()
            end = time.monotonic()
            time.sleep(4.0)
        answers = stream.answers
        meanwhile = answers.due(begin, end).that(lambda each: not is_event(each))
        checks = [
            *outage_checks(answers),
            *ledger_checks(stage, server, on.home, answers, "h", on.url),
            within("p99 of lists meanwhile", meanwhile.ms(0.99), 1e3 * _BACK_LIMIT),
            clean_log(server.log),
        ]
    return checks, {"statuses": answers.statuses, "lists_p99_ms": meanwhile.ms(0.99)}


def postgres_read_only(stage: Stage) -> Found:
    """The server comes back as a replica, which takes no writes, and later as the primary: reads go on."""
    with _on_postgres(stage) as on, stage.serve(on.home, database_url=on.url) as server:
        with stream_of(stage, server, on.home, "r") as stream:
            time.sleep(2.0)
            on.server.switch_to_standby(standby=True)
            begin = time.monotonic()
            time.sleep(stage.times(10, 3))
            end = time.monotonic()
            on.server.switch_to_standby(standby=False)
            time.sleep(3.0)
        answers = stream.answers
        meanwhile = answers.due(begin, end).that(is_event)
        checks = [
            *outage_checks(answers),
            all_of("every event meanwhile is refused", len(meanwhile) - meanwhile.good, len(meanwhile), "events"),
            *ledger_checks(stage, server, on.home, answers, "r", on.url),
            clean_log(server.log),
        ]
    return checks, {"statuses": answers.statuses}


def sqlite_locked(stage: Stage) -> Found:
    """Another process holds SQLite's write lock for longer than anybody waits."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    file = home.path / "tablestakes.db"
    with stage.serve(home) as server:
        with stream_of(stage, server, home, "l") as stream:
            time.sleep(1.0)
            for _ in range(stage.times(5, 1)):
                with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=30.0)) as holder:
                    holder.execute("BEGIN IMMEDIATE")
                    time.sleep(8.0)
                    holder.execute("ROLLBACK")
                time.sleep(3.0)
        answers = stream.answers
        checks = [
            *outage_checks(answers),
            *ledger_checks(stage, server, home, answers, "l", f"sqlite:///{file}"),
            clean_log(server.log),
        ]
    return checks, {"statuses": answers.statuses}


def sqlite_full(stage: Stage) -> Found:
    """No room left on SQLite's file system; then there is again."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    way, fill = _small_disk(folder / "home")
    with way, stage.serve(home) as server:
        with stream_of(stage, server, home, "f") as stream:
            time.sleep(1.5)
            ends = []
            for _ in range(stage.times(5, 1)):
                with fill(server.process.pid):
                    begin = time.monotonic()
                    time.sleep(3.0)
                    end = time.monotonic()
                ends.append(end)
                time.sleep(3.0)
        answers = stream.answers
        refused = answers.due(begin, end).that(lambda each: is_event(each) and not each.good)
        recovery = _recovery(answers, ends, 3.0)
        checks = [
            *outage_checks(answers),
            Check("it was full: events are refused meanwhile", f"{len(refused):,} refused", len(refused) > 0),
            *ledger_checks(stage, server, home, answers, "f", f"sqlite:///{home.path / 'tablestakes.db'}"),
            within("back to normal within 2 s, the slowest", max(recovery), _BACK_LIMIT, "s"),
            clean_log(server.log),
        ]
    return checks, {"statuses": answers.statuses, "way": way.name, "recovery_seconds": recovery}


class _Mounted:
    """A file system in memory over a folder, with what was in it, smaller than what will be written."""

    name = "tmpfs"

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        self._megabytes = megabytes

    def __enter__(self) -> None:
        aside = self._folder.with_name("aside")
        self._folder.rename(aside)
        self._folder.mkdir(mode=0o700)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self._megabytes}m", "tmpfs", str(self._folder)], check=True
        )
        subprocess.run(["cp", "-a", f"{aside}/.", str(self._folder)], check=True)

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self._folder)], check=True)


class _Nothing:
    name = "RLIMIT_FSIZE"

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


_Fill = Callable[[int], contextlib.AbstractContextManager[None]]


def _small_disk(folder: Path) -> "tuple[_Mounted | _Nothing, _Fill]":
    """A disk that can be filled: a mounted one where that is allowed (ENOSPC), else a limit on the process (EFBIG)."""
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    probe = folder.with_name("probe")
    probe.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(probe)], capture_output=True)
    if tried.returncode == 0:
        subprocess.run(["umount", str(probe)], check=True)
        return _Mounted(folder, used // 2**20 + 200), lambda _pid: _filled(folder / "ballast")
    return _Nothing(), _files_limited


@contextlib.contextmanager
def _filled(ballast: Path) -> Iterator[None]:
    """All that is free is taken; taken again, where something was freed meanwhile, for as long as this lasts."""
    chunk = bytes(1 << 16)
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            if stream.write(chunk) < len(chunk):
                break
    yield
    ballast.unlink()


@contextlib.contextmanager
def _files_limited(pid: int) -> Iterator[None]:
    """No file of the process may grow."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
