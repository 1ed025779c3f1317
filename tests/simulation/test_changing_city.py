"""Both ways to live through a change, in a city small enough for a test."""

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.simulation import changing_city
from services.simulation.changing_city import LOOP, STILL, Curves, Plan, report

# What is popular changes too, and is learnt quickly; a version of it passes its gates in a city as small as this.
PLAN = Plan(
    restaurants=80, diners=700, warm_days=12, quiet_days=2, days=4, every=2, window=14, model="popular", opening=0.3
)


@pytest.fixture(scope="module")
def curves() -> Curves:
    return changing_city.run_seed(PLAN, 1)


def test_both_live_alike_until_the_first_run_and_not_after_it(curves: Curves) -> None:
    first = PLAN.quiet_days + PLAN.every
    still, loop = curves.by_day[STILL], curves.by_day[LOOP]

    assert curves.stopped == 0
    assert len(still) == len(loop) == PLAN.quiet_days + PLAN.days
    assert np.array_equal(still[:first], loop[:first])
    assert not np.array_equal(still[first:], loop[first:])
    assert np.all((still > 0.0) & (still <= 1.0))


def test_without_a_change_nothing_happens_on_the_day(curves: Curves) -> None:
    calm = changing_city.run_seed(replace(PLAN, opening=0.0, closing=0.0, taste=0.0, fashion=0.0), 1)
    changed = curves.by_day[STILL]
    day = PLAN.quiet_days

    assert calm.by_day[STILL][day] - calm.by_day[STILL][day - 1] > changed[day] - changed[day - 1]


def test_a_run_learns_of_restaurants_that_are_open_and_of_what_has_happened(tmp_path: Path) -> None:
    with contextlib.closing(changing_city._Town(PLAN, 1, tmp_path)) as town:
        first = town.arms[LOOP].lister.market.snapshot.artifact
        due = PLAN.change.day + PLAN.every
        for day in range(PLAN.warm_days, due + 1):
            town.live(day)
        last = town.arms[LOOP].lister.market.snapshot.artifact
        morning = town._clock.at
        assert town.arms[STILL].lister.market.snapshot.artifact is first

    assert set(first.restaurant_ids) < set(last.restaurant_ids)
    assert first.manifest.metrics["until"] < last.manifest.metrics["until"] < morning.isoformat()


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
