"""A fact from outside by which the consequences were set, and what the city makes of it.

    python -m services.simulation.facts [--choice cascade] [--annoyance 0.25]

Ads that are seen over a year cost about three times the visits that they cost in the first month (Goli, Huang, Reiley,
Riabov, arXiv 2412.05516). Two policies, without ads and with, live in the same cities for a year.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from data.city.life import LifeParameters
from data.city.parameters import ChoiceModel
from services.fan_out import in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.closed_loop import SeedRun, run_seed
from services.simulation.outcomes import Doubles, Measured, figures, interval, ratio
from services.simulation.plan import Plan, World
from services.stakeholders.policy import AdPolicy, Policy

_YEAR: Final = 364
_WITHOUT, _WITH = "without", "with"
_PLAN: Final = Plan(
    (
        Policy(name=_WITHOUT, ads=AdPolicy(money=0.0)),
        Policy(name=_WITH, ads=AdPolicy(money=0.008, gap=3, max_calibration_error=1.0)),
    ),
    restaurants=200,
    diners=1_000,
    days=_YEAR,
    world=World(reaction=None, machines=None),
    minutes=60,
    judge_every=50,
)
_MONTH: Final = slice(0, 4)
_LATE: Final = slice(40, 52)
_HALF_YEAR: Final = slice(25, 26)


def report(runs: Sequence[SeedRun]) -> dict[str, Measured | int]:
    """Shares of the visits that ads cost, in weeks 1 to 4 and 41 to 52, and the ratio of the two; who is still open."""
    visits = {name: np.stack([_visits(run, name) for run in runs]) for name in (_WITHOUT, _WITH)}
    lost = {
        name: 1.0 - visits[_WITH][:, weeks].mean(axis=1) / visits[_WITHOUT][:, weeks].mean(axis=1)
        for name, weeks in (("month", _MONTH), ("late", _LATE))
    }
    still = np.asarray([figures([run.weeks[_WITHOUT][_HALF_YEAR][0]])["open_share"][0] for run in runs])
    return {
        "cities": len(runs),
        "visits lost in the first month": interval(lost["month"]),
        "visits lost after ten months": interval(lost["late"]),
        "long run over the first month": ratio(lost["late"], lost["month"]),
        "restaurants open after half a year, without ads": interval(still),
    }


def _visits(run: SeedRun, policy: str) -> Doubles:
    return figures(run.weeks[policy])["requests_per_diner_week"]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m services.simulation.facts")
    parser.add_argument("--seeds", type=int, default=8, help="cities")
    parser.add_argument("--choice", choices=[str(one) for one in ChoiceModel], default=str(_PLAN.world.choice))
    parser.add_argument("--annoyance", type=float, default=LifeParameters().annoyance, help="of the ads")
    add_engine(parser)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(argv)
    life = LifeParameters(annoyance=chosen.annoyance)
    plan = replace(_PLAN, world=replace(_PLAN.world, choice=ChoiceModel(chosen.choice), life=life))
    runs = in_order(engine_of(chosen), run_seed, ((plan, seed) for seed in range(1, chosen.seeds + 1)))
    result: dict[str, Any] = report(runs)
    for name, found in result.items():
        if isinstance(found, dict):
            print(f"{name:<50}{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
