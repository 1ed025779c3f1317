"""Intervals hold what they promise, and part only where there is a difference."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.intervals import Interval, blocked, difference, quantile, verdict

ordered = st.tuples(*[st.floats(-1e6, 1e6)] * 3).map(lambda three: Interval(*(sorted(three)[i] for i in (1, 0, 2))))


def mean_of(values: np.ndarray) -> Interval:
    return blocked(lambda chosen: float(values[chosen].mean()), values.size)


def test_ninety_five_of_a_hundred_intervals_hold_the_truth_also_where_neighbours_are_alike() -> None:
    """Noise that remembers for ten requests, as latencies do; those of single requests hold it half the time."""
    rng = np.random.default_rng(5)
    held, naive = 0, 0
    for _ in range(200):
        noise = rng.normal(size=2_000)
        values = np.convolve(noise, np.ones(10) / 10, mode="same")
        found = mean_of(values)
        held += found.low <= 0.0 <= found.high
        naive += abs(values.mean()) <= 1.96 * values.std() / math.sqrt(values.size)
    assert 175 <= held <= 200
    assert naive < 150


def test_too_little_to_tell_has_no_interval() -> None:
    few = mean_of(np.arange(39.0))
    assert few.value == 19.0
    assert math.isnan(few.low)
    assert math.isnan(mean_of(np.empty(0)).value)


def test_a_quantile_is_a_value_that_was_seen() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert [quantile(values, q) for q in (0.0, 0.25, 0.5, 0.51, 1.0)] == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert math.isnan(quantile(np.empty(0), 0.5))


@given(ordered, ordered)
def test_worse_and_better_mirror_each_other_and_need_a_gap(before: Interval, now: Interval) -> None:
    found = verdict(before, now)
    mirrored = {"worse": "better", "better": "worse", "not apart": "not apart"}
    assert verdict(before, now, more_is_worse=False) == mirrored[found]
    assert verdict(now, before) == mirrored[found]
    apart = difference(before, now)
    assert (found == "worse") == (apart.low > 0)
    assert (found == "better") == (apart.high < 0)


def test_without_an_interval_nothing_is_called_worse() -> None:
    nothing = Interval(9.0, float("nan"), float("nan"))
    assert verdict(Interval(1.0, 1.0, 1.0), nothing) == verdict(nothing, Interval(99.0, 98.0, 100.0)) == "not apart"


@pytest.mark.parametrize("interval", [Interval(1.0, 0.5, 2.0), Interval(1.0, float("nan"), float("nan"))])
def test_an_interval_survives_json(interval: Interval) -> None:
    read = Interval.from_json(json.loads(json.dumps(interval.as_json(), allow_nan=False)))
    assert str(read) == str(interval)
