"""The conflicts at the table, each measured: who gains what, and whom it costs.

    python -m services.simulation.conflicts [--seeds 20] [--only fees] [--jobs 2] [--json FILE]

Each conflict is a question with two policies in the same cities with the same luck, asked in three structurally
different worlds (`ChoiceModel`). The signs are not coded in: for each there is a parameter of the simulator that turns
it, and a sweep over it, with fewer cities, says where.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from data.city.life import LifeParameters
from data.city.parameters import ChoiceModel
from services.fan_out import Engine, in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.closed_loop import SeedRun, run_seed
from services.simulation.latency import Machines
from services.simulation.outcomes import Doubles, Measured, figures, interval
from services.simulation.plan import Arm, Drift, Plan, World
from services.stakeholders.policy import AdPolicy, Policy

HEAVY: Final = "lightfm+lambdamart"
_UNGUARDED: Final = {"max_calibration_error": 1.0}
"""The guard that sells nothing with a badly calibrated model is off: the small city's models are."""


@dataclass(frozen=True)
class Reading:
    """A difference of one figure between two policies of a plan: `second` less `first`."""

    says: str
    figure: str
    first: str
    second: str
    weeks: slice
    sign: int
    """That it should have."""


@dataclass(frozen=True)
class Sweep:
    """A parameter that turns the sign of a reading."""

    parameter: str
    values: tuple[float, ...]
    reading: int
    apply: Callable[[Plan, float], Plan]


@dataclass(frozen=True)
class Conflict:
    """A question with its plan."""

    name: str
    title: str
    plan: Plan
    readings: tuple[Reading, ...]
    sweep: Sweep


def _policy(name: str, model: str = "", **ads: Any) -> Policy:
    return Policy(name=name, model=model, ads=AdPolicy(**{**_UNGUARDED, **ads}))


def _in_life(plan: Plan, **changed: float) -> Plan:
    life = (plan.world.life or LifeParameters()).model_copy(update=changed)
    return replace(plan, world=replace(plan.world, life=life))


_ALL: Final = slice(None)
_SMALL: Final[Mapping[str, Any]] = {"restaurants": 150, "diners": 700, "minutes": 60, "judge_every": 4}

BALANCED: Final = _policy("balanced", money=0.008, gap=3)
GREEDY: Final = _policy("fee-greedy", money=1.0, first_slot=1, gap=1, cap=10)

CONFLICTS: Final = (
    Conflict(
        "fees",
        "Fees against diners: the highest fees on top, this week and in half a year",
        Plan((BALANCED, GREEDY), days=182, world=World(), **_SMALL),
        (
            Reading("fees a diner in week 1", "fees_per_diner_week", "balanced", "fee-greedy", slice(0, 1), 1),
            Reading("fees a diner in week 26", "fees_per_diner_week", "balanced", "fee-greedy", slice(25, 26), -1),
            Reading("orders a diner in week 26", "orders_per_diner_week", "balanced", "fee-greedy", slice(25, 26), -1),
            Reading("restaurants open in week 26", "open_share", "balanced", "fee-greedy", slice(25, 26), -1),
        ),
        Sweep("annoyance", (0.0, 0.05, 0.1, 0.2, 0.3), 1, lambda plan, value: _in_life(plan, annoyance=value)),
    ),
    Conflict(
        "latency",
        "Latency against orders: 200 ms more",
        Plan(
            (BALANCED, _policy("slower", money=0.008, gap=3)),
            days=28,
            world=World(),
            arms={"slower": Arm(added_ms=200.0)},
            **_SMALL,
        ),
        (
            Reading("orders per 1,000 requests", "orders_per_1000", "balanced", "slower", _ALL, -1),
            Reading("orders a diner and week", "orders_per_diner_week", "balanced", "slower", _ALL, -1),
            Reading("left before the list came", "abandoned_share", "balanced", "slower", _ALL, 1),
        ),
        Sweep("impatience", (0.0, 0.05, 0.1, 0.2), 0, lambda plan, value: _in_life(plan, impatience=value)),
    ),
    Conflict(
        "model",
        "Accuracy against latency: the second stage on machines that the light model fills to 80 % at the busiest hour",
        Plan(
            (_policy("light", "lightfm", money=0.008, gap=3), _policy("heavy", HEAVY, money=0.008, gap=3)),
            restaurants=300,
            diners=2_000,
            warm_days=28,
            days=7,
            world=World(machines=Machines(utilisation=0.8)),
            minutes=60,
            judge_every=4,
        ),
        (
            Reading("nDCG@10 of lists that were in time", "ndcg_in_time", "light", "heavy", _ALL, 1),
            Reading("lists that came without the model", "late_share", "light", "heavy", _ALL, 1),
            Reading("orders per 1,000 requests", "orders_per_1000", "light", "heavy", _ALL, -1),
            Reading("CPU ms per 1,000 requests", "cpu_ms_per_1000", "light", "heavy", _ALL, 1),
        ),
        Sweep(
            "utilisation",
            (0.2, 0.4, 0.6),
            2,
            lambda plan, value: replace(plan, world=replace(plan.world, machines=Machines(utilisation=value))),
        ),
    ),
    Conflict(
        "freeze",
        "Shipping against standing still: a freeze of 60 days in a city that drifts",
        Plan(
            (_policy("shipping", money=0.002), _policy("frozen", money=0.002)),
            days=60,
            world=World(drift=Drift()),
            retrain_days=20,
            arms={"frozen": Arm(retrain_days=0)},
            **_SMALL,
        ),
        (
            Reading("nDCG@10 over the 60 days", "ndcg@10", "shipping", "frozen", _ALL, -1),
            Reading("nDCG@10 in the last week", "ndcg@10", "shipping", "frozen", slice(-1, None), -1),
            Reading("orders per 1,000 requests", "orders_per_1000", "shipping", "frozen", _ALL, -1),
        ),
        Sweep(
            "taste",
            (0.0, 0.05),
            0,
            lambda plan, value: replace(plan, world=replace(plan.world, drift=Drift(value, value * 2.5))),
        ),
    ),
)


def in_world(plan: Plan, choice: ChoiceModel) -> Plan:
    """The same plan with diners who choose in this way."""
    return replace(plan, world=replace(plan.world, choice=choice))


def read(reading: Reading, runs: Sequence[SeedRun]) -> dict[str, Any]:
    """Both policies' figure and their difference with 95 % intervals; `holds` if that is wholly on the sign's side."""
    values = {name: _figure(reading, name, runs) for name in (reading.first, reading.second)}
    difference = interval(values[reading.second] - values[reading.first])
    bound = difference["low" if reading.sign > 0 else "high"]
    return {
        "says": reading.says,
        "figure": reading.figure,
        reading.first: interval(values[reading.first]),
        reading.second: interval(values[reading.second]),
        "difference": difference,
        "sign": reading.sign,
        "holds": bound is not None and reading.sign * bound > 0.0,
    }


def _figure(reading: Reading, policy: str, runs: Sequence[SeedRun]) -> Doubles:
    """(seeds,) of the reading's weeks together."""
    totals = [sum(run.weeks[policy][reading.weeks][1:], start=run.weeks[policy][reading.weeks][0]) for run in runs]
    return figures(totals)[reading.figure]


def measure(conflict: Conflict, seeds: Sequence[int], engine: Engine) -> dict[str, Any]:
    """The conflict in each world."""
    worlds = list(ChoiceModel)
    tasks = [(in_world(conflict.plan, choice), seed) for choice in worlds for seed in seeds]
    runs = in_order(engine, run_seed, tasks)
    by_world = {str(choice): runs[at * len(seeds) : (at + 1) * len(seeds)] for at, choice in enumerate(worlds)}
    return {
        "name": conflict.name,
        "title": conflict.title,
        "seeds": len(seeds),
        "days": conflict.plan.days,
        "worlds": {world: [read(one, found) for one in conflict.readings] for world, found in by_world.items()},
    }


def swept(conflict: Conflict, seeds: Sequence[int], engine: Engine) -> dict[str, Any]:
    """The reading that the sweep turns, over its parameter's values, in the world of the nested logit."""
    sweep = conflict.sweep
    tasks = [(sweep.apply(conflict.plan, value), seed) for value in sweep.values for seed in seeds]
    runs = in_order(engine, run_seed, tasks)
    reading = conflict.readings[sweep.reading]
    points = [
        {"value": value, **read(reading, runs[at * len(seeds) : (at + 1) * len(seeds)])}
        for at, value in enumerate(sweep.values)
    ]
    return {"parameter": sweep.parameter, "seeds": len(seeds), "says": reading.says, "points": points}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """A conflict as Markdown."""
    yield f"### {result['title']}"
    yield ""
    first, second = _pair(result)
    yield f"| world | | {first} | {second} | difference | sign holds |"
    yield "|---|---|---|---|---|---|"
    for world, readings in result["worlds"].items():
        for one in readings:
            cells = [_text(one[name]) for name in (first, second, "difference")]
            yield f"| {world} | {one['says']} | {' | '.join(cells)} | {'yes' if one['holds'] else '**no**'} |"
    yield ""
    if sweep := result.get("sweep"):
        points = ", ".join(f"{point['value']:g}: {_text(point['difference'])}" for point in sweep["points"])
        about = f"{sweep['says']}, {second} less {first}, over `{sweep['parameter']}`"
        turns = any(not point["holds"] for point in sweep["points"])
        opening = "Where the sign turns" if turns else "The sign does not turn"
        yield f"{opening} ({about}; {sweep['seeds']} cities, nested): {points}."
        yield ""


def _pair(result: Mapping[str, Any]) -> tuple[str, str]:
    one = next(iter(result["worlds"].values()))[0]
    known = {"says", "figure", "difference", "sign", "holds"}
    first, second = (name for name in one if name not in known)
    return first, second


def _text(measured: Measured) -> str:
    if measured["value"] is None:
        return "–"
    size = abs(float(measured["value"]))
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(*(measured[name] for name in ("value", "low", "high")), d=digits)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write. 1 where a sign does not hold."""
    parser = argparse.ArgumentParser(prog="python -m services.simulation.conflicts")
    parser.add_argument("--seeds", type=int, default=20, help="cities in each world")
    parser.add_argument("--sweep-seeds", type=int, default=4, help="cities of the sweeps; 0: none")
    parser.add_argument("--only", action="append", choices=[one.name for one in CONFLICTS])
    add_engine(parser)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(argv)
    engine, results = engine_of(chosen), []
    for conflict in CONFLICTS:
        if chosen.only and conflict.name not in chosen.only:
            continue
        result = measure(conflict, range(1, chosen.seeds + 1), engine)
        if chosen.sweep_seeds:
            result["sweep"] = swept(conflict, range(1, chosen.sweep_seeds + 1), engine)
        results.append(result)
        print("\n".join(lines(result)), flush=True)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0 if all(one["holds"] for result in results for part in result["worlds"].values() for one in part) else 1


if __name__ == "__main__":
    sys.exit(main())
