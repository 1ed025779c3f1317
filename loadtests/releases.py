"""Promotions and rollbacks under load: no failed request, no mixed one, and a tail that stays.

python -m loadtests.releases [--moves 1000] [--rate 500] [--restaurants 1000] [--workers 1] [--json FILE]

A city of its own, two model versions, and the server as a process of its own. First a steady run at the offered rate,
open loop, then one in which versions are promoted and rolled back by turns through the API, as many times as asked,
spread over the run. Then every answer of the second run is made again by the version that it names, from what the log
of served lists says it was made from: the same bytes. At the end a rollback is timed from its call until every process
has answered with the version it leads to. Exit code 1 where anything failed.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.histogram import Histogram
from loadtests.homes import Home, build_home, train_another
from loadtests.open_loop import OpenLoopResult, run_open_loop
from loadtests.provenance import provenance
from loadtests.servers import Server, end_tidily, serving
from loadtests.trace import Planned, recommendation_trace
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import open_database
from services.releases.registry import ModelRegistry
from services.releases.states import Move
from services.releases.store import ReleaseStore
from services.serving.replay import Replayer, UnknownList
from services.settings import Settings
from services.stakeholders.policies import PolicyStore

K = 20
_IN_A_ROW = 20
"""Answers, each on a connection of its own: then all processes are taken to have followed."""
_RUN_SECONDS = 10.0
_WRITTEN_SECONDS = 20.0
"""Within so long the last list is in the log."""


@dataclass
class Swaps:
    """What became of the moves."""

    made: int = 0
    failed: int = 0
    slowest_seconds: float = 0.0


def main(arguments: list[str] | None = None) -> int:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--moves", type=int, default=1_000, help="promotions and rollbacks")
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second")
    parser.add_argument("--moves-per-second", type=float, default=20.0)
    parser.add_argument(
        "--by", choices=("api", "store"), default="api", help="store: from another process, as `tablestakes releases`"
    )
    parser.add_argument("--longest", type=float, default=100.0, help="seconds after which the moves end, made or not")
    parser.add_argument("--restaurants", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tablestakes-releases-") as folder:
        home = build_home(Path(folder), restaurants=options.restaurants, diners=2_000)
        train_another(home)
        command = [*home.serve_command[:-1], str(options.workers)]
        with serving("tablestakes", command, log=Path(folder) / "serve.log", environment=home.environment) as server:
            found = measure(home, server, options)
    for line in report(found):
        print(line)
    if options.json is not None:
        options.json.write_text(json.dumps({**found, "provenance": provenance()}, indent=2) + "\n")
    return 0 if found["failed_requests"] == found["failed_moves"] == found["not_reproduced"] == 0 else 1


def measure(home: Home, server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Steady run, run with swaps, proof of the answers, time of a rollback."""
    engine = open_database(Settings(home=home.path).resolved_database_url)
    registry = ModelRegistry(engine)
    market = CatalogueStore(engine).markets()[0].market
    champion = registry.champion(market)
    assert champion is not None
    other = next(each.version for each in registry.versions(market) if each.version != champion.version)
    steady = _offer(server, home, options.rate, 2 * _RUN_SECONDS, 1, None)
    swaps, stop = Swaps(), threading.Event()
    swapping = threading.Thread(
        target=swap_by_turns, args=(server, home, champion.version, other, options, swaps, stop), daemon=True
    )
    answers: list[bytes] = []
    swapping.start()
    runs = []
    while swapping.is_alive() and len(runs) * _RUN_SECONDS < options.longest:
        kept: dict[int, bytes] = {}
        runs.append(_offer(server, home, options.rate, _RUN_SECONDS, 2 + len(runs), kept.__setitem__))
        answers += [kept[number] for number in sorted(kept)]
    stop.set()
    swapping.join(30)
    moving = sum((each.latencies for each in runs), Histogram.of(np.empty(0)))
    proof = prove(home, answers)
    slowest = _rollback_seconds(server, home, champion.version, other)
    engine.dispose()
    return {
        "rate": options.rate,
        "workers": options.workers,
        "moves_by": options.by,
        "requests": sum(each.planned for each in runs),
        "valid": not any(each.generator_saturated for each in [steady, *runs]),
        "failed_requests": sum(each.errors for each in runs),
        "moves": swaps.made,
        "failed_moves": swaps.failed,
        "slowest_move_ms": swaps.slowest_seconds * 1e3,
        "steady_ms": steady.latencies.summary_ms(),
        "moving_ms": moving.summary_ms(),
        "p99_ratio": moving.quantile_ms(0.99) / steady.latencies.quantile_ms(0.99),
        "answers_by_version": dict(proof.versions),
        "not_reproduced": proof.wrong,
        "not_in_the_log": proof.missing,
        "rollback_seen_by_all_seconds": slowest,
    }


def _trace(home: Home, rate: float, seconds: float, seed: int) -> Sequence[Planned]:
    return recommendation_trace(home.diners(), rate=rate, seconds=seconds, seed=seed, k=K)


def _offer(server: Server, home: Home, rate: float, seconds: float, seed: int, keep: Any) -> OpenLoopResult:
    return run_open_loop(server.target, _trace(home, rate, seconds, seed), headers=home.headers(), keep=keep)


def call(server: Server, home: Home, role: str, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    """One request on a connection of its own: status and JSON."""
    connection = http.client.HTTPConnection(server.target.host, server.target.port, timeout=30)
    headers = {**home.headers(role), "content-type": "application/json"}
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


def swap_by_turns(
    server: Server,
    home: Home,
    champion: str,
    other: str,
    options: argparse.Namespace,
    swaps: Swaps,
    stop: threading.Event,
) -> None:
    """Promote the other version and roll back, by turns, at the rate asked for."""
    mover = _mover(home) if options.by == "store" else None
    begin = time.monotonic()
    for number in range(options.moves):
        if stop.wait(max(0.0, begin + number / options.moves_per_second - time.monotonic())):
            break
        version, move = (other, "promote") if number % 2 == 0 else (champion, "rollback")
        started = time.monotonic()
        if mover is None:
            status, _ = call(server, home, "infra", "POST", f"/v1/releases/{version}/{move}", {"reason": "load run"})
            made = status == 200
        else:
            made = _told(mover, f"{version} {move}")
        swaps.made += made
        swaps.failed += not made
        swaps.slowest_seconds = max(swaps.slowest_seconds, time.monotonic() - started)
    if mover is not None:
        mover.communicate(timeout=30)


_MOVER = """
from loadtests.releases import move_as_told
move_as_told()
"""


def _mover(home: Home) -> "subprocess.Popen[str]":
    """A process that makes moves on the database, one a line."""
    environment = {**os.environ, **home.environment}
    command = [sys.executable, "-c", _MOVER]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _told(mover: "subprocess.Popen[str]", line: str) -> bool:
    assert mover.stdin is not None
    assert mover.stdout is not None
    mover.stdin.write(line + "\n")
    mover.stdin.flush()
    return mover.stdout.readline() == "made\n"


def move_as_told() -> None:
    """Read `VERSION MOVE` lines and make the moves in the home's only market, until there are no more lines."""
    engine, clock = open_database(Settings().resolved_database_url), Clock()
    store = ReleaseStore(engine, AuditTrail(engine, clock), clock)
    market = CatalogueStore(engine).markets()[0].market
    for line in sys.stdin:
        version, move = line.split()
        store.move(market, version, Move(move), role="admin", reason="load run")
        print("made", flush=True)


@dataclass(frozen=True)
class Proof:
    """How the answers compare with what their versions make."""

    versions: Counter[str]
    """How many answers were made again, by the version that they name."""
    wrong: int
    missing: int
    """Answers that are not in the log of served lists, so that nothing says what they were made from."""


def prove(home: Home, answers: Sequence[bytes]) -> Proof:
    """Make each answer again by the version that it names, from what it was made from; to the byte."""
    engine, clock = open_database(Settings(home=home.path).resolved_database_url), Clock()
    replayer = Replayer(engine, PolicyStore(engine, AuditTrail(engine, clock), clock))
    versions: Counter[str] = Counter()
    wrong = missing = 0
    until = time.monotonic() + _WRITTEN_SECONDS
    for answer in answers:
        content = answer.partition(b"\r\n\r\n")[2]
        body = json.loads(content)
        if "items" not in body:
            continue
        again = _made_again(replayer, body["request_id"], until)
        if again is None:
            missing += 1
            continue
        versions[body["model"]["version"]] += 1
        wrong += again != content
    engine.dispose()
    return Proof(versions, wrong, missing)


def _made_again(replayer: Replayer, request_id: str, until: float) -> bytes | None:
    """None where the list is not in the log by then: it is written behind the answer."""
    while True:
        try:
            return replayer.replay(request_id).body
        except UnknownList:
            if time.monotonic() > until:
                return None
            time.sleep(0.1)


def _rollback_seconds(server: Server, home: Home, champion: str, other: str, rounds: int = 10) -> float:
    """The slowest of some rollbacks: from the call until a hundred answers in a row name the target."""
    slowest, diner = 0.0, home.diners()[0]
    for _ in range(rounds):
        for version, move in ((other, "promote"), (champion, "rollback")):
            started = time.monotonic()
            call(server, home, "infra", "POST", f"/v1/releases/{version}/{move}", {})
            last = started
            in_a_row = 0
            while in_a_row < _IN_A_ROW:
                _, body = call(server, home, "app", "GET", f"/v1/recommendations?user_id={diner}&k=1", {})
                if body["model"]["version"] == version:
                    in_a_row += 1
                else:
                    in_a_row, last = 0, time.monotonic()
            slowest = max(slowest, last - started)
    return slowest


def report(found: Mapping[str, Any]) -> list[str]:
    """The figures as lines."""
    steady, moving = found["steady_ms"], found["moving_ms"]
    named = ", ".join(f"{version}: {count:,}" for version, count in found["answers_by_version"].items())
    valid = "" if found["valid"] else "  INVALID: the generator was late, its lag is in the latencies"
    return [
        f"{found['requests']:,} requests at {found['rate']:g}/s, {found['workers']} process(es): "
        f"{found['failed_requests']} failed{valid}",
        f"{found['moves']:,} promotions and rollbacks by the {found['moves_by']}: {found['failed_moves']} failed, "
        f"the slowest took {found['slowest_move_ms']:.0f} ms",
        f"answers that are not exactly what the version they name makes: {found['not_reproduced']} ({named}; "
        f"{found['not_in_the_log']} more are not in the log)",
        f"p99 {moving['p99']:.2f} ms against {steady['p99']:.2f} ms steady: x {found['p99_ratio']:.2f}; "
        f"p50 {moving['p50']:.2f} against {steady['p50']:.2f} ms",
        f"a move is followed by all processes within {found['rollback_seen_by_all_seconds']:.2f} s (slowest of 20)",
    ]


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
