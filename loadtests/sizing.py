"""How much of everything a home needs: python -m loadtests.sizing [FILE] [--markets N …] [--lists N …] …

For some numbers of markets of one size and some rates of lists, from what one of each costs (`loadtests.unit_costs`;
without FILE the costs that are recorded beside this module), by the arithmetic that the second table spells out. What
is assumed and not measured is that of `loadtests.scale`.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.scale import RECORDED, Assumed, costs_of, foretell
from loadtests.unit_costs import UnitCosts

MARKETS: Final = (1, 10, 50, 200)
LISTS: Final = (1.0, 10.0, 100.0)
_LEAST_PROCESSES: Final = 2
"""One answers while the other starts."""
_DAY: Final = 86_400.0
_MIB: Final = 2.0**20


@dataclass(frozen=True)
class Market:
    """One of those that are to be served, all alike."""

    restaurants: float = 1_000
    diners: float = 5_000
    events_a_list: float = 0.5


@dataclass(frozen=True)
class Size:
    """What a number of markets takes at a rate of lists."""

    markets: float
    lists_a_second: float
    processes: int
    """Of the API."""
    process_gib: float
    """Memory of all of them, and of the models that they share; all markets in memory."""
    redis_mib: float
    growth_gb: float
    """Of the database in a day."""
    training_cpu_minutes: float
    """Of one run of each market."""


@dataclass(frozen=True)
class Unit:
    """What one of each costs in a market of this size."""

    list_us: float
    """CPU of a list and its events."""
    stored_bytes: float
    """Of a list and its events."""
    empty_mib: float
    """A process without a market."""
    own_mib: float
    """What a process has of its own for each market."""
    mapped_mib: float
    """The model of a market, once a machine."""
    diner_bytes: float
    """In Redis, resident."""
    train_seconds: float


def unit_of(costs: Sequence[UnitCosts], market: Market, assumed: Assumed) -> Unit:
    """By the lines through the measured sizes; the model has as many bytes for each restaurant and diner."""

    def cost(figure: str) -> float:
        return foretell(costs, market.restaurants, figure)

    empty = foretell(costs, 0.0, "process_mib")
    largest = costs[-1]
    a_row = largest.mapped_mib / (largest.restaurants + largest.diners)
    return Unit(
        list_us=cost("list_cpu_us") + market.events_a_list * cost("event_cpu_us"),
        stored_bytes=cost("list_stored_bytes") + market.events_a_list * cost("event_stored_bytes"),
        empty_mib=empty,
        own_mib=cost("process_mib") - empty,
        mapped_mib=a_row * (market.restaurants + market.diners),
        diner_bytes=cost("diner_redis_bytes") * assumed.redis_overhead,
        train_seconds=cost("train_cpu_seconds"),
    )


def size_of(unit: Unit, market: Market, assumed: Assumed, markets: float, lists_a_second: float) -> Size:
    """The arithmetic."""
    processes = max(_LEAST_PROCESSES, math.ceil(lists_a_second * unit.list_us / 1e6 / assumed.utilisation))
    memory = processes * (unit.empty_mib + markets * unit.own_mib) + markets * unit.mapped_mib
    return Size(
        markets=markets,
        lists_a_second=lists_a_second,
        processes=processes,
        process_gib=memory / 1024,
        redis_mib=markets * market.diners * unit.diner_bytes / _MIB,
        growth_gb=lists_a_second * unit.stored_bytes * _DAY / 1e9,
        training_cpu_minutes=markets * unit.train_seconds / 60,
    )


def lines(
    costs: Sequence[UnitCosts],
    market: Market,
    assumed: Assumed,
    markets: Sequence[float],
    lists: Sequence[float],
) -> list[str]:
    """Both tables, as Markdown."""
    unit = unit_of(costs, market, assumed)
    sizes = [size_of(unit, market, assumed, many, rate) for many in markets for rate in lists]
    heads = ("markets", "lists a second", "API processes", "their memory, GiB", "Redis, MiB", "database a day, GB")
    text = [f"| {' | '.join((*heads, 'training, CPU min'))} |", "|---|---|---|---|---|---|---|"]
    text += [
        f"| {one.markets:,.0f} | {one.lists_a_second:,g} | {one.processes} | {one.process_gib:.1f} | "
        f"{one.redis_mib:,.0f} | {one.growth_gb:,.1f} | {one.training_cpu_minutes:,.0f} |"
        for one in sizes
    ]
    return [*text, "", *_formulas(unit, market, assumed)]


def _formulas(unit: Unit, market: Market, assumed: Assumed) -> list[str]:
    busy = f"lists a second x {unit.list_us:.0f} µs / {assumed.utilisation:g} of a core, {_LEAST_PROCESSES} at least"
    own, shared = f"{unit.empty_mib:.0f} MiB + markets x {unit.own_mib:.1f} MiB", f"markets x {unit.mapped_mib:.1f} MiB"
    return [
        "| what | how |",
        "|---|---|",
        f"| API processes | {busy} |",
        f"| their memory | processes x ({own}) + {shared} |",
        f"| Redis | markets x {market.diners:,.0f} diners x {unit.diner_bytes:.0f} bytes |",
        f"| database a day | lists a second x {unit.stored_bytes:,.0f} bytes x 86,400 s |",
        f"| training | markets x {unit.train_seconds:.0f} CPU s, each time that all are retrained |",
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.sizing", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("costs", nargs="?", type=Path, default=RECORDED, metavar="FILE")
    parser.add_argument("--markets", type=float, nargs="+", default=MARKETS, metavar="N")
    parser.add_argument("--lists", type=float, nargs="+", default=LISTS, metavar="N", help="a second")
    parser.add_argument("--restaurants", type=float, default=Market.restaurants, metavar="N", help="of a market")
    parser.add_argument("--diners", type=float, default=Market.diners, metavar="N", help="of a market")
    parser.add_argument("--events-a-list", type=float, default=Market.events_a_list, metavar="N")
    chosen = parser.parse_args(argv)
    numbers = (*chosen.markets, *chosen.lists, chosen.restaurants, chosen.diners)
    if not all(0.0 < number < math.inf for number in numbers) or chosen.events_a_list < 0.0:
        parser.error("all numbers must be larger than 0")
    try:
        costs = costs_of(json.loads(chosen.costs.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"{chosen.costs}: {error}. Make it by `python -m loadtests.unit_costs --json FILE`.", file=sys.stderr)
        return 1
    market = Market(chosen.restaurants, chosen.diners, chosen.events_a_list)
    print("\n".join(lines(costs, market, Assumed(), chosen.markets, chosen.lists)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
