"""The rich get richer: how concentrated exposure becomes when models learn from their own lists.

    python -m services.simulation.feedback_rounds [--rounds 12] [--seeds 5] [--jobs 2] [--json FILE]

Policies live in the same cities with the same luck; each one's model learns anew every week from what came of its own
lists. Told after each round is the Gini index of the looks at places over all restaurants, those never shown among
them: 0 where all have as many, near 1 where a few have all.

as-it-learns  nothing is done about it
exploring     lists are drawn at random, likelier restaurants more often
debiased      feedback weighs by the inverse of the chance of a look at its place (`models.corrections`)
controlled    groups of restaurants are kept at exposure that fits their merit, newcomers at a quota
all-three     the three together
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from models.corrections import Corrections
from models.evaluation.metrics import ginis
from services.fan_out import in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.outcomes import Doubles, figures, interval
from services.simulation.plan import DAYS_PER_WEEK, Arm, Plan, World
from services.simulation.town import Town
from services.stakeholders.policy import AdPolicy, FairnessPolicy, Policy

ROUNDS: Final = 12
_FREE: Final = AdPolicy(money=0.0)
_CONTROL: Final = FairnessPolicy(gain=0.03, newcomer_quota=0.1)
POLICIES: Final = (
    Policy(name="as-it-learns", ads=_FREE),
    Policy(name="exploring", exploration=0.03, ads=_FREE),
    Policy(name="debiased", ads=_FREE),
    Policy(name="controlled", fairness=_CONTROL, ads=_FREE),
    Policy(name="all-three", exploration=0.03, fairness=_CONTROL, ads=_FREE),
)
_DEBIASED: Final = Arm(corrections=Corrections(place=True))
ARMS: Final = {"debiased": _DEBIASED, "all-three": _DEBIASED}
_FIGURES: Final = ("ndcg@10", "orders_per_1000", "exposure_ratio")


def plan_of(rounds: int, restaurants: int = 150, diners: int = 700) -> Plan:
    """A round is a week: live, then learn. Nobody closes or leaves, so that concentration is the lists' doing alone."""
    world = World(life=None, machines=None, reaction=None)
    days = rounds * DAYS_PER_WEEK
    sizes: dict[str, Any] = {"restaurants": restaurants, "diners": diners, "minutes": 60, "judge_every": 4}
    return Plan(POLICIES, days=days, warm_days=14, retrain_days=DAYS_PER_WEEK, world=world, arms=ARMS, **sizes)


def rounds_of(plan: Plan, seed: int) -> dict[str, dict[str, list[float]]]:
    """By policy: `gini` of each round's looks, and the figures of each round, in one city."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        town = Town.found(plan, seed, Path(folder))
        found = {}
        for policy in plan.policies:
            lister = town.lister(policy, plan.pacing)
            weeks = town.live(lister, plan)
            looks = np.asarray([lister.looks[day] for day in sorted(lister.looks)])
            by_round = looks.reshape(len(weeks), DAYS_PER_WEEK, -1).sum(axis=1)
            told = figures(weeks)
            found[policy.name] = {"gini": ginis(by_round).tolist(), **{name: told[name].tolist() for name in _FIGURES}}
        return found


def report(runs: Sequence[dict[str, dict[str, list[float]]]]) -> dict[str, Any]:
    """Intervals over cities: each figure in each round, and by how much the last round's Gini is above the first's."""
    document: dict[str, Any] = {"cities": len(runs), "policies": {}}
    for name in runs[0]:
        by_figure = {figure: np.asarray([run[name][figure] for run in runs]) for figure in runs[0][name]}
        grown: Doubles = by_figure["gini"][:, -1] - by_figure["gini"][:, 0]
        document["policies"][name] = {
            **{figure: [interval(of_round) for of_round in values.T] for figure, values in by_figure.items()},
            "gini_grown": interval(grown),
            "gini_above_the_first_policy": interval(by_figure["gini"][:, -1] - _last_gini(runs)),
        }
    return document


def _last_gini(runs: Sequence[dict[str, dict[str, list[float]]]]) -> Doubles:
    return np.asarray([next(iter(run.values()))["gini"][-1] for run in runs])


def as_markdown(document: dict[str, Any]) -> str:
    """One row a policy."""
    last = len(next(iter(document["policies"].values()))["gini"])
    rows = [
        f"| policy | Gini in round 1 | in round {last} | grown | above as-it-learns | nDCG@10 in round {last} "
        "| min/max exposure per merit |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in document["policies"].items():
        ginis_told = [one["gini"][0], one["gini"][-1], one["gini_grown"], one["gini_above_the_first_policy"]]
        told = [*ginis_told, one["ndcg@10"][-1], one["exposure_ratio"][-1]]
        rows.append(f"| {name} | " + " | ".join(_text(each) for each in told) + " |")
    return "\n".join(rows)


def _text(measured: dict[str, Any]) -> str:
    return "{value:.3f} [{low:.3f}, {high:.3f}]".format(**measured)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m services.simulation.feedback_rounds")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seeds", type=int, default=5, help="cities, at least 2")
    add_engine(parser)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(argv)
    plan = plan_of(chosen.rounds)
    runs = in_order(engine_of(chosen), rounds_of, ((plan, seed) for seed in range(1, chosen.seeds + 1)))
    document = report(runs)
    print(as_markdown(document))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
