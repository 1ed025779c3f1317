"""Lesson 3: latency against orders."""

from dataclasses import replace
from typing import Final

import numpy as np

from data.city.life import LifeParameters
from services.lessons.cities import lived
from services.lessons.figure import Axis, Doubles, Lines, curve
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, share, within
from services.simulation.closed_loop import SeedRun
from services.simulation.outcomes import figures
from services.simulation.plan import Arm, Plan, World
from services.stakeholders.policy import AdPolicy, Policy

ADDED_MS: Final = (0, 100, 200, 400, 800)
_SELDOM: Final = 16
"""Judging lists by the truth takes time, and this lesson asks about orders."""


def plan_of(short: bool, impatience: float | None = None) -> Plan:
    """The same policy at each delay; `impatience` of the diners, if it is not the usual one."""
    policies = tuple(Policy(name=_name(added), ads=AdPolicy(money=0.0)) for added in ADDED_MS)
    life = LifeParameters() if impatience is None else LifeParameters(impatience=impatience)
    sizes = {"restaurants": 60, "diners": 250, "days": 7} if short else {"restaurants": 120, "diners": 500, "days": 28}
    return Plan(
        policies,
        world=World(life=life),
        arms={_name(added): Arm(added_ms=float(added)) for added in ADDED_MS},
        minutes=60,
        judge_every=_SELDOM,
        **sizes,  # type: ignore[arg-type]
    )


def run(asked: Asked) -> Findings:
    """Orders at each delay, of diners as they are and of diners who do not mind to wait."""
    plan, patient = plan_of(asked.short), plan_of(asked.short, 0.0)
    patient = replace(patient, policies=(patient.policies[0], patient.policies[-1]), arms={_name(800): Arm(800.0)})
    runs, unmoved = lived(asked, [plan, patient], "living with slower answers")
    orders, left = _of(runs, "orders_per_1000", ADDED_MS), _of(runs, "abandoned_share", ADDED_MS)
    weekly = _of(runs, "orders_per_diner_week", ADDED_MS)
    of_patient = _of(unmoved, "orders_per_1000", (0, 800))
    lost, lost_patient = orders - orders[:, :1], of_patient - of_patient[:, :1]
    at = {added: lost[:, column] for column, added in enumerate(ADDED_MS)}
    shares = {added: values / orders[:, 0] for added, values in at.items()}
    return Findings(
        figures=(
            Lines(
                title="What waiting costs in orders",
                sentence="The further to the right, the longer every answer takes; the curve says how many orders of "
                "1,000 lists are lost. Diners who do not mind waiting lose none.",
                x=Axis(label="added to every answer", unit="ms"),
                y=Axis(label="change in orders per 1,000 lists", unit="orders"),
                series=(
                    curve("diners as they are", ADDED_MS, lost),
                    curve("diners who do not mind", (0, 800), lost_patient),
                ),
            ),
            Lines(
                title="Who left before the list came",
                sentence="Each 100 ms more send about the same share of the diners away, before they see anything.",
                x=Axis(label="added to every answer", unit="ms"),
                y=Axis(label="lists that nobody waited for", unit="%"),
                series=(curve("diners as they are", ADDED_MS, 100.0 * left),),
            ),
        ),
        numbers=(
            asked.number("orders lost per 1,000 lists at 100 ms more", -at[100], "orders"),
            asked.number("orders lost per 1,000 lists at 400 ms more", -at[400], "orders"),
            asked.number("share of the orders lost at 400 ms more", -100.0 * shares[400], "%"),
            asked.number("left before the list came at 400 ms more", 100.0 * left[:, ADDED_MS.index(400)], "%"),
            asked.number("orders a diner and week lost at 400 ms more", -(weekly[:, 3] - weekly[:, 0]), "orders"),
        ),
        claims=(
            asked.claim("400 ms more lose orders", at[400], -1, "orders per 1,000 lists", main=True),
            asked.claim("100 ms more lose orders", at[100], -1, "orders per 1,000 lists", main=True),
            asked.claim("800 ms lose more than 400 ms", at[800] - at[400], -1, "orders per 1,000 lists", main=True),
            asked.claim(
                "who waits without minding loses fewer orders: it is impatience that costs",
                lost_patient[:, -1] - at[800],
                1,
                "orders per 1,000 lists",
                main=True,
            ),
        ),
        reading=_reading(asked, at, shares, left, lost_patient),
        setting=_setting(plan),
    )


def _reading(
    asked: Asked, at: dict[int, Doubles], shares: dict[int, Doubles], left: Doubles, lost_patient: Doubles
) -> str:
    of_100, of_400 = (asked.claim("", at[added], -1).measured for added in (100, 400))
    return (
        f"Nothing changed but the time: the same lists, to the same diners with the same luck. 100 ms more move orders "
        f"per 1,000 lists by {within(of_100, signed=True)}, 400 ms by {within(of_400, signed=True)}, which is "
        f"{share(abs(float(shares[400].mean())))} of them. {share(float(left[:, 3].mean()))} of the diners are gone "
        f"before their list is there, where it was {share(float(left[:, 0].mean()))}.\n\n"
        f"The cost is in the diners' impatience and nowhere else: where they do not mind, 800 ms move orders by "
        f"{number(float(lost_patient[:, -1].mean()), signed=True)}. So what a millisecond is worth is not a property "
        "of the machine: measure it on your own diners, by adding delay on purpose."
    )


def _of(runs: list[SeedRun], figure: str, added: tuple[int, ...]) -> Doubles:
    """(seeds, delays) of one figure over all weeks."""
    return np.stack([figures([run.total(_name(one)) for run in runs])[figure] for one in added], axis=1)


def _name(added: int) -> str:
    return f"added-{added}"


def _setting(plan: Plan) -> dict[str, object]:
    return {
        "restaurants": plan.restaurants,
        "diners": plan.diners,
        "warm_days": plan.warm_days,
        "days": plan.days,
        "added_ms": list(ADDED_MS),
        "impatience": LifeParameters().impatience,
    }
