"""What money costs the diners: the exchange curve over lambda, measured in the closed loop."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.simulation.closed_loop import SeedRun, report
from services.simulation.outcomes import Measured, figures, ratio
from services.simulation.plan import Plan
from services.stakeholders.policy import Policy

MONEY: Final = (0.0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
"""lambda of the sweep: order probability a minor unit of expected fee is worth, each twice the one before."""
FEE_STEP: Final = 100.0
"""Rates are orders for so many minor units of fees more."""

ORDERS, FEES = "orders_per_1000", "fee_revenue_per_1000"


def sweep(base: Policy, money: Sequence[float] = MONEY) -> tuple[Policy, ...]:
    """The policy at each lambda.

    The guard that sells nothing with a badly calibrated model is off: the curve is to be one of lambda alone.
    """
    return tuple(
        base.model_copy(
            update={
                "name": f"money-{value:g}".replace(".", "-"),
                "ads": base.ads.model_copy(update={"money": value, "max_calibration_error": 1.0}),
            }
        )
        for value in money
    )


def exchange(plan: Plan, runs: Sequence[SeedRun]) -> dict[str, Any]:
    """The curve: at each lambda of the plan's policies, rising, the figures and what the fees cost in orders.

    `average` is the rate from the first lambda to this one, `marginal` from the one before: orders lost for `FEE_STEP`
    minor units of fees more, per 1,000 requests both, so that their number does not matter. None where no fees came in.
    """
    measured = report(plan, runs)["policies"]
    of_seeds = {policy.name: figures([run.total(policy.name) for run in runs]) for policy in plan.policies}
    points = []
    for number, policy in enumerate(plan.policies):
        point = {"money": policy.ads.money, **measured[policy.name]}
        if number:
            before = plan.policies[number - 1].name
            point["average"] = _rate(of_seeds[plan.policies[0].name], of_seeds[policy.name])
            point["marginal"] = _rate(of_seeds[before], of_seeds[policy.name])
        points.append(point)
    return {"fee_step": FEE_STEP, "points": points}


def _rate(before: Mapping[str, Any], after: Mapping[str, Any]) -> Measured:
    return ratio(FEE_STEP * (before[ORDERS] - after[ORDERS]), after[FEES] - before[FEES])
