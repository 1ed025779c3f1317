"""What reasons cost a list: requests a second with `explain=none`, `reasons` and `full`, interleaved in one run.

    TABLESTAKES_HOME=var/home python -m services.api.measure_reasons [--requests 300] [--rounds 5] [--k 20] [--http]

The whole application answers (key, validation, feature cache, ranking, presentation), one request after the other,
without a socket: what a server, a network and the log's writer add is the same for all three, so shares are lower here
than they are over HTTP. Every diner is asked for with each level in turn, in changing order; what is counted is the CPU
time of the thread that answers. A share is the ratio of medians, with a 95 % interval from bootstrapped diners.

With `--http` a server of its own answers over a socket, and what is counted is the CPU time of the thread that answers
(Linux): a server that is asked for more than it can answers as many as that allows.
"""

import argparse
import asyncio
import contextlib
import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from services.access.keys import ensure_keys
from services.access.roles import Role
from services.api.app import create_app
from services.api.hot_path import PATH
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.measuring import first_market
from services.serving.replay_inputs import EXPLAIN
from services.settings import Settings

_RESAMPLES: Final = 2_000
_START_SECONDS: Final = 120.0


async def measure(settings: Settings, requests: int, rounds: int, k: int) -> list[str]:
    """Lines of figures."""
    key, diners = _prepared(settings, requests)
    app = create_app(settings)
    seconds = np.zeros((rounds, len(diners), len(EXPLAIN)))
    async with app.router.lifespan_context(app):
        for number in range(-1, rounds):
            for place, diner in enumerate(diners):
                for turn in range(len(EXPLAIN)):
                    level = (number + place + turn) % len(EXPLAIN)
                    spent = await _asked(app, key, diner, EXPLAIN[level], k)
                    if number >= 0:  # the first round warms up
                        seconds[number, place, level] = spent
    return _lines(f"{len(diners)} diners, {rounds} rounds, lists of {k}", np.median(seconds, axis=0))


def measure_over_http(settings: Settings, requests: int, rounds: int, k: int) -> list[str]:
    """Lines of figures. Asks for all diners with one level, then with the next; the order turns from round to round."""
    key, diners = _prepared(settings, requests)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "services.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _await(port)
        seconds = np.zeros((rounds, len(EXPLAIN)))
        for number in range(-1, rounds):
            for turn in range(len(EXPLAIN)):
                level = (number + turn) % len(EXPLAIN)
                before = _cpu_seconds(server.pid)
                _ask_all(port, key, diners, EXPLAIN[level], k)
                if number >= 0:  # the first round warms up
                    seconds[number, level] = (_cpu_seconds(server.pid) - before) / len(diners)
    finally:
        server.terminate()
        server.wait(60)
    return _lines(f"over HTTP: {len(diners)} diners, {rounds} rounds, lists of {k}", seconds)


def _lines(about: str, typical: npt.NDArray[np.float64]) -> list[str]:
    """From seconds (n, levels); the n are drawn anew for the intervals."""
    drawn = np.random.default_rng(0).integers(0, len(typical), (_RESAMPLES, len(typical)))
    medians = np.median(typical[drawn], axis=1)  # (resamples, levels)
    lines = [about]
    for level, name in enumerate(EXPLAIN):
        low, high = np.quantile(medians[:, 0] / medians[:, level], [0.025, 0.975])
        own = np.median(typical, axis=0)
        share = f"throughput {own[0] / own[level]:.1%} of that of none ({low:.1%} to {high:.1%})"
        lines.append(f"{name:8} {own[level] * 1e6:6.0f} us a request; {share}")
    return lines


def _await(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"the server was not ready in {_START_SECONDS:.0f} s")


def _ask_all(port: int, key: str, diners: list[str], level: str, k: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for diner in diners:
        query = urlencode({"user_id": diner, "k": k, "explain": level})
        connection.request("GET", f"{PATH}?{query}", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the server answered {answer.status}")
    connection.close()


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process's first thread, which answers, in nanoseconds' steps."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) * 1e-9


def _prepared(settings: Settings, count: int) -> tuple[str, list[str]]:
    """An app's key, and diners of the first market."""
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        keys, catalogue = ensure_keys(engine, settings.keys_file), CatalogueStore(engine)
        known = catalogue.diners(first_market(engine), None, count)
    finally:
        engine.dispose()
    return keys[Role.APP], [diner.user_id for diner in known]


async def _asked(app: Any, key: str, diner: str, level: str, k: int) -> float:
    """Seconds of CPU that one list takes."""
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": urlencode({"user_id": diner, "k": k, "explain": level}).encode(),
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    started = time.thread_time()
    await app(scope, receive, send)
    spent = time.thread_time() - started
    if status != [200]:
        raise SystemExit(f"the application answered {status}")
    return spent


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--http", action="store_true")
    given = parser.parse_args()
    sizes = (given.requests, given.rounds, given.k)
    for line in measure_over_http(Settings(), *sizes) if given.http else asyncio.run(measure(Settings(), *sizes)):
        print(line)


if __name__ == "__main__":
    main()
