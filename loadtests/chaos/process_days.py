"""API processes killed under event intake, told to end in the middle of their work, watched by a system-call trace."""

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadtests.chaos.intake import is_event, ledger_checks, outage_checks, stream_of
from loadtests.chaos.promises import Check, all_of, none_of, within
from loadtests.chaos.redis_server import OwnRedis, SlowProxy
from loadtests.chaos.stage import Stage, call, clean_log
from loadtests.chaos.traffic import Stream
from loadtests.processes import descendants
from loadtests.servers import Server

Found = tuple[Sequence[Check], dict[str, Any]]

_WORKERS = 2
_START_SECONDS = 60.0
_DRAIN_LIMIT = 10.0


def workers_killed(stage: Stage) -> Found:
    """kill -9 of one API process after the other, at random moments, while lists are asked for and events delivered."""
    kills, draw = stage.times(200, 2), random.Random(3)
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    with stage.serve(home, _WORKERS) as server:
        with stream_of(stage, server, home, "w", 160.0) as stream:
            for number in range(kills):
                _await_start(server, _WORKERS + number)
                time.sleep(draw.random() * 0.3)
                os.kill(draw.choice(_workers(server)), signal.SIGKILL)
            _await_start(server, _WORKERS + kills)
            time.sleep(1.0)
        answers = stream.answers
        lost = answers.that(lambda each: each.status <= 0)
        delivered = answers.that(is_event)
        checks = [
            *outage_checks(answers, lost=True),
            *ledger_checks(stage, server, home, answers, "w", f"sqlite:///{home.path / 'tablestakes.db'}", replays=10),
            Check(
                "a kill breaks what was under way and no more",
                f"{len(lost)} lost in {kills} kills",
                len(lost) < 40 * kills,
            ),
            clean_log(server.log),
        ]
    return checks, {
        "kills": kills,
        "statuses": answers.statuses,
        "events": len(delivered),
    }


def _workers(server: Server) -> list[int]:
    """The processes that answer: children of the one that was started, without helpers of Python's."""
    return [pid for pid in descendants(server.process.pid)[1:] if b"multiprocessing-fork" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _await_start(server: Server, count: int) -> None:
    """Until so many processes have come to answer since the beginning: a kill before that hits one that does not."""
    deadline = time.monotonic() + _START_SECONDS
    while server.log.read_bytes().count(b"Application startup complete") < count:
        if time.monotonic() > deadline:
            raise RuntimeError("a killed process was not started again")
        time.sleep(0.02)


def told_to_end(stage: Stage) -> Found:
    """SIGTERM while a hundred lists are under way, each held up for half a second by a slow Redis."""
    checks: list[Check] = []
    figures: dict[str, Any] = {"exit_seconds": [], "under_way": []}
    for _ in range(stage.times(5, 1)):
        folder = stage.fresh_folder()
        home = stage.fresh_home(folder)
        with (
            OwnRedis(folder) as redis,
            SlowProxy(folder, redis.url) as proxy,
            stage.serve(home, redis_url=proxy.url, redis_timeout_ms=5_000) as server,
        ):
            proxy.seconds = 0.5
            with Stream(server.target, stage.lists(server, home), 150.0) as stream:
                time.sleep(1.5)
                told = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                code = server.process.wait(30)
                ended = time.monotonic()
            answers = stream.answers
        # What was due just before may not have found a connection yet: it was never taken.
        taken = answers.due(0.0, told - 0.25)
        under_way = taken.that(lambda each, told=told: each.at > told)
        checks += [
            all_of("every list that was under way is answered with 200", under_way.good, len(under_way), "lists"),
            none_of("any list is answered with 5xx", answers.server_errors, len(answers)),
            Check("the process ends cleanly", f"code {code}", code in (0, -signal.SIGTERM)),
            within("it ends within 10 s", ended - told, _DRAIN_LIMIT, "s"),
            clean_log(server.log),
        ]
        figures["exit_seconds"].append(ended - told)
        figures["under_way"].append(len(under_way))
    return checks, figures


def synced(stage: Stage) -> Found:
    """Each event's bytes are on the disk before its answer leaves, by the system calls that the server made.

    What it proves: the write-ahead log's page with the event's id was written, and an fdatasync of that file returned
    0, before the first byte of the 202 was sent. It proves nothing of a disk that says so and has not.
    """
    if shutil.which("strace") is None:
        raise RuntimeError("strace is not installed")
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    trace = folder / "trace"
    calls = "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
    under = ("strace", "-f", "-y", "-s", "4500", "-e", calls, "-o", str(trace))
    count = stage.times(200, 30)
    run = f"s{os.getpid()}"
    with stage.serve(home, under=under) as server:
        for number in range(count):
            receipt = call(server.target, home, "POST", "/v1/events", stage.event(number, run))
            assert receipt.body["accepted"] == 1, receipt
    proven, early = _proven(trace, [stage.event(number, run)["event_id"] for number in range(count)])
    return [
        all_of("an event's page is written and synced before its answer leaves", proven, count, "events"),
        none_of("an answer leaves before the sync", early, count, "events"),
    ], {"events": count}


_SYNCED = re.compile(r"f(?:data)?sync\(\d+<[^>]*\.db-wal>\) += 0|<\.\.\. f(?:data)?sync resumed>\) += 0")


def _proven(trace: Path, ids: Sequence[str]) -> tuple[int, int]:
    """How many events were synced before their answer, and how many answers came before."""
    waiting = iter(ids)
    current = next(waiting, None)
    state = "unseen"
    proven = early = 0
    with trace.open(errors="replace") as lines:
        for line in lines:
            if current is None:
                break
            if "pwrite64(" in line and ".db-wal>" in line and current in line:
                state = "written"
            elif state == "written" and _SYNCED.search(line):
                state = "synced"
            elif "HTTP/1.1 202" in line:
                proven += state == "synced"
                early += state != "synced"
                current, state = next(waiting, None), "unseen"
    return proven, early
