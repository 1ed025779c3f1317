"""How the cost of a list grows with the catalogue: python -m loadtests.growth [--quick] [--homes DIR] [--json FILE]

One market, one worker, everything on; 1,000, 10,000 and 100,000 restaurants at the same low rate, open loop, the sizes
taking turns. Printed are the p50 and the CPU of a request as ratios to the smallest size, round by round: the median of
the rounds with the lowest and the highest. CPU is that under load less that of the same server left alone (it looks for
news by itself), which is told apart. Wanted: a p50 of at most 1.5 times at ten times the restaurants, and of at most 4
times at a hundred.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from loadtests.comparison import Spread
from loadtests.homes import Home, HomeError, kept_home
from loadtests.latency import parse_server_timing
from loadtests.open_loop import run_open_loop
from loadtests.processes import pin
from loadtests.provenance import provenance
from loadtests.servers import CLIENT_CORE, Server, ServerError, end_tidily, serving
from loadtests.trace import recommendation_trace
from services.features import EmbeddedRedis

WANTED: Final[Mapping[int, float]] = {10: 1.5, 100: 4.0}
"""Times the p50 of the smallest, by times its restaurants."""
_LONGEST_START: Final = 300.0


@dataclass(frozen=True)
class Turn:
    """One size in one round."""

    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Of the server a request, without what it costs when left alone."""
    idle_us: float
    """What it costs when left alone, over the same time, for each of the requests."""
    errors: int
    late: bool
    """The generator was: the round measured the generator."""
    stages_us: dict[str, float]
    """Median of each stage in `Server-Timing`."""


Rounds = dict[int, list[Turn]]
"""Turns by restaurants."""


def measure(
    homes: Mapping[int, Home], folder: Path, *, rate: float, seconds: float, rounds: int, seed: int = 1
) -> Rounds:
    """Serve all sizes, each with a Redis of its own, and ask one after another."""
    found: Rounds = {size: [] for size in homes}
    with contextlib.ExitStack() as stack:
        servers = {size: stack.enter_context(_serving(home, folder / str(size))) for size, home in homes.items()}
        for size, server in servers.items():
            _turn(server, homes[size], rate, 2.0, seed, idle_cores=0.0)
        alone = {size: server.idle_cores() for size, server in servers.items()}
        for number in range(rounds):
            for size in list(homes) if number % 2 == 0 else list(homes)[::-1]:
                found[size].append(_turn(servers[size], homes[size], rate, seconds, seed + number, alone[size]))
    return found


@contextlib.contextmanager
def _serving(home: Home, folder: Path) -> Iterator[Server]:
    folder.mkdir(parents=True)
    with EmbeddedRedis(folder / "redis") as cache:
        environment = {**home.environment, "TABLESTAKES_REDIS_URL": cache.url}
        log = folder / "server.log"
        with serving(
            folder.name, home.serve_command, log=log, environment=environment, ready_seconds=_LONGEST_START
        ) as server:
            yield server


def _turn(server: Server, home: Home, rate: float, seconds: float, seed: int, idle_cores: float) -> Turn:
    trace = recommendation_trace(home.diners(), rate=rate, seconds=seconds, seed=seed)
    timings: list[dict[str, float]] = []

    def keep(_: int, answer: bytes) -> None:
        head = answer[: answer.find(b"\r\n\r\n")].decode("latin-1")
        lines = [line for line in head.split("\r\n") if line.lower().startswith("server-timing: ")]
        timings.extend(parse_server_timing(line.partition(": ")[2]) for line in lines)

    before, began = server.cpu_seconds(), time.perf_counter()
    result = run_open_loop(server.target, trace, headers=home.headers(), keep=keep)
    idle = idle_cores * (time.perf_counter() - began)
    return Turn(
        p50_ms=result.latencies.quantile_ms(0.5),
        p99_ms=result.latencies.quantile_ms(0.99),
        cpu_us=(server.cpu_seconds() - before - idle) / result.planned * 1e6,
        idle_us=idle / result.planned * 1e6,
        errors=result.errors,
        late=result.generator_saturated,
        stages_us={
            stage: float(np.median([each.get(stage, 0.0) for each in timings])) * 1e3 for stage in (timings or [{}])[0]
        },
    )


def ratio(rounds: Rounds, size: int, figure: str) -> Spread:
    """Of a size to the smallest, round by round."""
    smallest = rounds[min(rounds)]
    return Spread.of(
        getattr(ours, figure) / getattr(theirs, figure) for ours, theirs in zip(rounds[size], smallest, strict=True)
    )


def problems(rounds: Rounds) -> list[str]:
    """Why the figures must not be quoted."""
    found = []
    for size, turns in rounds.items():
        if errors := sum(turn.errors for turn in turns):
            found.append(f"{size:,} restaurants: {errors} requests failed")
        if 2 * sum(turn.late for turn in turns) > len(turns):
            found.append(f"{size:,} restaurants: the load generator was late in most rounds")
    return found


def lines(rounds: Rounds) -> list[str]:
    """The table."""
    smallest = min(rounds)
    text = [
        f"| restaurants | p50 ms | to {smallest:,} | wanted | p99 ms | CPU µs a request | to {smallest:,} | "
        "left alone, µs a request |"
    ]
    text.append("|---|---|---|---|---|---|---|---|")
    for size, turns in rounds.items():
        p50, p99, cpu = (Spread.of(getattr(turn, name) for turn in turns) for name in ("p50_ms", "p99_ms", "cpu_us"))
        grown, dearer = ratio(rounds, size, "p50_ms"), ratio(rounds, size, "cpu_us")
        limit = WANTED.get(size // smallest)
        wanted = "" if limit is None else f"≤ {limit:g}: {'met' if grown.value <= limit else 'MISSED'}"
        idle = Spread.of(turn.idle_us for turn in turns).value
        text.append(
            f"| {size:,} | {_cell(p50, 2)} | {_cell(grown, 2)} | {wanted} | {_cell(p99, 1)} | {_cell(cpu, 0)} | "
            f"{_cell(dearer, 2)} | {idle:,.0f} |"
        )
    for size, turns in rounds.items():
        stages = {
            stage: float(np.median([turn.stages_us.get(stage, 0.0) for turn in turns])) for stage in turns[0].stages_us
        }
        text.append(f"stages at {size:,}, µs: " + ", ".join(f"{stage} {value:,.0f}" for stage, value in stages.items()))
    return text + [f"INVALID: {problem}" for problem in problems(rounds)]


def _cell(value: Spread, digits: int) -> str:
    return f"{value.value:,.{digits}f} ({value.low:,.{digits}f} – {value.high:,.{digits}f})"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when the table stands, whatever it says."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.growth", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1.5 s rather than 8 of 3 s")
    parser.add_argument("--restaurants", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--homes", type=Path, help="folder in which cities are kept from run to run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    chosen = parser.parse_args(argv)
    sizes = sorted(set(chosen.restaurants))
    if len(sizes) < 2 or sizes[0] < 2 or chosen.rate <= 0:
        parser.error("--restaurants: at least two sizes, each at least 2; --rate: above 0")
    try:
        with tempfile.TemporaryDirectory(prefix="tablestakes-growth-") as temporary:
            folder = Path(temporary)
            homes = {size: kept_home(chosen.homes or folder / "homes", restaurants=size) for size in sizes}
            pin(os.getpid(), CLIENT_CORE)
            seconds, count = (1.5, 3) if chosen.quick else (3.0, 8)
            rounds = measure(homes, folder / "run", rate=chosen.rate, seconds=seconds, rounds=count)
    except (HomeError, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines(rounds)))
    if chosen.json is not None:
        found = {
            "rate": chosen.rate,
            "valid": not problems(rounds),
            "rounds": {str(size): [asdict(turn) for turn in turns] for size, turns in rounds.items()},
            "ratios": {
                str(size): {name: asdict(ratio(rounds, size, name)) for name in ("p50_ms", "p99_ms", "cpu_us")}
                for size in rounds
            },
            "provenance": provenance(),
        }
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
