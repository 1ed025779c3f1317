"""What a fair share of exposure costs: python -m services.simulation.fair_exposure --seeds 10.

Each city lives the same days with the same luck under four policies: without a control, FairCo by the model's own
estimate of merit, FairCo with a quota for newcomers and a quality floor besides, and P-MMF. Exposure is what diners
look at of the places that were not sold; merit is the true probability of an order, which no policy knows. The model
thinks too little of restaurants that it has hardly seen: what an estimate of merit cannot see, no control by it can
mend, and the quota is for that.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.fan_out.options import add_engine, engine_of
from services.simulation.closed_loop import FEWEST_SEEDS, SeedRun, simulate
from services.simulation.outcomes import GROUPS, Measured, figures, interval, ratio
from services.simulation.plan import Plan
from services.stakeholders.policy import Control, FairnessPolicy, Policy

_WITHOUT: Final = "without"
_FIGURES: Final = ("exposure_ratio", "ndcg@10", "orders_per_1000", "fee_revenue_per_1000")
_PARTS: Final = ("exposure", "merit")


def policies(gain: float, weight: float, quota: float, floor: float, most: float) -> tuple[Policy, ...]:
    """The four; `gain` is FairCo's, `weight` P-MMF's, quota and quality floor are the third's, `most` bounds all."""
    plain = {"quality_floor": 0.0, "max_lift": most}
    newcomers = {"newcomer_quota": quota, "quality_floor": floor, "max_lift": most}
    controls = {
        _WITHOUT: FairnessPolicy(),
        "fairco": FairnessPolicy(control=Control.FAIRCO, gain=gain, **plain),
        "fairco-quota": FairnessPolicy(control=Control.FAIRCO, gain=gain, **newcomers),
        "p-mmf": FairnessPolicy(control=Control.P_MMF, gain=weight, **plain),
    }
    return tuple(Policy(name=name, fairness=control) for name, control in controls.items())


def report(plan: Plan, runs: Sequence[SeedRun]) -> dict[str, Any]:
    """The figures of each policy with their intervals over seeds; what is lost is paired by seed."""
    made = {policy.name: [run.total(policy.name) for run in runs] for policy in plan.policies}
    found = {name: figures(tallies) for name, tallies in made.items()}
    first = found[_WITHOUT]
    return {
        "seeds": len(runs),
        "setting": {"days": plan.days, "restaurants": plan.restaurants, "diners": plan.diners},
        "policies": {
            name: {
                **{figure: interval(own[figure]) for figure in _FIGURES},
                "ndcg_lost": _lost(own["ndcg@10"], first["ndcg@10"]),
                "orders_lost": _lost(own["orders_per_1000"], first["orders_per_1000"]),
                "exposure_per_merit": {
                    group: ratio(*(np.asarray([getattr(one, part)[at] for one in made[name]]) for part in _PARTS))
                    for at, group in enumerate(GROUPS)
                },
                "by_week": [
                    interval(figures([run.weeks[name][week] for run in runs])["exposure_ratio"])
                    for week in range(len(runs[0].weeks[name]))
                ],
            }
            for name, own in found.items()
        },
        "documents": {policy.name: policy.fairness.model_dump(mode="json") for policy in plan.policies},
    }


def _lost(own: Any, first: Any) -> Measured:
    """Share of the first's mean, 0.01 is a hundredth."""
    return ratio(first - own, first)


def as_markdown(document: dict[str, Any]) -> str:
    """A table, one row a policy."""
    rows = [
        "| policy | min/max exposure per merit | by week | nDCG@10 | lost | orders lost |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in document["policies"].items():
        weeks = " ".join(f"{week['value']:.2f}" for week in one["by_week"])
        lost = [_text(one[key], 100.0, ".2f", " %") for key in ("ndcg_lost", "orders_lost")]
        cells = [_text(one["exposure_ratio"], 1.0, ".2f"), weeks, _text(one["ndcg@10"], 1.0, ".3f"), *lost]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _text(measured: Measured, scale: float, form: str, unit: str = "") -> str:
    value, low, high = (scale * (measured[key] or 0.0) for key in ("value", "low", "high"))
    return f"{value:{form}}{unit} ({low:{form}} to {high:{form}})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m services.simulation.fair_exposure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=10, help="cities")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=14, help="under each policy")
    parser.add_argument("--gain", type=float, default=0.03, help="of FairCo")
    parser.add_argument("--weight", type=float, default=0.05, help="of P-MMF")
    parser.add_argument("--quota", type=float, default=0.10, help="for newcomers")
    parser.add_argument("--floor", type=float, default=0.05, help="order probability, where there is a quota")
    parser.add_argument("--max-lift", type=float, default=FairnessPolicy().max_lift, help="order probability, of all")
    parser.add_argument("--restaurants", type=int, default=Plan.restaurants)
    parser.add_argument("--diners", type=int, default=Plan.diners)
    add_engine(parser)
    parser.add_argument("--json", type=Path, help="write all figures here")
    given = parser.parse_args(arguments)
    if given.seeds < FEWEST_SEEDS:
        parser.error(f"--seeds: an interval over seeds needs at least {FEWEST_SEEDS}")
    plan = Plan(
        policies(given.gain, given.weight, given.quota, given.floor, given.max_lift),
        restaurants=given.restaurants,
        diners=given.diners,
        days=given.days,
    )
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    document = report(plan, simulate(plan, seeds, engine_of(given), _progress))
    print(as_markdown(document))
    if given.json is not None:
        given.json.write_text(json.dumps(document, indent=2) + "\n")


def _progress(what: str, done: int, total: int) -> None:
    print(f"{what} {done}/{total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
