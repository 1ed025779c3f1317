"""The system's clock jumps by an hour and by a day, there and back, under load."""

import json
import mmap
import struct
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loadtests.chaos.intake import ledger_checks, outage_checks, stream_of
from loadtests.chaos.promises import Check, none_of, within
from loadtests.chaos.redis_server import OwnRedis
from loadtests.chaos.stage import DEGRADED, Stage, call, clean_log
from loadtests.chaos.traffic import Stream, body_of
from loadtests.homes import Home
from loadtests.servers import Server

Found = tuple[Sequence[Check], dict[str, Any]]

_HOUR, _DAY = 3_600, 86_400
JUMPS = (_HOUR, 0, -_HOUR, 0, _DAY, 0, -_DAY, 0)
"""Seconds by which the clock is off, one after the other."""
_SOURCE = Path(__file__).with_name("jumping_clock.c")


class JumpingClock:
    """A clock for a process to come: its environment, and a hand to set it with while the process runs."""

    def __init__(self, folder: Path) -> None:
        """Raises RuntimeError where there is no C compiler."""
        library, file = folder / "jumping_clock.so", folder / "offset"
        command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(f"the clock cannot be compiled: {error}") from error
        file.write_bytes(bytes(8))
        with file.open("r+b") as stream:
            self._offset = mmap.mmap(stream.fileno(), 8)
        self.under = ("env", f"LD_PRELOAD={library}", f"JUMPING_CLOCK={file}")

    def set(self, seconds: int) -> None:
        """The process's clock is off by so much from now on."""
        self._offset[:] = struct.pack("<q", seconds)


def jumps(stage: Stage) -> Found:
    """Lists and events go on; ids stay apart; the breaker, the limits and the refresh do not notice."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    clock = JumpingClock(folder)
    ids: list[str] = []

    def listed(_number: int, answer: bytes) -> bool:
        body = json.loads(body_of(answer))
        ids.append(body.get("request_id", ""))
        return DEGRADED in answer

    with OwnRedis(folder) as redis, stage.serve(home, under=clock.under, redis_url=redis.url) as server:
        headers = home.headers()
        with (
            stream_of(stage, server, home, "c", 60.0) as intake,
            Stream(server.target, stage.lists(server, home), 60.0, listed) as lists,
        ):
            time.sleep(1.0)
            followed, recovery = [], []
            for offset in JUMPS:
                clock.set(offset)
                time.sleep(0.2)
                followed.append(_served_at(server, home, stage.diners[0]) - offset)
                redis.kill()
                time.sleep(0.4 if stage.quick else 1.0)
                back = redis.start()
                time.sleep(1.6 if stage.quick else 2.5)
                recovery.append(
                    max((each.at - back for each in lists.answers.due(back, back + 9.0) if each.note), default=0.0)
                )
        answers = intake.answers
        far = _far_event(stage, server, home)
        database = f"sqlite:///{home.path / 'tablestakes.db'}"
        checks = [
            *outage_checks(answers),
            *ledger_checks(stage, server, home, answers, "c", database),
            Check(
                "the clock did jump", f"off by {max(map(abs, followed)):.1f} s at most", max(map(abs, followed)) < 60.0
            ),
            none_of("two lists share an id", len(ids) - len(set(ids)), len(ids), "lists"),
            Check("an event of the day after tomorrow is refused, and said", far, far.startswith("at:")),
            within("the breaker closes within 2 s of Redis's return, whatever the time", max(recovery), 2.0, "s"),
            clean_log(server.log),
        ]
    assert headers
    return checks, {"jumps_seconds": JUMPS, "statuses": answers.statuses, "recovery_seconds": recovery}


def _served_at(server: Server, home: Home, diner: str) -> float:
    """By how many seconds the server's idea of now differs from ours, as a list tells it."""
    body = call(server.target, home, "GET", f"/v1/recommendations?user_id={diner}&k=1").body
    return (datetime.fromisoformat(body["as_of"]) - datetime.now(UTC)).total_seconds()


def _far_event(stage: Stage, server: Server, home: Home) -> str:
    """What is said to an event from the future."""
    at = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    receipt = call(server.target, home, "POST", "/v1/events", stage.event(0, "far", at=at)).body
    return receipt["rejected"][0]["problem"] if receipt["rejected"] else f"taken: {receipt}"
