"""Lesson 7: a table at which everyone can sit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import numpy as np
from scipy import stats

from services.lessons.cities import in_cities
from services.lessons.figure import (
    Axis,
    Bars,
    Doubles,
    Mark,
    MeasuredValue,
    Point,
    Scatter,
    Series,
    Table,
    bars,
    over_seeds,
)
from services.lessons.lesson import Asked, Findings
from services.lessons.words import share, within
from services.simulation.closed_loop import SeedRun, run_seed
from services.simulation.front import estimates
from services.simulation.plan import Plan, World
from services.stakeholders.negotiation import table as negotiating
from services.stakeholders.negotiation.demand import Bound, Demand
from services.stakeholders.negotiation.design import Candidate, design
from services.stakeholders.negotiation.front import Estimate, Evaluated, Front, Stage
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.negotiation.result import Result
from services.stakeholders.policy import AdPolicy, Policy
from services.stakeholders.seats import SEATS, Direction, Seat, signing

MODEL: Final = "lightfm"
TODAY: Final = Policy(ads=AdPolicy(max_calibration_error=1.0))
"""The guard that sells nothing with a badly calibrated model is off: the small cities' models are."""
_DESIGN_SEED: Final = 1
_FEES, _ORDERS = "fee_revenue_per_1000", "orders_per_1000"
_GREEDY: Final = 0.8
"""Of what it could hope for, that every seat asks for in the part about demands that do not fit."""


@dataclass(frozen=True)
class Sizes:
    """What is tried, in which cities."""

    policies: int
    restaurants: int
    diners: int
    days: int


FULL: Final = Sizes(28, 100, 400, 14)
SHORT: Final = Sizes(28, 50, 200, 7)


@dataclass(frozen=True, eq=False)
class Apart:
    """What was settled in the other cities, as it turns out in one that had no say."""

    shares: Mapping[str, Doubles]
    """By who has their way (`settlement`, `today`, a seat): (s,) shares of the seats."""


def candidates(sizes: Sizes) -> tuple[Candidate, ...]:
    """The policies that are tried, the same in every city."""
    return design(TODAY, (MODEL,), sizes.policies, _DESIGN_SEED)


def plan_of(sizes: Sizes) -> Plan:
    """All policies in a world with consequences."""
    return Plan(
        tuple(one.policy for one in candidates(sizes)),
        restaurants=sizes.restaurants,
        diners=sizes.diners,
        days=sizes.days,
        model=MODEL,
        world=World(),
        minutes=60,
        judge_every=4,
    )


def run(asked: Asked) -> Findings:
    """Settle over some cities, and look at what everybody gets in one that had no say."""
    sizes = SHORT if asked.short else FULL
    plan = plan_of(sizes)
    runs = in_cities(asked, partial(run_seed, plan), f"living with {len(plan.policies)} policies")
    front = _front(plan, runs)
    result = negotiate(front, {})
    apart = [_apart(plan, runs, at) for at in range(len(runs))]
    seats = signing()
    names = ("settlement", "today", *(seat.name for seat in seats))
    least = {name: np.asarray([float(np.nanmin(one.shares[name])) for one in apart]) for name in names}
    favourites = np.stack([least[seat.name] for seat in seats]).mean(axis=0)
    best_favourite = np.stack([least[seat.name] for seat in seats]).max(axis=0)
    fees, orders = _conflict(apart, "sales", "product")
    # What is asked for here is about these cities, so it is held against their means.
    blocked = negotiate(_front(plan, runs, sure=True), _greedy(result, seats))
    return Findings(
        figures=(
            Bars(
                title="What everybody gets, by whose way it goes",
                sentence="100 % is a seat's own favourite, 0 % what the others' favourites leave it. Each was chosen "
                "in some cities and is looked at in another one, which had no say.",
                y=Axis(label="share of what a seat could hope for", unit="%"),
                groups=tuple(seat.title for seat in seats),
                series=tuple(
                    bars(title, 100.0 * np.stack([one.shares[name] for one in apart]).T)
                    for name, title in _titles().items()
                ),
            ),
            _scatter(front, result),
            _rates(result),
            _who_blocks(blocked),
        ),
        numbers=(
            asked.number("least share of any seat under the settlement", 100.0 * least["settlement"], "%"),
            asked.number("least share under a seat's favourite, on average", 100.0 * favourites, "%"),
            asked.number("least share under the best of the favourites", 100.0 * best_favourite, "%"),
            asked.number("least share today", 100.0 * least["today"], "%"),
        ),
        claims=(
            asked.claim(
                "in a city that had no say the settlement leaves the poorest seat more than favourites do on average",
                least["settlement"] - favourites,
                1,
                "share",
                main=True,
            ),
            asked.claim("sales has less where product has its way than where it has its own", fees, 1, "share"),
            asked.claim("product has less where sales has its way than where it has its own", orders, 1, "share"),
        ),
        reading=_reading(least, favourites, result, blocked),
        setting={
            "restaurants": sizes.restaurants,
            "diners": sizes.diners,
            "days": sizes.days,
            "policies": len(plan.policies),
            "warm_days": plan.warm_days,
            "model": MODEL,
            "asked_for_of_the_best": _GREEDY,
        },
    )


def _stage(plan: Plan, runs: Sequence[SeedRun], sure: bool = False) -> Stage:
    """What each policy came to. Cities differ in everything: errors are those of the difference from today's policy.

    sure: without errors, as of these very cities and no others.
    """
    today = [estimates([run.weeks[TODAY.name]]) for run in runs]
    return Stage(
        days=plan.days,
        policies=tuple(
            Evaluated(policy=policy, model=MODEL, outcomes=_outcomes(policy.name, runs, today, sure))
            for policy in plan.policies
        ),
    )


def _outcomes(
    name: str, runs: Sequence[SeedRun], today: Sequence[Mapping[str, Estimate]], sure: bool
) -> dict[str, Estimate]:
    own = [estimates([run.weeks[name]]) for run in runs]
    found = {}
    for key in own[0]:
        values, beside = (np.asarray([one[key].mean for one in of], np.float64) for of in (own, today))
        if np.isfinite(values).all():
            error = float(stats.sem(values - beside)) if len(runs) > 1 and not sure else None
            found[key] = Estimate(mean=float(values.mean()), error=error, n=len(runs))
    return found


def _front(plan: Plan, runs: Sequence[SeedRun], sure: bool = False) -> Front:
    # When it was made says nothing here: what a lesson finds is a function of its seeds.
    made_at = datetime.fromtimestamp(0, UTC)
    wide = _stage(plan, runs, sure)
    return Front(front_id="0" * 16, created_at=made_at, active=TODAY.name, wide=wide, assumed=True)


def _apart(plan: Plan, runs: Sequence[SeedRun], at: int) -> Apart:
    """Settle without one city, then look at it."""
    others = [run for number, run in enumerate(runs) if number != at]
    result = negotiate(_front(plan, others), {})
    there = negotiating.Table.of(_stage(plan, [runs[at]]), {}, SEATS)
    gains, rows = there.undemanded.gains, {name: row for row, name in enumerate(there.outcomes.names)}
    assert result.settlement is not None, "nobody has demanded anything"
    chosen = {"settlement": result.settlement.policy.name, "today": TODAY.name}
    chosen |= {seat: choice.policy.name for seat, choice in result.favourites.items()}
    # A share below 0 is worse than what the others' favourites leave; it counts as it is.
    return Apart({name: gains[rows[policy]] for name, policy in chosen.items()})


def _conflict(apart: Sequence[Apart], one: str, other: str) -> tuple[Doubles, Doubles]:
    """(seeds,) by how much more each of two seats has where it has its own way than where the other one has."""
    column = {seat.name: at for at, seat in enumerate(signing())}
    first, second = (
        np.asarray([city.shares[own][column[own]] - city.shares[way][column[own]] for city in apart])
        for own, way in ((one, other), (other, one))
    )
    return first, second


def _titles() -> dict[str, str]:
    return {
        "settlement": "the settlement",
        "today": "today's policy",
        "sales": "sales has its way",
        "product": "product has its way",
        "fairness": "fairness has its way",
    }


def _greedy(result: Result, seats: Sequence[Seat]) -> dict[str, Demand]:
    """Every seat asks for most of what it could have alone."""
    found = {}
    for seat in seats:
        worst, best = result.disagreement[seat.name], result.ideal[seat.name]
        side = "at_least" if seat.number.direction is Direction.UP else "at_most"
        bound = Bound(**{"measure": seat.number.key, side: worst + _GREEDY * (best - worst)})
        found[seat.name] = Demand(limits=(bound,))
    return found


def _scatter(front: Front, result: Result) -> Scatter:
    named = {choice.policy.name: f"{seat}'s favourite" for seat, choice in result.favourites.items()}
    named |= {TODAY.name: "today"}
    if result.settlement is not None:
        named[result.settlement.policy.name] = "the settlement"
    tried: list[Point] = []
    marked: list[Point] = []
    for one in front.wide.policies:
        fees, orders = (one.outcomes[key].measured() for key in (_FEES, _ORDERS))
        if fees.value is None or orders.value is None:
            continue
        label = named.get(one.policy.name)
        point = Point(
            x=float(f"{fees.value:.6g}"), y=float(f"{orders.value:.6g}"), label=label, **_reach(orders, bool(label))
        )
        (marked if label else tried).append(point)
    return Scatter(
        title="Fees and orders of all policies that were tried",
        sentence="To the right are more fees, upwards more orders. Nothing lies far to the right and on top at once; "
        "the settlement gives up a little of both, and the other seats pull as well.",
        x=Axis(label="fees per 1,000 lists", unit="minor units"),
        y=Axis(label="orders per 1,000 lists", unit="orders"),
        series=(
            Series(name="tried", points=tuple(tried), style="dots"),
            Series(name="by name", points=tuple(marked), style="dots"),
        ),
        marks=() if result.settlement is None else (_through(result),),
    )


def _reach(orders: object, labelled: bool) -> dict[str, float | None]:
    if not labelled:
        return {}
    low, high = (getattr(orders, name) for name in ("low", "high"))
    return {"low": None if low is None else float(f"{low:.6g}"), "high": None if high is None else float(f"{high:.6g}")}


def _through(result: Result) -> Mark:
    assert result.settlement is not None
    orders = result.settlement.outcomes[_ORDERS].value or 0.0
    return Mark(axis="y", at=float(f"{orders:.6g}"), label="orders of the settlement")


def _rates(result: Result) -> Table:
    return Table(
        title="What more for one seat costs another",
        sentence="Rates at the settlement, between seats that pull against each other: who asks for more knows who "
        "pays.",
        columns=("seat", "costs", "in words"),
        rows=tuple((one.seat, one.costs, one.words) for one in result.exchange_rates[:8]),
    )


def _who_blocks(blocked: Result) -> Table:
    infeasible = blocked.infeasible
    said = ("These demands fit: some policy meets them.",) if infeasible is None else infeasible.words
    return Table(
        title=f"And if every seat insists on {100.0 * _GREEDY:.0f} %?",
        sentence="Each asks for most of what it could have alone. The table says whether that fits, and if not, who "
        "blocks whom and the least that has to give.",
        columns=("what is said",),
        rows=tuple((line,) for line in said),
    )


def _reading(least: Mapping[str, Doubles], favourites: Doubles, result: Result, blocked: Result) -> str:
    settled, today = (over_seeds(100.0 * least[name]) for name in ("settlement", "today"))
    common = over_seeds(100.0 * favourites)
    assert result.settlement is not None
    shares = [value for value in result.settlement.shares.values() if value is not None]
    blocking = "it fits"
    if blocked.infeasible is not None:
        names = " and ".join(blocked.infeasible.blocking)
        blocking = f"{names} block each other" if " and " in names else f"nobody can give {names} that"
    return (
        f"Nobody's favourite is a policy for everybody: in a city that had no say in it, a seat's favourite leaves the "
        f"poorest seat {_percent(common)} of what it could hope for, today's policy {_percent(today)}, and the "
        f"settlement {_percent(settled)}. Over all cities together it leaves everybody at least "
        f"{share(min(shares))}; in a city of its own it is less, because a city is not an average.\n\n"
        "The settlement is no mean of what the seats want: it is the policy whose poorest seat has most. What more for "
        f"one seat costs another stands beside it, so that nobody has to guess. And where every seat insists "
        f"on {100.0 * _GREEDY:.0f} % of what it could hope for: {blocking}. Whether to take the offer is for people: a "
        "settlement becomes the policy only when every seat has signed it."
    )


def _percent(measured: MeasuredValue) -> str:
    return f"{within(measured)} %"
