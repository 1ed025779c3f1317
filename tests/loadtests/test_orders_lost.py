"""What slowness costs is counted against the same visits with a server that takes no time."""

import random
from datetime import UTC, datetime

import numpy as np
import pytest

from loadtests.diners import Person, Visit
from loadtests.orders import orders_lost, patience, would_order

PERSON = Person("d1-000001", "aldermoor", 52.2, 0.12)
NOW = datetime(2026, 1, 9, 19, 0, tzinfo=UTC)
ANSWER = {"request_id": "019ab1c2", "items": [{"restaurant_id": f"r{n}"} for n in range(20)]}


def lost(waited: float, count: int = 20_000, served: bool = True):
    return orders_lost(np.full(count, waited), np.full(count, served), seed=3)


def test_all_at_once_is_as_the_single_diners_do_it() -> None:
    """The vector form against the diners of the locust run: orders a visit, and patience."""
    rng = np.random.default_rng(1)
    one_by_one = [
        sum(event["type"] == "order" for event in Visit(PERSON, random.Random(seed)).reactions(ANSWER, NOW))
        for seed in range(8_000)
    ]
    together = would_order(200_000, rng)
    assert np.mean(one_by_one) == pytest.approx(together.mean(), rel=0.08)
    assert np.mean(np.array(one_by_one) == 0) == pytest.approx(np.mean(together == 0), abs=0.02)
    left = np.mean([Visit(PERSON, random.Random(seed)).leaves_after(3.0) for seed in range(8_000)])
    assert left == pytest.approx(np.mean(patience(200_000, rng) < 3.0), abs=0.02)


def test_an_instant_server_loses_nothing() -> None:
    found = lost(0.0)
    assert found.lost_to_latency.value == found.lost_to_latency_by_hazard.value == found.left.value == 0.0
    assert found.turned_away == 0
    assert 100 < found.instant < 400


def test_half_of_the_visits_end_at_the_median_patience_and_nearly_all_at_a_minute() -> None:
    half, all_but = lost(2.0), lost(60.0)
    assert half.left.value == pytest.approx(500, abs=15)
    assert half.left.low < 500 < half.left.high
    assert half.lost_to_latency.value == pytest.approx(half.instant / 2, rel=0.06)
    assert all_but.lost_to_latency.value == pytest.approx(all_but.instant, rel=0.001)


def test_the_citys_diners_lose_a_hundredth_for_a_tenth_of_a_second() -> None:
    found = lost(0.1)
    assert found.lost_to_latency_by_hazard.value == pytest.approx(found.instant * 0.00995, rel=0.001)


def test_missing_lists_cost_all_their_orders_and_are_not_called_slow() -> None:
    found = lost(30.0, served=False)
    assert found.turned_away == found.visits == 20_000
    assert found.lost_to_failures.value == pytest.approx(found.instant)
    assert found.lost_to_latency.value == found.left.value == 0.0
