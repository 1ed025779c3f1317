"""Would one choose the same policy from the log as after living with each: python -m services.simulation.agreement.

In each city policies of several models and temperatures are valued twice: off-policy, from the log of the logging
policy (self-normalised, `models.off_policy`), in orders a list; and in the closed loop, where diners live with the
policy's lists and all that follows from them, in orders per 1,000 requests. Printed is the rank correlation over
policies (Spearman), by city and of the means over cities, and what the choice from the log loses against the loop's.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import stats

from services.fan_out import in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.closed_loop import run_seed as live_seed
from services.simulation.measure_off_policy import Case, Study
from services.simulation.measure_off_policy import run_seed as value_seed
from services.simulation.outcomes import Doubles, figures, interval
from services.simulation.plan import Plan, World
from services.stakeholders.policy import AdPolicy, Policy

_K: Final = 2
"""Places that the off-policy estimate draws by the policy: few, so that enough lists of the log bear on it."""
CASES: Final = tuple(
    Case(model, temperature, _K) for model in ("popular", "lightfm", "ease") for temperature in (0.06, 0.15, 0.4)
)
_DAYS: Final = 14


def run_seed(seed: int) -> tuple[Doubles, Doubles]:
    """((C,) orders a list by the log, (C,) orders per 1,000 requests in the loop) of each case in one city."""
    study = replace(Study(), cases=CASES)
    by_log = [one.estimates["value"] for one in value_seed(study, seed)]
    policies = tuple(
        Policy(name=f"policy-{number}", model=case.model, exploration=case.temperature, ads=AdPolicy(money=0.0))
        for number, case in enumerate(CASES)
    )
    plan = Plan(
        policies,
        restaurants=study.restaurants,
        diners=study.diners,
        warm_days=study.learn_days + study.calibrate_days,
        days=_DAYS,
        world=World(),
        minutes=60,
        judge_every=4,
    )
    lived = live_seed(plan, seed)
    in_loop = [figures([lived.total(policy.name)])["orders_per_1000"][0] for policy in policies]
    return np.asarray([np.nan if value is None else value for value in by_log], np.float64), np.asarray(in_loop)


def report(runs: Sequence[tuple[Doubles, Doubles]]) -> dict[str, Any]:
    """Correlations over the cases whose estimate was not refused, and the regret of choosing by the log."""
    by_log, in_loop = (np.stack(values) for values in zip(*runs, strict=True))
    known = np.isfinite(by_log)
    correlations = [
        stats.spearmanr(values[there], lived[there]).statistic
        for values, lived, there in zip(by_log, in_loop, known, strict=True)
    ]
    if not known.any(axis=1).all():
        raise ValueError("in some city every estimate was refused: its log is too short for these cases")
    chosen = np.nanargmax(by_log, axis=1)
    regret = in_loop.max(axis=1) - in_loop[np.arange(len(chosen)), chosen]
    means = np.nanmean(by_log, axis=0), in_loop.mean(axis=0)
    of_means = float(stats.spearmanr(*means).statistic)
    return {
        "cities": len(runs),
        "refused": int((~known).sum()),
        "rank_correlation": interval(np.asarray(correlations)),
        "rank_correlation_of_means": of_means,
        "orders_lost_per_1000": interval(regret),
        "cases": [
            {"case": case.name, "orders_a_list": float(value), "orders_per_1000": float(lived)}
            for case, value, lived in zip(CASES, *means, strict=True)
        ],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m services.simulation.agreement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=8, help="cities")
    add_engine(parser)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(argv)
    result = report(in_order(engine_of(chosen), run_seed, ((seed,) for seed in range(1, chosen.seeds + 1))))
    print(f"| policy | orders a list, by the log (k = {_K}) | orders per 1,000 requests, lived |\n|---|---:|---:|")
    for one in result["cases"]:
        print(f"| {one['case']} | {one['orders_a_list']:.3f} | {one['orders_per_1000']:.0f} |")
    for name in ("rank_correlation", "orders_lost_per_1000"):
        found = result[name]
        print(f"{name.replace('_', ' ')}: {found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]")
    print(f"of the means over {result['cities']} cities: {result['rank_correlation_of_means']:.2f}")
    print(f"estimates refused: {result['refused']} of {result['cities'] * len(CASES)}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
