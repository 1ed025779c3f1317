"""Both ways to live through a change, in a city small enough for a test."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.simulation import changing_city
from services.simulation.changing_city import LOOP, STILL, Curves, Plan, report

PLAN = Plan(restaurants=60, diners=300, warm_days=10, quiet_days=2, days=4, every=2, window=10, opening=0.3)


@pytest.fixture(scope="module")
def curves() -> Curves:
    return changing_city.run_seed(PLAN, 1)


def test_both_live_alike_until_the_first_run_and_not_after_it(curves: Curves) -> None:
    first = PLAN.quiet_days + PLAN.every
    still, loop = curves.by_day[STILL], curves.by_day[LOOP]

    assert len(still) == len(loop) == PLAN.quiet_days + PLAN.days
    assert np.array_equal(still[:first], loop[:first])
    assert not np.array_equal(still[first:], loop[first:])
    assert np.all((still > 0.0) & (still <= 1.0))


def test_without_a_change_nothing_happens_on_the_day(curves: Curves) -> None:
    calm = changing_city.run_seed(replace(PLAN, opening=0.0, closing=0.0, taste=0.0, fashion=0.0), 1)
    changed = curves.by_day[STILL]
    day = PLAN.quiet_days

    assert calm.by_day[STILL][day] - calm.by_day[STILL][day - 1] > changed[day] - changed[day - 1]


def test_a_run_learns_of_restaurants_that_are_open_and_of_nothing_that_is_to_come(tmp_path: Path) -> None:
    town = changing_city._Town(PLAN, 1, tmp_path)
    arm = town.arms[LOOP]
    first = set(arm.lister.market.snapshot.artifact.restaurant_ids)
    for day in range(PLAN.warm_days, PLAN.change.day + PLAN.every):
        town.live(day)
    due = PLAN.change.day + PLAN.every
    early = town._learn(due, arm.log, "due")
    town.live(due)
    late = town._learn(due, arm.log, "late")

    assert first < set(early.restaurant_ids)
    # What the due day brought was not there for the run of its morning, nor is it when it runs again later.
    assert late.version == early.version


def test_the_share_won_back_is_of_what_the_change_cost() -> None:
    plan = Plan(quiet_days=1, days=3, every=1)

    def city(level: float) -> Curves:
        still = np.asarray([0.8, 0.6, 0.6, 0.6]) + level
        return Curves({STILL: still, LOOP: np.asarray([0.8, 0.6, 0.7, 0.8]) + level})

    stretches = report(plan, [city(0.0), city(0.1)])["stretches"]

    assert [row["runs"] for row in stretches] == [0, 0, 1, 2]
    assert [row["from_day"] for row in stretches] == [-1, 0, 1, 2]
    assert stretches[1]["recovered"] is None
    assert [row["recovered"]["value"] for row in stretches[2:]] == pytest.approx([0.5, 1.0])
