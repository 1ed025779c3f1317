"""`make bench`: what a list of recommendations costs, as ratios in one run.

Each contestant is one worker process on core 0; the load comes from this process on core 1. Compared are

    tablestakes      GET /v1/recommendations?user_id=…&k=20&explain=reasons, everything on: random diners, no geographic
                     filter, key checked, request log on, places sold to the city's campaigns, exposure controlled
    without reasons  the same server asked for the default policy, which controls no exposure, and for no reasons
    money off        and for a policy that sells nothing
    no-op            a FastAPI endpoint with the same query parameters that answers with the same bytes
    no-op, bare      the same without query parameters
    naive            LightFM.predict + pandas sort + json, as one would write it first (loadtests/naive.py)

Throughput and CPU from 16 connections in a closed loop; latency of ours and of the no-op from an open loop, each at
half of its own capacity, and both at half of ours.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import redis

from loadtests import naive, noop
from loadtests.comparison import Contestant, interleave
from loadtests.homes import Home, HomeError, build_home
from loadtests.latency import climb, stage_medians_us
from loadtests.processes import pin
from loadtests.provenance import provenance
from loadtests.report import (
    API,
    BARE,
    NAIVE,
    NOOP,
    NOOP_AGAIN,
    OFF,
    OWN_HALF,
    PLAIN,
    SAME_RATE,
    SCHEMA_VERSION,
    Size,
    lines,
)
from loadtests.servers import CLIENT_CORE, Server, ServerError, end_tidily, serving, uvicorn_command
from loadtests.trace import recommendation_paths
from services.features import EmbeddedRedis
from services.retraining import measure as measure_retraining

_POLICIES: dict[str, dict[str, Any]] = {
    "money-off": {"ads": {"money": 0.0}},
    "everything-on": {"fairness": {"gain": 0.01, "newcomer_quota": 0.05}},
}
_EVERYTHING = "&explain=reasons&policy=everything-on"
PATHS = 4_096
"""Requests that are prepared and then asked in turn; more than there are diners, so that caches see a real mix."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    restaurants: tuple[int, ...]
    seed: int = 1
    retraining: bool = False


def run(plan: Plan, folder: Path) -> Iterator[Size]:
    """Measure one size after another; homes and logs go into `folder`."""
    pin(os.getpid(), CLIENT_CORE)
    for restaurants in plan.restaurants:
        yield _measure_size(plan, folder / str(restaurants), restaurants)


def _measure_size(plan: Plan, folder: Path, restaurants: int) -> Size:
    folder.mkdir(parents=True)
    _say(f"{restaurants:,} restaurants: generating and training")
    home = build_home(folder, restaurants=restaurants, seed=plan.seed)
    # Started by this process, so that it runs on this process's core: in production it is another machine.
    with EmbeddedRedis(home.path / "redis") as cache, contextlib.ExitStack() as stack:
        client = redis.Redis.from_url(cache.url)
        stack.callback(client.close)
        contestants = stack.enter_context(_contestants(home, cache.url, folder, plan.seed))
        rounds = interleave(
            contestants,
            rounds=plan.rounds,
            seconds=plan.seconds,
            companions_cpu=lambda: _redis_cpu_seconds(client),
            progress=_say,
        )
        api, reference = contestants[0], contestants[1]
        half = {name: statistics.median(each[name].throughput for each in rounds) / 2 for name in (API, NOOP)}
        rungs = climb(
            [api, reference],
            {OWN_HALF: half, SAME_RATE: dict.fromkeys(half, half[API])},
            rounds=plan.rounds,
            seconds=plan.seconds,
            seed=plan.seed,
            progress=_say,
        )
        return Size(restaurants, rounds, rungs, stage_medians_us(api))


@contextlib.contextmanager
def _contestants(home: Home, redis_url: str, folder: Path, seed: int) -> Iterator[list[Contestant]]:
    """All servers, running; ours first, the reference second."""
    paths = recommendation_paths(home.diners(), PATHS, np.random.default_rng(seed))
    answer = folder / "answer.json"
    no_op, by_hand = {noop.ANSWER_VARIABLE: str(answer)}, naive.environment(home.path / "artifacts", home.dataset)
    with contextlib.ExitStack() as stack:

        def start(name: str, command: Sequence[str], environment: dict[str, str]) -> Server:
            log = folder / f"{name.replace(' ', '-')}.log"
            return stack.enter_context(serving(name, command, log=log, environment=environment))

        ours = start(API, home.serve_command, {**home.environment, "TABLESTAKES_REDIS_URL": redis_url})
        headers = home.headers()
        for name, dials in _POLICIES.items():
            _put_policy(ours.url, home, headers, paths[0], name, dials)
        answer.write_bytes(_fetch(ours.url + paths[0] + _EVERYTHING, headers))
        reference = start(NOOP, uvicorn_command("loadtests.noop:create_app"), no_op)
        again = start(NOOP_AGAIN, uvicorn_command("loadtests.noop:create_app"), no_op)
        plain = start(NAIVE, uvicorn_command("loadtests.naive:create_app"), by_hand)
        yield [
            Contestant(API, ours, [path + _EVERYTHING for path in paths], headers),
            Contestant(NOOP, reference, [path + _EVERYTHING for path in paths], headers),
            Contestant(PLAIN, ours, paths, headers),
            Contestant(OFF, ours, [f"{path}&policy=money-off" for path in paths], headers),
            Contestant(NOOP_AGAIN, again, [path + _EVERYTHING for path in paths], headers),
            Contestant(BARE, reference, ["/bare"], headers),
            Contestant(NAIVE, plain, paths, headers),
        ]


def _put_policy(url: str, home: Home, headers: dict[str, str], path: str, name: str, dials: dict[str, Any]) -> None:
    """Add a policy, and wait until it is served with all that belongs to it."""
    admin = {**home.headers("admin"), "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/policies/{name}", json.dumps(dials).encode(), admin, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()
    for _ in range(200):
        with contextlib.suppress(urllib.error.HTTPError):
            if not json.loads(_fetch(f"{url}{path}&policy={name}", headers))["degraded"]:
                return
        time.sleep(0.1)
    raise ServerError(f"the policy {name!r} was not served in 20 s")


def _fetch(url: str, headers: dict[str, str]) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as response:
        body: bytes = response.read()
    return body


def _redis_cpu_seconds(client: redis.Redis) -> float:
    info: Any = client.info("cpu")
    return float(info["used_cpu_sys"]) + float(info["used_cpu_user"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments(argv: Sequence[str] | None) -> tuple[Plan, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench", description="Speed as ratios in one run.")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s rather than 5 of 2 s")
    parser.add_argument("--rounds", type=int, help="rounds of each measurement")
    parser.add_argument("--restaurants", type=int, nargs="+", default=[1_000, 10_000], help="sizes of the market")
    parser.add_argument("--retraining", action="store_true", help="also what retraining costs beside its fits")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and raw histograms here")
    chosen = parser.parse_args(argv)
    rounds = chosen.rounds if chosen.rounds is not None else (3 if chosen.quick else 5)
    if rounds < 1 or min(chosen.restaurants) < 2:
        parser.error("--rounds must be at least 1 and --restaurants at least 2")
    seconds = 1.0 if chosen.quick else 2.0
    return Plan(rounds, seconds, tuple(chosen.restaurants), retraining=chosen.retraining), chosen.json


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print the table, write the JSON; 0 when the table stands, whatever it says."""
    plan, json_file = _arguments(argv)
    source, sizes = provenance(), []
    try:
        with tempfile.TemporaryDirectory(prefix="tablestakes-bench-") as folder:
            for size in run(plan, Path(folder)):
                print("\n".join(["", *lines(size)]), flush=True)
                sizes.append(size)
            if plan.retraining:
                print(flush=True)
                measure_retraining.main([])
    except (HomeError, ServerError) as error:
        _say(str(error))
        return 1
    machine = source["machine"]
    print(f"\ncommit {source['commit']}, {machine['cores']} cores, {machine['processor']}, Python {source['python']}")
    if json_file is not None:
        document = {
            "schema_version": SCHEMA_VERSION,
            "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "seed": plan.seed},
            "provenance": source,
            "valid": all(not size.problems for size in sizes),
            "sizes": [size.as_json() for size in sizes],
        }
        json_file.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
