"""Lesson 2: fees against diners, this week and in half a year."""

from dataclasses import replace
from typing import Final

import numpy as np

from data.city.life import LifeParameters
from services.lessons.cities import lived
from services.lessons.figure import Axis, Bars, Doubles, Lines, Mark, bars, curve
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, share, within
from services.simulation.closed_loop import SeedRun
from services.simulation.conflicts import BALANCED, GREEDY
from services.simulation.outcomes import figures
from services.simulation.plan import DAYS_PER_WEEK, Plan, World

WEEKS: Final = 26
SHORT_WEEKS: Final = 6
_LAST: Final = 4
"""Weeks at the end that are taken together."""
_CALM: Final = 0.05
"""Annoyance of diners whom ads hardly annoy; it is 0.25 as a rule."""
_CALM_SEEDS: Final = 2
_FEES, _ORDERS, _OPEN, _BACK = "fees_per_diner_week", "orders_per_diner_week", "open_share", "return_rate_28d"
_SELDOM: Final = 16
"""Lists that are judged by the truth: this lesson asks about fees and orders."""


def plan_of(short: bool, annoyance: float | None = None) -> Plan:
    """Both policies; `annoyance` of the diners by ads, if it is not the usual one."""
    life = LifeParameters() if annoyance is None else LifeParameters(annoyance=annoyance)
    sizes = {"restaurants": 60, "diners": 200} if short else {"restaurants": 120, "diners": 450}
    weeks = SHORT_WEEKS if short else WEEKS
    return Plan(
        (BALANCED, GREEDY),
        days=weeks * DAYS_PER_WEEK,
        world=World(life=life),
        minutes=60,
        judge_every=_SELDOM,
        **sizes,  # type: ignore[arg-type]
    )


def run(asked: Asked) -> Findings:
    """Half a year under either policy; and once more among diners whom ads hardly annoy, with half the cities."""
    plan = plan_of(asked.short)
    [runs] = lived(asked, [plan], "half a year under both policies", 0.0, 0.67)
    fewer = replace(asked, seeds=asked.seeds[:_CALM_SEEDS])
    calm: list[SeedRun] = []
    if not asked.short:
        [calm] = lived(fewer, [plan_of(False, _CALM)], "the same with diners whom ads hardly annoy", 0.67, 1.0)
    weeks = np.arange(1, len(runs[0].weeks["balanced"]) + 1)
    of = {figure: _by_week(runs, figure) for figure in (_FEES, _ORDERS, _OPEN, _BACK)}
    first, _ = _first_and_late(of[_FEES])
    late = {figure: _late(values) for figure, values in of.items()}
    summed = {name: np.cumsum(values, axis=1) for name, values in of[_FEES].items()}
    gained = summed["fee-greedy"] - summed["balanced"]
    calmly = [] if not calm else [_first_and_late(_by_week(calm, _FEES))]
    return Findings(
        figures=(
            Lines(
                title="Fees, week by week",
                sentence="Whoever sells every place on top earns far more at first; follow both curves to the right to "
                "see what is left of it.",
                x=Axis(label="week"),
                y=Axis(label="fees a diner and week", unit="minor units"),
                series=tuple(curve(name, weeks, values) for name, values in of[_FEES].items()),
            ),
            Lines(
                title="Orders, week by week",
                sentence="Orders fall as diners come less often and restaurants close.",
                x=Axis(label="week"),
                y=Axis(label="orders a diner and week", unit="orders"),
                series=tuple(curve(name, weeks, values) for name, values in of[_ORDERS].items()),
            ),
            Lines(
                title="What greed has earned more in all",
                sentence="Above zero greed has paid so far. Where the curve turns down, each further week costs.",
                x=Axis(label="week"),
                y=Axis(label="fees a diner so far, greedy less balanced", unit="minor units"),
                series=(curve("diners as they are", weeks, gained),),
                marks=(Mark(axis="y", at=0.0, label="as much as balanced"),),
            ),
            Bars(
                title="It hangs on how much ads annoy",
                sentence="The difference that greed makes to the fees: in the first week, and in the last four, among "
                "diners as they are and among diners whom ads hardly annoy.",
                y=Axis(label="fees a diner and week, greedy less balanced", unit="minor units"),
                groups=("first week", "last four weeks"),
                series=(
                    bars("diners as they are", (first, late[_FEES])),
                    *(bars(f"hardly annoyed ({_CALM:g} instead of 0.25)", both) for both in calmly),
                ),
            ),
        ),
        numbers=(
            asked.number("fees a diner in week 1, greedy less balanced", first, "minor units"),
            asked.number(f"the same in the last {_LAST} weeks", late[_FEES], "minor units"),
            *(
                asked.number(f"the same among diners whom ads hardly annoy, {len(calm)} cities", ends, "minor units")
                for _, ends in calmly
            ),
            asked.number(f"orders a diner and week in the last {_LAST}, greedy less balanced", late[_ORDERS], "orders"),
            asked.number("restaurants still open at the end, greedy less balanced", 100.0 * late[_OPEN], "points"),
            asked.number("diners that come back within 28 days, greedy less balanced", 100.0 * late[_BACK], "points"),
        ),
        claims=(
            asked.claim("greed brings more fees in the first week", first, 1, "minor units", main=True),
            asked.claim("by the end greed has lost orders", late[_ORDERS], -1, "orders a diner and week", main=True),
            asked.claim("by the end greed brings less than it did", late[_FEES] - first, -1, "minor units"),
            asked.claim("by the end fewer restaurants are open", late[_OPEN], -1),
        ),
        reading=_reading(asked, of, late),
        setting={
            "restaurants": plan.restaurants,
            "diners": plan.diners,
            "warm_days": plan.warm_days,
            "days": plan.days,
            "annoyance": [LifeParameters().annoyance, _CALM],
            "seeds_hardly_annoyed": len(calm),
            "policies": [policy.model_dump(mode="json") for policy in plan.policies],
        },
    )


def _reading(asked: Asked, of: dict[str, dict[str, Doubles]], late: dict[str, Doubles]) -> str:
    fees, orders, places = of[_FEES], of[_ORDERS], of[_OPEN]
    first = [number(float(fees[name][:, 0].mean())) for name in ("fee-greedy", "balanced")]
    last = [number(float(fees[name][:, -_LAST:].mean())) for name in ("fee-greedy", "balanced")]
    bought = [number(float(orders[name][:, -_LAST:].mean())) for name in ("fee-greedy", "balanced")]
    still = [share(float(places[name][:, -1].mean())) for name in ("fee-greedy", "balanced")]
    difference = asked.claim("", late[_FEES], 1, "").measured
    return (
        f"In the first week the policy that sells every place to whoever pays most brings {first[0]} minor units a "
        f"diner, the balanced one {first[1]}. In the last {_LAST} weeks it is {last[0]} against {last[1]}, a "
        f"difference of {within(difference, signed=True)}: diners order {bought[0]} times a week instead of "
        f"{bought[1]}, and {still[0]} of the restaurants are still open instead of {still[1]}.\n\n"
        "A test of a week sees the first number alone, and would choose the wrong policy with a small p-value. What "
        "it cannot see is slow: each bad ad makes the next visit a little less likely. How slow, and how much, is one "
        "number of the diners (their annoyance): the last figure has diners whom ads hardly annoy beside them. So this "
        "is no law. It is a thing to measure over months, in more cities than a lesson has time for (docs/the-table.md "
        "has 32), before it is believed either way."
    )


def _by_week(runs: list[SeedRun], figure: str) -> dict[str, Doubles]:
    """By policy, (seeds, weeks)."""
    return {name: np.stack([figures(run.weeks[name])[figure] for run in runs]) for name in ("balanced", "fee-greedy")}


def _first_and_late(by_policy: dict[str, Doubles]) -> tuple[Doubles, Doubles]:
    """(seeds,) the difference that greed makes in the first week and in the last ones."""
    return np.asarray(by_policy["fee-greedy"][:, 0] - by_policy["balanced"][:, 0]), _late(by_policy)


def _late(by_policy: dict[str, Doubles]) -> Doubles:
    """(seeds,) the difference that greed makes in the last weeks."""
    ends = {name: values[:, -_LAST:].mean(axis=1) for name, values in by_policy.items()}
    return np.asarray(ends["fee-greedy"] - ends["balanced"])
