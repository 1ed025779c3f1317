"""What reasons cost a list: requests a second with `explain=none`, `reasons` and `full`, interleaved in one run.

    TABLESTAKES_HOME=var/home python -m services.api.measure_reasons [--requests 300] [--rounds 5] [--k 20]

The whole application answers (key, validation, feature cache, ranking, presentation), one request after the other,
without a socket: what a server, a network and the log's writer add is the same for all three, so shares are lower here
than they are over HTTP. Every diner is asked for with each level in turn, in changing order; what is counted is the CPU
time of the thread that answers. A share is the ratio of medians, with a 95 % interval from bootstrapped diners.
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
from services.api.hot_path import PATH
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.serving.replay_inputs import EXPLAIN
from services.settings import Settings

_RESAMPLES: Final = 2_000


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
    typical = np.median(seconds, axis=0)  # (diners, levels)
    drawn = np.random.default_rng(0).integers(0, len(diners), (_RESAMPLES, len(diners)))
    medians = np.median(typical[drawn], axis=1)  # (resamples, levels)
    lines = [f"{len(diners)} diners, {rounds} rounds, lists of {k}"]
    for level, name in enumerate(EXPLAIN):
        low, high = np.quantile(medians[:, 0] / medians[:, level], [0.025, 0.975])
        own = np.median(typical, axis=0)
        share = f"throughput {own[0] / own[level]:.1%} of that of none ({low:.1%} to {high:.1%})"
        lines.append(f"{name:8} {own[level] * 1e6:6.0f} us a request; {share}")
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
    given = parser.parse_args()
    for line in asyncio.run(measure(Settings(), given.requests, given.rounds, given.k)):
        print(line)


if __name__ == "__main__":
    main()
