"""Lesson 1: accuracy against latency."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data import columns as col
from models.evaluation import evaluate as evaluation
from models.ground import Ground
from models.training_data import build
from services.lessons.cities import in_cities
from services.lessons.figure import Axis, Bars, Doubles, Lines, Point, Scatter, Series, bars, curve, over_seeds
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, within
from services.serving.measure_ladder import request_microseconds
from services.simulation.conflicts import HEAVY
from services.simulation.latency import Machines
from services.simulation.outcomes import figures
from services.simulation.plan import Plan, World
from services.simulation.town import Town
from services.stakeholders.policy import AdPolicy, Policy

LIGHT: Final = "lightfm"
RUNGS: Final = ("popular", LIGHT, "ease", HEAVY)
UTILISATIONS: Final = (0.2, 0.5, 0.8)
"""Of the machines, with the light model at the busiest hour of a mean day."""
LEARNT: Final = ("popular", LIGHT, "ease")
"""Rungs of the curve over the days of log."""
_NDCG: Final = "ndcg@10"
_SELDOM: Final = 16
"""Lists that are judged by the truth: this lesson asks about orders."""


@dataclass(frozen=True)
class City:
    """What one city says."""

    accuracy: Mapping[str, float]
    """By rung: nDCG@10 of held-out requests, as served."""
    slowness: Mapping[str, float]
    """By rung: time of a request over that of the light model's, both in this process."""
    by_days: Mapping[str, Doubles]
    """By rung: nDCG@10 of held-out choices, learnt from so many days."""
    orders: Mapping[str, Doubles]
    """By model: orders per 1,000 lists at each utilisation."""
    late: Mapping[str, Doubles]
    """By model: lists that came without the model, at each utilisation."""


def plan_of(short: bool) -> Plan:
    """A policy for each rung; all rungs are trained, and the light and the heavy one live."""
    policies = tuple(Policy(name=_name(rung), model=rung, ads=AdPolicy(money=0.0)) for rung in RUNGS)
    sizes = {"restaurants": 60, "diners": 400, "warm_days": 14, "days": 3}
    if not short:
        sizes = {"restaurants": 150, "diners": 1_000, "warm_days": 28, "days": 7}
    return Plan(policies, world=World(life=None, reaction=None), minutes=60, judge_every=_SELDOM, **sizes)  # type: ignore[arg-type]


def days_of(short: bool) -> tuple[int, ...]:
    """Days of log that the curve has points at."""
    return (2, 4, 8) if short else (1, 2, 4, 8, 16)


def measure(seed: int, short: bool) -> City:
    """One city: its ladder, its curve over the days of log, and life on machines of three loads."""
    plan = plan_of(short)
    with tempfile.TemporaryDirectory() as folder:
        town = Town.found(plan, seed, Path(folder), measured=True)
        metrics = {rung: town.serving[rung].snapshot.artifact.manifest.metrics for rung in RUNGS}
        times = _times(town)
        lived = {model: [_lived(town, model, load) for load in UTILISATIONS] for model in (LIGHT, HEAVY)}
        return City(
            {rung: float(metrics[rung]["requests"]["models"][rung][_NDCG]["value"]) for rung in RUNGS},
            {rung: times[rung] / times[LIGHT] for rung in RUNGS},
            _by_days(town, days_of(short), seed),
            {model: np.asarray([orders for orders, _ in found]) for model, found in lived.items()},
            {model: np.asarray([late for _, late in found]) for model, found in lived.items()},
        )


def _times(town: Town) -> dict[str, float]:
    """Microseconds of a request by rung, the median: who else uses the machine hardly moves it, and ratios less so."""
    [info] = town.log.manifest.markets
    return {
        rung: request_microseconds(served.snapshot, town.log, info.market)["median"]
        for rung, served in town.serving.items()
    }


def _lived(town: Town, model: str, utilisation: float) -> tuple[float, float]:
    """(orders per 1,000 lists, share of lists without a model) of a model's policy on machines of this load."""
    plan = replace(town.plan, world=replace(town.plan.world, machines=Machines(utilisation=utilisation)))
    there = replace(town, plan=plan)
    [policy] = [one for one in plan.policies if one.model == model]
    weeks = there.live(there.lister(policy, plan.pacing), plan)
    told = figures([sum(weeks[1:], start=weeks[0])])
    return float(told["orders_per_1000"][0]), float(told["late_share"][0])


def _by_days(town: Town, days: Sequence[int], seed: int) -> dict[str, Doubles]:
    """nDCG@10 of the same held-out choices, learnt from the last days before them."""
    [info] = town.log.manifest.markets
    ground = Ground(town.log, info.market, seed=seed)
    prepared = ground.prepared
    learnt = prepared.log[prepared.split.train]
    end = learnt[col.AT].max()
    found: dict[str, list[float]] = {rung: [] for rung in LEARNT}
    for number_of_days in days:
        part = learnt[learnt[col.AT] > end - pd.Timedelta(days=number_of_days)]
        data = build(town.log, info.market, part, town.log.manifest.repeats)
        for rung, model in ground.fitted(LEARNT, data).items():
            measured = evaluation.measure(prepared.question, model.score)
            found[rung].append(float(measured.per_diner[_NDCG].mean()))
    return {rung: np.asarray(values) for rung, values in found.items()}


def run(asked: Asked) -> Findings:
    """The ladder, the curve over data, and orders on machines that are idle and busy."""
    cities = in_cities(asked, partial(measure, short=asked.short), "training every rung, then living with it")
    plan, days = plan_of(asked.short), days_of(asked.short)
    accuracy = {rung: np.asarray([city.accuracy[rung] for city in cities]) for rung in RUNGS}
    slowness = {rung: np.asarray([city.slowness[rung] for city in cities]) for rung in RUNGS}
    by_days = {rung: np.stack([city.by_days[rung] for city in cities]) for rung in LEARNT}
    lost = np.stack([city.orders[HEAVY] - city.orders[LIGHT] for city in cities])
    late = {model: np.stack([city.late[model] for city in cities]) for model in (LIGHT, HEAVY)}
    gain = accuracy[HEAVY] - accuracy[LIGHT]
    early, last = (by_days[LIGHT][:, at] - by_days[LIGHT][:, at - 1] for at in (1, -1))
    grown = {rung: values[:, -1] - values[:, 0] for rung, values in by_days.items()}
    helped = grown[LIGHT] - grown["popular"]
    return Findings(
        figures=(
            Scatter(
                title="The ladder: what accuracy costs in time",
                sentence="Upwards is better, to the left is faster. A rung below and to the right of another one is "
                "worth nothing; the staircase joins those that are.",
                x=Axis(label="time of a request, LightFM's being 1", scale="log"),
                y=Axis(label="nDCG@10 of held-out requests"),
                series=(
                    Series(
                        name="rungs", style="dots", points=tuple(_point(rung, slowness, accuracy) for rung in RUNGS)
                    ),
                ),
                front=True,
            ),
            Lines(
                title="Accuracy against data",
                sentence="Each step to the right is twice as many days of log. Where a curve flattens, more data buys "
                "little, and another model may buy more.",
                x=Axis(label="days of log learnt from", unit="days", scale="log"),
                y=Axis(label="nDCG@10 of held-out choices"),
                series=tuple(curve(rung, days, values) for rung, values in by_days.items()),
            ),
            Bars(
                title="What the more accurate model does to orders",
                sentence="The heavy model's orders less the light one's. On idle machines nothing stands against its "
                "accuracy; the busier they are, the more lists come too late for it.",
                y=Axis(label="orders per 1,000 lists, heavy less light", unit="orders"),
                groups=tuple(f"{100 * load:.0f} % busy" for load in UTILISATIONS),
                series=(bars("heavy less light", lost.T),),
            ),
        ),
        numbers=(
            asked.number("nDCG@10 of requests, heavy less light", gain),
            asked.number("time of a request, heavy over light", slowness[HEAVY], "times"),
            asked.number("orders per 1,000 lists on idle machines, heavy less light", lost[:, 0], "orders"),
            asked.number("the same on busy machines", lost[:, -1], "orders"),
            asked.number("lists without a model on busy machines, heavy", 100.0 * late[HEAVY][:, -1], "%"),
            asked.number(f"nDCG@10 that the days from {days[0]} to {days[1]} brought LightFM", early),
            asked.number(f"nDCG@10 that the days from {days[-2]} to {days[-1]} brought LightFM", last),
            asked.number(f"nDCG@10 that all of them, {days[0]} to {days[-1]}, brought popularity", grown["popular"]),
        ),
        claims=(
            asked.claim("the second stage is more accurate", gain, 1, "nDCG@10"),
            asked.claim("it takes more time", np.log(slowness[HEAVY]), 1, "log of the ratio", main=True),
            asked.claim("on busy machines it loses orders", lost[:, -1], -1, "orders per 1,000 lists"),
            asked.claim(
                "on idle machines it loses fewer", lost[:, 0] - lost[:, -1], 1, "orders per 1,000 lists", main=True
            ),
            asked.claim("more days of log help LightFM more than popularity", helped, 1, "nDCG@10", main=True),
        ),
        reading=_reading(accuracy, slowness, lost, late, (early, last), days),
        setting={
            "restaurants": plan.restaurants,
            "diners": plan.diners,
            "warm_days": plan.warm_days,
            "days": plan.days,
            "rungs": list(RUNGS),
            "utilisations": list(UTILISATIONS),
            "days_learnt_from": list(days),
        },
    )


def _reading(
    accuracy: Mapping[str, Doubles],
    slowness: Mapping[str, Doubles],
    lost: Doubles,
    late: Mapping[str, Doubles],
    steps: tuple[Doubles, Doubles],
    days: Sequence[int],
) -> str:
    gain = over_seeds(accuracy[HEAVY] - accuracy[LIGHT])
    idle, busy = over_seeds(lost[:, 0]), over_seeds(lost[:, -1])
    early, last = (number(float(step.mean()), signed=True) for step in steps)
    return (
        f"The second stage orders the light model's shortlist once more and changes nDCG@10 of held-out requests by "
        f"{within(gain, signed=True)}; a request's ranking takes {number(float(slowness[HEAVY].mean()))} times as "
        f"long. What that does to orders is a question about the machines: where they are {100 * UTILISATIONS[0]:.0f} "
        f"% busy it is {within(idle, signed=True)} per 1,000 lists, where they are {100 * UTILISATIONS[-1]:.0f} % busy "
        f"{within(busy, signed=True)}, because {number(100.0 * float(late[HEAVY][:, -1].mean()))} % of the lists come "
        "without any model.\n\n"
        f"Before a heavier model one can also wait for data. From {days[0]} to {days[1]} days of log LightFM's nDCG@10 "
        f"changes by {early}, from {days[-2]} to {days[-1]} by {last}: the same doubling, at another place of the "
        "curve. So neither seat is right by itself. The most accurate model is the best one "
        "exactly where there is time for it."
    )


def _point(rung: str, slowness: Mapping[str, Doubles], accuracy: Mapping[str, Doubles]) -> Point:
    mean = over_seeds(accuracy[rung])
    x = float(np.exp(np.log(slowness[rung]).mean()))
    return Point(x=float(f"{x:.6g}"), y=mean.value or 0.0, low=mean.low, high=mean.high, label=rung)


def _name(rung: str) -> str:
    return rung.replace("+", "-")
