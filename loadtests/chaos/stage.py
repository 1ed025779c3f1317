"""Where bad days are played: homes to spoil, servers over them, and the requests that diners' apps send."""

import contextlib
import http.client
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from data.dataset import Dataset
from loadtests.chaos.promises import Check
from loadtests.connection import Target
from loadtests.homes import Home, build_home
from loadtests.servers import Server, serving

K = 10
DEGRADED = b'"feature-cache-away"'
_EVENTS_PATH = "/v1/events"


@dataclass(frozen=True)
class Call:
    """One request's answer."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class Stage:
    """Shared by the days of one run. Each day takes a fresh copy of the home and may do to it what it likes."""

    home: Home
    """Never served from: it is what the copies are made of."""
    folder: Path
    quick: bool = False
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def times(self, full: int, quick: int) -> int:
        """How often: `full`, or `quick` in the short form."""
        return quick if self.quick else full

    @cached_property
    def diners(self) -> list[str]:
        """Ids of the diners."""
        return self.home.diners()

    @cached_property
    def market(self) -> str:
        """The only market."""
        return Dataset.open(self.home.dataset).markets[0]

    @cached_property
    def restaurants(self) -> list[str]:
        """Ids of the restaurants."""
        return [str(each) for each in Dataset.open(self.home.dataset).restaurants()["restaurant_id"]]

    def fresh_folder(self) -> Path:
        """A folder of a day's own; its path is short, for there will be sockets in it."""
        folder = self.folder / f"{next(self._numbers)}"
        folder.mkdir()
        return folder

    def fresh_home(self, folder: Path) -> Home:
        """A copy of the home in `folder`, its model versions included."""
        path = folder / "home"
        shutil.copytree(self.home.path, path, ignore=shutil.ignore_patterns("redis"))
        with contextlib.closing(sqlite3.connect(path / "tablestakes.db")) as database, database:
            database.execute(  # paths are absolute
                "UPDATE model_versions SET path = replace(path, ?, ?)",
                (str(self.home.path.absolute()), str(path.absolute())),
            )
        return Home(path, self.home.dataset)

    @contextlib.contextmanager
    def serve(self, home: Home, workers: int = 1, under: tuple[str, ...] = (), **settings: Any) -> Iterator[Server]:
        """A server over the home, ready; `settings` as they stand in the environment, without the prefix.

        `under`: a command that the server is started by, strace say.
        """
        command = [*under, *home.serve_command[:-1], str(workers)]
        # Short forms are played beside other tests: a machine that is busy with them is none of the bad days.
        patience = {"overload_lag_ms": 0} if self.quick else {}
        given = {f"TABLESTAKES_{name.upper()}": str(value) for name, value in {**patience, **settings}.items()}
        environment = {**home.environment, "TABLESTAKES_LOG_JSON": "true", **given}
        log = home.path.parent / "server.log"
        with serving("the server", command, log=log, environment=environment, core=None) as server:
            yield server

    def lists(self, server: Server, home: Home, query: str = "") -> Callable[[int], bytes]:
        """Requests of lists, of one diner after the other."""
        headers = home.headers()
        paths = [f"/v1/recommendations?user_id={diner}&k={K}{query}" for diner in self.diners]
        requests = [server.target.request(path, headers=headers) for path in paths]
        return lambda number: requests[number % len(requests)]

    def event(self, number: int, run: str = "", **changes: Any) -> dict[str, Any]:
        """The `number`th event of a run: always the same."""
        return {
            "event_id": f"chaos{run}-{number:08d}",
            "type": "click",
            "market": self.market,
            "user_id": self.diners[number % len(self.diners)],
            "restaurant_id": self.restaurants[number % len(self.restaurants)],
            "at": _STARTED,
            **changes,
        }

    def events(self, server: Server, home: Home, run: str = "") -> Callable[[int], bytes]:
        """Requests that deliver one event each."""
        headers = {**home.headers(), "content-type": "application/json"}

        def request(number: int) -> bytes:
            body = json.dumps(self.event(number, run)).encode()
            return server.target.request(_EVENTS_PATH, method="POST", headers=headers, body=body)

        return request


_STARTED = datetime.now(UTC).isoformat()


def call(
    target: Target, home: Home, method: str, path: str, body: Any = None, role: str = "app", seconds: float = 60.0
) -> Call:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    headers = {**home.headers(role), "content-type": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    return Call(
        answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(data or b"null")
    )


def train_another(home: Home) -> None:
    """A second version beside the champion."""
    command = [sys.executable, "-m", "services.cli", "train", str(home.dataset), "--seed", "2"]
    subprocess.run(command, env={**os.environ, **home.environment}, check=True, capture_output=True)


def clean_log(log: Path) -> Check:
    """A promise that the server met no error that nobody had thought of."""
    lines = log.read_text(errors="replace").splitlines()
    found = [json.loads(line) for line in lines if "Traceback (most recent" in line and line.startswith("{")]
    kinds = Counter(f"{each['event'][:60]}: {each['exception'].splitlines()[-1][:160]}" for each in found)
    seen = "; ".join(f"{count} x {kind}" for kind, count in kinds.most_common(3))
    return Check("no stack trace in the server's log", seen or "none", not found)


@contextlib.contextmanager
def built_stage(quick: bool) -> Iterator[Stage]:
    """A stage with a city of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tschaos-") as temporary:
        folder = Path(temporary)
        home = build_home(folder, restaurants=300, diners=1_000)
        yield Stage(home, folder, quick)
