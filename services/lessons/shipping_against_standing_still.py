"""Lesson 4: shipping against standing still."""

from dataclasses import replace
from typing import Final

import numpy as np

from services.lessons.cities import lived
from services.lessons.figure import Axis, Doubles, Lines, Point, Scatter, Series, curve, over_seeds
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, share, within
from services.simulation.closed_loop import SeedRun
from services.simulation.outcomes import figures
from services.simulation.plan import DAYS_PER_WEEK, Arm, Drift, Plan, World
from services.stakeholders.policy import AdPolicy, Policy

EVERY: Final = {"every week": 7, "every three weeks": 21, "frozen": 0}
"""Days between two new models, by the arm's title."""
_FROZEN, _OFTEN, _SELDOM = "frozen", "every week", "every three weeks"


def plan_of(short: bool, drifts: bool = True) -> Plan:
    """One policy, whose model is learnt anew as often as each arm says."""
    every = {name: days for name, days in EVERY.items() if not short or name != _SELDOM}
    policies = tuple(Policy(name=_slug(name), ads=AdPolicy(money=0.0)) for name in every)
    sizes = {"restaurants": 60, "diners": 250} if short else {"restaurants": 100, "diners": 400}
    return Plan(
        policies,
        days=DAYS_PER_WEEK * (3 if short else 8),
        world=World(life=None, machines=None, reaction=None, drift=Drift() if drifts else Drift(0.0, 0.0)),
        arms={_slug(name): Arm(retrain_days=days) for name, days in every.items()},
        minutes=60,
        judge_every=2,
        **sizes,  # type: ignore[arg-type]
    )


def run(asked: Asked) -> Findings:
    """The same weeks with each arm, in a city whose tastes drift; and in one that stands still."""
    plan = plan_of(asked.short)
    names = tuple(name for name in EVERY if _slug(name) in plan.arms)
    [runs] = lived(asked, [plan], "weeks with and without new models", 0.0, 0.7)
    still = plan_of(asked.short, drifts=False)
    two = tuple(policy for policy in still.policies if policy.name in (_slug(_OFTEN), _slug(_FROZEN)))
    still = replace(still, policies=two, arms={policy.name: still.arms[policy.name] for policy in two})
    fewer = replace(asked, seeds=asked.seeds[: max(2, len(asked.seeds) // 2)])
    calm: list[SeedRun] = []
    if not asked.short:
        [calm] = lived(fewer, [still], "the same in a city that stands still", 0.7, 1.0)
    weeks = np.arange(1, len(runs[0].weeks[_slug(_FROZEN)]) + 1)
    quality = {name: _by_week(runs, name, "ndcg@10") for name in names}
    orders = {name: _over_all(runs, name, "orders_per_1000") for name in names}
    calmly = [] if not calm else [_by_week(calm, _OFTEN, "ndcg@10") - _by_week(calm, _FROZEN, "ndcg@10")]
    behind = quality[_OFTEN] - quality[_FROZEN]
    last = behind[:, -1]
    bought = orders[_OFTEN] - orders[_FROZEN]
    worse = (behind[:, 1:] < 0.0).mean(axis=1)
    models = {name: 0 if not EVERY[name] else (plan.days - 1) // EVERY[name] for name in names}
    return Findings(
        figures=(
            Lines(
                title="Quality of the lists, week by week",
                sentence="The curves begin together, with the same model. What parts them is how often a "
                "new one ships.",
                x=Axis(label="week"),
                y=Axis(label="nDCG@10 by the truth"),
                series=tuple(curve(name, weeks, values) for name, values in quality.items()),
            ),
            Scatter(
                title="What another release buys",
                sentence="To the right are more releases, each of them work and a risk for infrastructure; upwards are "
                "better lists. The first few releases buy most of it.",
                x=Axis(label=f"new models in {len(weeks)} weeks"),
                y=Axis(label="nDCG@10 by the truth, over all weeks"),
                series=(
                    Series(name="arms", style="dots", points=tuple(_point(n, models[n], quality[n]) for n in names)),
                ),
                front=True,
            ),
            Lines(
                title="And where nobody's taste changes?",
                sentence="What shipping every week is ahead of the freeze by, in a city that drifts and in one that "
                "does not. The part that is left without drift is what the lists themselves teach the model.",
                x=Axis(label="week"),
                y=Axis(label="nDCG@10, shipping every week less frozen"),
                series=(
                    curve("tastes drift", weeks, behind),
                    *(curve("tastes stand still", weeks, ahead) for ahead in calmly),
                ),
            ),
        ),
        numbers=(
            asked.number("nDCG@10 in the last week, shipping every week less frozen", last),
            asked.number("orders per 1,000 lists, shipping every week less frozen", bought, "orders"),
            *(asked.number("the same nDCG@10 where tastes stand still", ahead[:, -1]) for ahead in calmly),
            asked.number("weeks after a release in which its lists were behind the frozen ones", 100.0 * worse, "%"),
        ),
        claims=(
            asked.claim("in the last week shipping is ahead of the freeze", last, 1, "nDCG@10", main=True),
            asked.claim("the freeze falls further behind", last - behind[:, 1], 1, "nDCG@10"),
            asked.claim("shipping brings orders", bought, 1, "orders per 1,000 lists"),
            *(
                asked.claim(
                    "even where tastes stand still shipping is ahead: the model learns from its own lists",
                    ahead[:, -1],
                    1,
                    "nDCG@10",
                )
                for ahead in calmly
            ),
        ),
        reading=_reading(asked, quality, orders, calmly, worse, len(weeks)),
        setting={
            "restaurants": plan.restaurants,
            "diners": plan.diners,
            "warm_days": plan.warm_days,
            "days": plan.days,
            "drift_a_week": {"taste": Drift().taste, "fashion": Drift().fashion},
            "days_between_models": {name: EVERY[name] for name in names},
            "seeds_standing_still": len(calm),
        },
    )


def _reading(
    asked: Asked,
    quality: dict[str, Doubles],
    orders: dict[str, Doubles],
    calmly: list[Doubles],
    worse: Doubles,
    weeks: int,
) -> str:
    last = {name: number(float(values[:, -1].mean())) for name, values in quality.items()}
    lost = asked.claim("", orders[_OFTEN] - orders[_FROZEN], 1).measured
    still = "".join(
        f"Where nobody's taste changes the last week's difference in nDCG@10 is {_signed(ahead[:, -1])}: what is left "
        "of it there is what the lists themselves teach the model that makes them."
        for ahead in calmly
    )
    seldom = ""
    if _SELDOM in quality:
        gains = [float((quality[name] - quality[_FROZEN]).mean()) for name in (_SELDOM, _OFTEN)]
        seldom = f"A new model every three weeks has {share(gains[0] / gains[1])} of what one every week brings. "
    return (
        f"After {weeks} weeks the lists of a model that is learnt anew every week have an nDCG@10 of {last[_OFTEN]}, "
        f"those of the model that everybody began with {last[_FROZEN]}; in orders per 1,000 lists the difference is "
        f"{within(lost, signed=True)}. {still}\n\n"
        f"In {share(float(worse.mean()))} of the weeks after a release its lists were behind the frozen ones: in these "
        f"cities nothing breaks, and no log is kept wrongly. {seldom}That is infrastructure's case: each release is "
        "work, and a risk that this figure does not show. What holds both is a release that is cheap to take back "
        "(`tablestakes releases canary`), and a freeze that ends on a day that is written down, with its price "
        "beside it."
    )


def _signed(values: Doubles) -> str:
    return number(float(values.mean()), signed=True)


def _point(name: str, models: int, by_week: Doubles) -> Point:
    mean = over_seeds(by_week.mean(axis=1))
    return Point(x=float(models), y=mean.value or 0.0, low=mean.low, high=mean.high, label=name)


def _by_week(runs: list[SeedRun], name: str, figure: str) -> Doubles:
    """(seeds, weeks)"""
    return np.stack([figures(run.weeks[_slug(name)])[figure] for run in runs])


def _over_all(runs: list[SeedRun], name: str, figure: str) -> Doubles:
    """(seeds,)"""
    return figures([run.total(_slug(name)) for run in runs])[figure]


def _slug(name: str) -> str:
    return name.replace(" ", "-")
