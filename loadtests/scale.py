"""A plan on paper for many markets: python -m loadtests.scale [FILE] [--lists-a-second N] [--diners N] [--markets N] …

From what one of each costs (`loadtests.unit_costs`; without FILE the costs that are recorded beside this module) to
machines, memory, shards, network, storage and money; what a single home holds before its first part is full; and how
far off the same arithmetic is where it can be checked: the largest measured market foretold from the two smaller ones.

Everything that is assumed and not measured is a field of `Assumed`, and an option.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtests.unit_costs import FIGURES, UnitCosts

RECORDED: Final = Path(__file__).with_name("unit_costs.json")
_DAY: Final = 86_400.0
_GIB: Final = 2.0**30
_FORETOLD: Final = (
    "train_cpu_seconds",
    "list_cpu_us",
    "list_stored_bytes",
    "event_cpu_us",
    "diner_redis_bytes",
    "process_mib",
)


@dataclass(frozen=True)
class Wanted:
    """What is to be served."""

    markets: float = 10_000
    restaurants: float = 20e6
    diners: float = 500e6
    lists_a_second: float = 100e3
    events_a_list: float = 0.5
    trainings_a_day: float = 1.0
    """Of each market."""
    kept_days: float = 14.0
    """Of served lists and events in the database; older ones are Parquet."""


@dataclass(frozen=True)
class Assumed:
    """Of the machines; what they cost a month is a round figure of rented ones, to be replaced by one's own."""

    utilisation: float = 0.5
    """Of a core, on average: peaks, and one copy down, find room."""
    copies: float = 2.0
    """Of what answers requests."""
    cores: float = 16.0
    """Of an API machine."""
    memory_gib: float = 64.0
    memory_share: float = 0.7
    redis_gib: float = 12.0
    """Of diners in a shard."""
    redis_overhead: float = 1.2
    """Resident over used memory."""
    database_mb_a_second: float = 50.0
    """That one PostgreSQL takes for ever, indexes and log of writes apart."""
    database_gb: float = 4_000.0
    network_gbit: float = 10.0
    """Of a machine."""
    core_month: float = 20.0
    gib_month: float = 3.0
    gb_month: float = 0.1


@dataclass(frozen=True)
class Line:
    """One line of a plan."""

    what: str
    value: float
    unit: str
    how: str


def costs_of(document: Mapping[str, Any]) -> list[UnitCosts]:
    """From the JSON of `loadtests.unit_costs`, the smallest market first. Raises ValueError for another."""
    try:
        found = [UnitCosts(**{name: float(one[name]) for name in FIGURES}) for one in document["sizes"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the figures of loadtests.unit_costs: {error} is missing") from error
    if len(found) < 2:
        raise ValueError("figures of at least two sizes are needed")
    return sorted(found, key=lambda one: one.restaurants)


def foretell(known: Sequence[UnitCosts], restaurants: float, figure: str) -> float:
    """By the line through the known sizes (least squares)."""
    x = np.array([one.restaurants for one in known])
    y = np.array([getattr(one, figure) for one in known])
    slope, start = np.polyfit(x, y, 1)
    return float(start + slope * restaurants)


def check(costs: Sequence[UnitCosts]) -> list[tuple[str, float, float]]:
    """(figure, foretold, measured) of the largest size from all smaller ones."""
    *smaller, largest = costs
    return [(name, foretell(smaller, largest.restaurants, name), getattr(largest, name)) for name in _FORETOLD]


def plan(costs: Sequence[UnitCosts], wanted: Wanted, assumed: Assumed) -> list[Line]:
    """What it takes."""
    of = _One(costs, wanted, assumed)
    lists, events = wanted.lists_a_second, wanted.lists_a_second * wanted.events_a_list
    cores = of.cores_a_list_a_second * lists
    in_a_cell = of.markets_a_machine()
    machines = math.ceil(wanted.markets / in_a_cell) * assumed.copies
    redis_gib = wanted.diners * of("diner_redis_bytes") * assumed.redis_overhead / _GIB
    shards = max(math.ceil(redis_gib / assumed.redis_gib), math.ceil(of.redis_cores_a_list * lists))
    stored = lists * of("list_stored_bytes") + events * of("event_stored_bytes")
    kept_gb = stored * _DAY * wanted.kept_days / 1e9
    databases = max(math.ceil(stored / (assumed.database_mb_a_second * 1e6)), math.ceil(kept_gb / assumed.database_gb))
    training = wanted.markets * wanted.trainings_a_day * of("train_cpu_seconds") / _DAY / assumed.utilisation
    out = lists * of("list_bytes_out") * 8 / 1e9
    inside = lists * (of("diner_redis_bytes") + of("list_stored_bytes")) * 8 / 1e9
    money = (
        machines * (assumed.cores * assumed.core_month + assumed.memory_gib * assumed.gib_month)
        + 2 * shards * (assumed.core_month + assumed.redis_gib * 4 / 3 * assumed.gib_month)
        + 2 * databases * (8 * assumed.core_month + 32 * assumed.gib_month)
        + 2 * kept_gb * assumed.gb_month
        + training * (assumed.core_month + 4 * assumed.gib_month)
    )
    return [
        Line("API cores busy", cores, "cores", "lists and events a second x CPU of each / utilisation"),
        Line("markets of an API machine", in_a_cell, "markets", "as many as its cores and its memory hold"),
        Line("API machines", machines, "machines", f"markets / markets of a machine, x {assumed.copies:g} copies"),
        Line("diners in Redis", redis_gib, "GiB", "diners x bytes x what the allocator adds"),
        Line("Redis shards", shards, "shards", "by memory or by CPU, whichever needs more; each with a replica"),
        Line("written to PostgreSQL", stored / 1e6, "MB/s", "lists and events a second x bytes of each"),
        Line("kept in PostgreSQL", kept_gb / 1e3, "TB", f"{wanted.kept_days:g} days of it"),
        Line("PostgreSQL servers", databases, "servers", "by writes or by storage; each with a standby"),
        Line("training cores", training, "cores", f"{wanted.trainings_a_day:g} runs a day and market / utilisation"),
        Line("network to diners", out, "Gbit/s", "lists a second x bytes"),
        Line("network inside", inside, "Gbit/s", "states from Redis, records to PostgreSQL"),
        Line("money", money / 1e3, "thousand a month", "cores, memory and storage at the assumed prices"),
    ]


def first_limits(costs: Sequence[UnitCosts], wanted: Wanted, assumed: Assumed) -> list[Line]:
    """Lists a second at which each part of one home is full, the first first: one API machine, Redis, PostgreSQL."""
    of = _One(costs, wanted, assumed)
    stored = of("list_stored_bytes") + wanted.events_a_list * of("event_stored_bytes")
    a_market, a_diner = wanted.lists_a_second / wanted.markets, wanted.lists_a_second / wanted.diners
    redis_diners = assumed.memory_gib * assumed.memory_share * _GIB / (of("diner_redis_bytes") * assumed.redis_overhead)
    trained = assumed.cores * assumed.utilisation * _DAY / (wanted.trainings_a_day * of("train_cpu_seconds"))
    full = [
        ("storage of one PostgreSQL", assumed.database_gb * 1e9 / (stored * _DAY * wanted.kept_days)),
        ("writes of one PostgreSQL", assumed.database_mb_a_second * 1e6 / stored),
        ("memory of an API machine", of.markets_a_machine(by_memory_alone=True) * a_market),
        ("cores of an API machine", assumed.cores / of.cores_a_list_a_second),
        ("memory of one Redis", redis_diners * a_diner),
        ("the core of one Redis", 1.0 / of.redis_cores_a_list),
        ("network of a machine", assumed.network_gbit * 1e9 * assumed.utilisation / 8 / of("list_bytes_out")),
        ("cores of one training machine", trained * a_market),
    ]
    return [Line(what, value, "lists/s", "") for what, value in sorted(full, key=lambda one: one[1])]


class _One:
    """Costs of a market of the wanted size."""

    def __init__(self, costs: Sequence[UnitCosts], wanted: Wanted, assumed: Assumed) -> None:
        self._costs, self._wanted, self._assumed = costs, wanted, assumed
        cpu_us = self("list_cpu_us") + wanted.events_a_list * self("event_cpu_us")
        self.cores_a_list_a_second = cpu_us / 1e6 / assumed.utilisation
        self.redis_cores_a_list = self("list_redis_cpu_us") / 1e6 / assumed.utilisation

    def __call__(self, figure: str) -> float:
        return foretell(self._costs, self._wanted.restaurants / self._wanted.markets, figure)

    def markets_a_machine(self, by_memory_alone: bool = False) -> int:
        """The most that fit: a process for each busy core, each with its own tables of all the machine's markets."""
        assumed, wanted = self._assumed, self._wanted
        empty = foretell(self._costs, 0.0, "process_mib")
        own = self("process_mib") - empty
        mapped = self("mapped_mib")
        busy = wanted.lists_a_second / wanted.markets * self.cores_a_list_a_second
        room = assumed.memory_gib * assumed.memory_share * 1024
        markets = 1
        while True:
            more = markets + 1
            processes = max(1, math.ceil(more * busy))
            if processes * (empty + more * own) + more * mapped > room:
                return markets
            if not by_memory_alone and processes > assumed.cores:
                return markets
            markets = more


def lines(costs: Sequence[UnitCosts], wanted: Wanted, assumed: Assumed) -> list[str]:
    """All tables, as Markdown."""
    text = ["| | | how |", "|---|---|---|"]
    text += [f"| {one.what} | {_short(one.value)} {one.unit} | {one.how} |" for one in plan(costs, wanted, assumed)]
    text += ["", "| of one home, full at | lists a second |", "|---|---|"]
    text += [f"| {one.what} | {_short(one.value)} |" for one in first_limits(costs, wanted, assumed)]
    text += ["", f"| at {costs[-1].restaurants:,.0f} restaurants | foretold | measured | off by |", "|---|---|---|---|"]
    text += [
        f"| {name.replace('_', ' ')} | {_short(ours)} | {_short(theirs)} | {ours / theirs - 1:+.0%} |"
        for name, ours, theirs in check(costs)
    ]
    return text


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the plan."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.scale", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("costs", nargs="?", type=Path, default=RECORDED, metavar="FILE")
    for each in (*fields(Wanted), *fields(Assumed)):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=float, default=each.default, metavar="N")
    chosen = parser.parse_args(argv)
    given = vars(chosen)
    if wrong := [name for name, value in given.items() if name != "costs" and not 0.0 < value < math.inf]:
        parser.error(f"--{wrong[0].replace('_', '-')} must be larger than 0")
    try:
        costs = costs_of(json.loads(chosen.costs.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"{chosen.costs}: {error}. Make it by `python -m loadtests.unit_costs --json FILE`.", file=sys.stderr)
        return 1
    wanted, assumed = (kind(**{one.name: given[one.name] for one in fields(kind)}) for kind in (Wanted, Assumed))
    print("\n".join(lines(costs, wanted, assumed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
