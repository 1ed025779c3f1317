"""What reasons cost a list: requests a second with `explain=none`, `reasons` and `full`, interleaved in one run.

    TABLESTAKES_HOME=var/home python -m services.api.measure_reasons [--requests 300] [--rounds 9] [--k 20]

The whole application answers (key, validation, feature cache, ranking, presentation, log), one request after the
other, without a socket: what a server and a network add is the same for all three, so shares are a little lower here
than they are over HTTP. Every round asks for each level in turn, in changing order, for the same diners; a share is a
median over rounds, with a 95 % interval from bootstrapped rounds.
"""

import argparse
import asyncio
import time
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np

from services.access.keys import ensure_keys
from services.access.roles import Role
from services.api.app import create_app
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.serving.replay_inputs import EXPLAIN
from services.settings import Settings

_RESAMPLES: Final = 2_000


async def measure(settings: Settings, requests: int, rounds: int, k: int) -> list[str]:
    """Lines of figures."""
    key, diners = _prepared(settings, requests)
    app = create_app(settings)
    seconds: dict[str, list[float]] = {level: [] for level in EXPLAIN}
    async with app.router.lifespan_context(app):
        for number in range(-1, rounds):
            turn = EXPLAIN[number % len(EXPLAIN) :] + EXPLAIN[: number % len(EXPLAIN)]
            for level in turn:
                spent = await _asked(app, key, diners, level, k)
                if number >= 0:  # the first round warms up
                    seconds[level].append(spent / len(diners))
    none = np.asarray(seconds["none"])
    lines = [f"{requests} requests of {k}, {rounds} rounds; CPU time of the process a request"]
    for level in EXPLAIN:
        own = np.asarray(seconds[level])
        share, low, high = _interval(none / own)
        of_none = f"throughput {share:.1%} of that of none ({low:.1%} to {high:.1%})"
        lines.append(f"{level:8} {np.median(own) * 1e6:7.0f} us; {of_none}")
    return lines


def _prepared(settings: Settings, count: int) -> tuple[str, list[str]]:
    """An app's key, and diners of the first market."""
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        keys, catalogue = ensure_keys(engine, settings.keys_file), CatalogueStore(engine)
        known = catalogue.diners(catalogue.markets()[0].market, None, count)
    finally:
        engine.dispose()
    return keys[Role.APP], [diner.user_id for diner in known]


async def _asked(app: Any, key: str, diners: list[str], level: str, k: int) -> float:
    """Seconds of CPU that one list a diner takes."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    scopes = [
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/v1/recommendations",
            "raw_path": b"/v1/recommendations",
            "query_string": urlencode({"user_id": diner, "k": k, "explain": level}).encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        for diner in diners
    ]
    started = time.process_time()
    for scope in scopes:
        await app(scope, receive, send)
    spent = time.process_time() - started
    if set(status) != {200}:
        raise SystemExit(f"the application answered {sorted(set(status))}")
    return spent


def _interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float, float]:
    drawn = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return float(np.median(values)), float(low), float(high)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--k", type=int, default=20)
    given = parser.parse_args()
    for line in asyncio.run(measure(Settings(), given.requests, given.rounds, given.k)):
        print(line)


if __name__ == "__main__":
    main()
