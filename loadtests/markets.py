"""What a market costs where there are many: to generate, to train, to serve by one and two processes, to ask for lists.

python -m loadtests.markets [--quick] [--markets 5 15 50] [--rounds 3] [--json FILE]

Every market has the same size, and each number of them is built anew: CPU seconds a market must not grow with their
number. CPU is counted of processes, not of the clock, for the machine may have others; memory is PSS summed over all
processes, Redis with them: what the machine needs. Idle is what API processes spend a second when nobody asks them for
anything: their refreshing. `--keep DIR` builds there, and takes what is built there already (its costs are kept too).

Served are all numbers by turns, several rounds, every second one in the opposite order: CPU time of a list moves by a
sixth from one stretch to the next where both cores of a machine are busy. Figures are medians of the rounds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from data import columns as col
from data.dataset import Dataset
from loadtests.closed_loop import run_closed_loop
from loadtests.homes import Home, HomeError
from loadtests.processes import cpu_seconds, descendants, settle
from loadtests.provenance import provenance
from loadtests.servers import ServerError, end_tidily, serving
from loadtests.watching import rollup_kib

MOST_GIB: Final = 6.0
"""All processes together, at the largest number of markets."""
FLAT: Final = 0.15
"""So much may the CPU of a market at the largest number differ from that at the smallest, as a share of it."""
_TABLESTAKES: Final = (sys.executable, "-m", "services.cli")
_WARM: Final = 2
"""Lists of each market before any is counted."""
_IDLE_SECONDS: Final = 10.0
_CONNECTIONS: Final = 4


@dataclass(frozen=True)
class Sizes:
    """Of each market."""

    restaurants: int
    diners: int
    days: int


@dataclass(frozen=True)
class Built:
    """What it took to make a home, in CPU seconds a market."""

    generating: float
    training: float


@dataclass(frozen=True)
class Served:
    """What a number of API processes took."""

    processes: int
    ready_cpu_seconds: float
    """CPU seconds a market until all processes are ready: every market in memory, its diners in the cache."""
    idle_cpu_ms: float
    """CPU milliseconds a second of all processes while nobody asks for anything."""
    list_cpu_micros: float
    """CPU microseconds of the API processes for a list, over lists of all markets in turn."""
    pss_gib: float
    """Of all processes, Redis too."""


@dataclass(frozen=True)
class Found:
    """One number of markets."""

    markets: int
    built: Built
    served: tuple[Served, ...]


def build(folder: Path, markets: int, sizes: Sizes) -> tuple[Home, Built]:
    """A home with so many markets, or the one that was built there. Raises HomeError where a command fails."""
    home, costs = Home(folder / "home", folder / "city"), folder / "costs.json"
    if not costs.exists():
        options = {"restaurants": sizes.restaurants, "diners": sizes.diners, "days": sizes.days, "markets": markets}
        texts = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        folder.mkdir(parents=True, exist_ok=True)
        generating = _cpu_of(lambda: _run([*_TABLESTAKES, "generate", *texts, "--out", str(home.dataset)], home))
        training = _cpu_of(lambda: train_all(home))
        costs.write_text(json.dumps(asdict(Built(generating / markets, training / markets))))
    return home, Built(**json.loads(costs.read_text()))


def train_all(home: Home) -> None:
    """A first model of every market, which serves."""
    _run([*_TABLESTAKES, "train", str(home.dataset)], home)
    _run([*_TABLESTAKES, "campaigns", "import", str(home.dataset / "campaigns.parquet")], home)


def measure_in_turns(
    homes: Mapping[int, Home], processes: Sequence[int], lists: int, rounds: int, folder: Path
) -> dict[int, tuple[Served, ...]]:
    """By number of markets: what each number of processes took, medians of the rounds. Raises ServerError."""
    turns = [(markets, each) for markets in homes for each in processes]
    taken: dict[tuple[int, int], list[Served]] = {turn: [] for turn in turns}
    for number in range(rounds):
        for markets, each in turns[:: -1 if number % 2 else 1]:
            served = measure(homes[markets], markets, each, lists, folder)
            taken[markets, each].append(served)
            _say(f"round {number + 1}: {markets} markets, {each} process(es): {served.list_cpu_micros:.0f} µs a list")
    return {markets: tuple(_median(taken[markets, each]) for each in processes) for markets in homes}


def _median(served: Sequence[Served]) -> Served:
    names = [field.name for field in fields(Served) if field.name != "processes"]
    return Served(served[0].processes, **{name: median(getattr(one, name) for one in served) for name in names})


def measure(home: Home, markets: int, processes: int, lists: int, folder: Path) -> Served:
    """Serve all markets from memory, and ask for lists of each in turn. Raises ServerError."""
    command = [*home.serve_command[:-1], str(processes)]
    # Nobody is refused for the neighbours on this machine, whose load is not what is measured.
    environment = {
        **home.environment,
        "TABLESTAKES_MARKETS_IN_MEMORY": str(markets),
        "TABLESTAKES_OVERLOAD_LAG_MS": "0",
        # All diners of all markets: a diner who is read from the database costs several lists, however many there are.
        "TABLESTAKES_WARM_UP_DINERS": str(sum(map(len, _diners(home).values()))),
    }
    log = folder / f"serve-{markets}-{processes}.log"
    with serving("the server", command, log=log, environment=environment, core=None, ready_seconds=900.0) as server:
        time.sleep(2.0)  # until the last process has said that it is ready too
        own = [pid for pid in descendants(server.process.pid) if not _is_redis(pid)]
        ready = cpu_seconds(own)
        requests = [server.target.request(path, headers=home.headers()) for path in _paths(home, lists)]
        warm = run_closed_loop(
            server.target, requests, seconds=120, connections=_CONNECTIONS, max_requests=_WARM * markets * processes
        )
        settle(own)
        before = cpu_seconds(own)
        done = run_closed_loop(server.target, requests, seconds=120, connections=_CONNECTIONS, max_requests=lists)
        if warm.errors or done.errors or not done.answers:
            raise ServerError(f"{warm.errors + done.errors} lists of {markets} markets failed: {dict(done.statuses)}")
        asked = cpu_seconds(own) - before + settle(own)
        before, began = cpu_seconds(own), time.monotonic()
        time.sleep(_IDLE_SECONDS)
        idle = (cpu_seconds(own) - before) / (time.monotonic() - began)
        pss = sum(rollup_kib(pid).get("Pss", 0.0) for pid in descendants(server.process.pid)) / 2**20
    return Served(
        processes=processes,
        ready_cpu_seconds=ready / markets,
        idle_cpu_ms=1e3 * idle,
        list_cpu_micros=1e6 * asked / done.answers,
        pss_gib=pss,
    )


def _paths(home: Home, count: int) -> list[str]:
    """Lists of the markets in turn, for diners drawn at random."""
    diners, rng = _diners(home), np.random.default_rng(1)
    markets = list(diners)
    chosen = [markets[number % len(markets)] for number in range(count)]
    return [
        "/v1/recommendations?" + urlencode({"market": market, "user_id": rng.choice(diners[market]), "k": 20})
        for market in chosen
    ]


def _diners(home: Home) -> dict[str, npt.NDArray[np.str_]]:
    dataset = Dataset.open(home.dataset)
    return {market: dataset.diners(market)[col.USER_ID].to_numpy(str) for market in dataset.markets}


def _is_redis(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return any(name in words for name in (b"keeper", b"valkey", b"redis-server"))


def _cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds of the processes that the work starts and waits for."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    work()
    return spent() - before


def _run(command: Sequence[str], home: Home) -> None:
    environment = {**os.environ, **home.environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise HomeError(f"`{' '.join(command[2:])}` failed: {said[-1] if said else f'code {done.returncode}'}")


def changes(found: Sequence[Found]) -> dict[str, float]:
    """By cost: the largest number of markets against the smallest, less one. What a market costs, and a list."""
    first, last = found[0], found[-1]
    both = {
        "generating": (first.built.generating, last.built.generating),
        "training": (first.built.training, last.built.training),
    }
    for before, after in zip(first.served, last.served, strict=True):
        both[f"a list, {before.processes} process(es)"] = (before.list_cpu_micros, after.list_cpu_micros)
    return {name: after / before - 1.0 for name, (before, after) in both.items()}


def lines(found: Sequence[Found]) -> list[str]:
    """The table, as Markdown, and how each cost changed from the smallest to the largest number."""
    text = [
        "| markets | generating a market | training a market | processes | start a market | idle, all markets | a list "
        "| PSS of all | a market |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    text += [
        f"| {one.markets} | {one.built.generating:.2f} s | {one.built.training:.2f} s | {served.processes} | "
        f"{served.ready_cpu_seconds:.2f} s | {served.idle_cpu_ms:.1f} ms/s | {served.list_cpu_micros:.0f} µs | "
        f"{served.pss_gib:.2f} GiB | {served.pss_gib / one.markets * 1024:.0f} MiB |"
        for one in found
        for served in one.served
    ]
    if len(found) > 1:
        text.append("")
        text += [
            f"{name}: {change:+.1%} from {found[0].markets} to {found[-1].markets} markets"
            for name, change in changes(found).items()
        ]
    return text


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def holds(found: Sequence[Found]) -> bool:
    """Whether the largest number fits into memory, and no cost grew by more than is flat."""
    fits = all(served.pss_gib < MOST_GIB for served in found[-1].served)
    return fits and (len(found) == 1 or max(changes(found).values()) <= FLAT)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where it does not fit, or a market costs more where there are many."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.markets", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="2 and 4 small markets, few lists")
    parser.add_argument("--markets", type=int, nargs="+", default=[5, 15, 50])
    parser.add_argument("--restaurants", type=int, default=1_000)
    parser.add_argument("--diners", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--lists", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=3, help="in which all are served by turns")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder in which homes are kept from run to run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.markets, chosen.restaurants, chosen.diners, chosen.days, chosen.lists = [2, 4], 60, 150, 8, 200
        chosen.rounds = 1
    if min(*chosen.markets, *chosen.processes, chosen.lists, chosen.rounds, 1) < 1:
        parser.error("--markets, --processes, --lists and --rounds must be at least 1")
    sizes = Sizes(chosen.restaurants, chosen.diners, chosen.days)
    try:
        with tempfile.TemporaryDirectory(prefix="tablestakes-markets-") as temporary:
            built: dict[int, tuple[Home, Built]] = {}
            for markets in sorted(set(chosen.markets)):
                _say(f"{markets} markets: generating and training")
                name = f"{markets}x{sizes.restaurants}x{sizes.diners}x{sizes.days}"
                built[markets] = build((chosen.keep or Path(temporary)) / name, markets, sizes)
            homes = {markets: home for markets, (home, _) in built.items()}
            served = measure_in_turns(homes, chosen.processes, chosen.lists, chosen.rounds, Path(temporary))
    except (HomeError, ServerError) as error:
        _say(str(error))
        return 1
    found = [Found(markets, costs, served[markets]) for markets, (_, costs) in built.items()]
    print("\n".join(lines(found)))
    if chosen.json is not None:
        figures: dict[str, Any] = {"sizes": asdict(sizes), "found": [asdict(one) for one in found]}
        figures |= {"changes": changes(found), "provenance": provenance()}
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if holds(found) else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
