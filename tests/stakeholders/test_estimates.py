"""Intervals by hand, against other libraries, and against worlds whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.simulation import outcomes
from services.stakeholders.scorecard.estimates import (
    Estimate,
    account,
    bootstrap,
    bucket_of,
    change,
    missing,
    quantile,
    rate,
    ratio,
    share,
)

COUNTS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=2, max_size=30)


def test_a_ratio_by_hand() -> None:
    """Residuals -1 and 1: the standard error is 1/2, and Student's bound with one degree of freedom is 12.7062."""
    found = ratio(np.asarray([1.0, 3.0]), np.asarray([2.0, 2.0]), "diners")

    assert found.value == 1.0
    assert found.high == pytest.approx(1.0 + 12.7062 / 2, abs=1e-4)
    assert found.low == pytest.approx(1.0 - 12.7062 / 2, abs=1e-4)
    assert (found.n, found.of) == (2, "diners")


@given(COUNTS)
def test_a_ratio_is_that_of_the_closed_loop(pairs: list[tuple[int, int]]) -> None:
    parts, wholes = np.asarray(pairs, np.float64).T
    expected = outcomes.ratio(parts, wholes)

    found = ratio(parts, wholes, "diners")

    for name in ("value", "low", "high"):
        assert found.measured[name] == pytest.approx(expected[name], abs=1e-9)


@given(st.integers(1, 500), st.data())
def test_a_share_is_wilsons(trials: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials))
    expected = stats.binomtest(hits, trials).proportion_ci(method="wilson")

    found = share(hits, trials, "diners")

    assert (found.low, found.high) == (pytest.approx(expected.low, abs=1e-6), pytest.approx(expected.high, abs=1e-6))


def test_without_anything_there_is_a_reason() -> None:
    assert ratio(np.zeros(0), np.zeros(0), "diners") == missing("no diners yet")
    assert ratio(np.ones(1), np.ones(1), "diners").value is None
    assert share(0, 0, "diners").reason == "no diners yet"
    assert quantile(np.zeros(0, np.int64), np.zeros(0, np.int64), 0.99, "answers").reason == "no answers yet"
    assert bootstrap(3, lambda weights: np.full(len(weights), np.nan), "diners").value is None


def test_where_nothing_was_seen_the_bound_is_not_nothing() -> None:
    found = rate(np.zeros(100), np.full(100, 10.0), "diners", 1000.0)

    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(3.6889, abs=1e-4)  # of 1,000 lists


def world(rng: np.random.Generator, diners: int) -> tuple[np.ndarray, np.ndarray]:
    """Diners who differ in how often they ask and in how often they then order: 0.3 in the mean over lists."""
    lists = 1 + rng.poisson(4.0, diners)
    taste = rng.beta(1.2, 2.8, diners)
    return rng.binomial(lists, taste).astype(np.float64), lists.astype(np.float64)


def coverage(worlds: int, truth: float = 0.3) -> tuple[float, float]:
    """Share of worlds whose interval holds the truth: ours, and that of lists taken as independent."""
    rng = np.random.default_rng(11)
    ours = naive = 0
    for _ in range(worlds):
        orders, lists = world(rng, 80)
        found = rate(orders, lists, "diners")
        assert found.low is not None
        assert found.high is not None
        ours += found.low <= truth <= found.high
        apart = share(int(orders.sum()), int(lists.sum()), "lists")
        assert apart.low is not None
        assert apart.high is not None
        naive += apart.low <= truth <= apart.high
    return ours / worlds, naive / worlds


def test_the_interval_of_a_rate_covers_and_one_over_lists_would_not() -> None:
    ours, naive = coverage(600)

    assert 0.92 <= ours <= 0.975
    assert naive < 0.88


@pytest.mark.long
def test_the_interval_of_a_rate_covers_in_many_worlds() -> None:
    ours, _ = coverage(20_000)

    assert 0.94 <= ours <= 0.96


def test_a_bootstrap_of_diners_agrees_with_the_delta_method() -> None:
    parts, wholes = world(np.random.default_rng(5), 400)
    exact = ratio(parts, wholes, "diners")

    found = bootstrap(400, lambda weights: (weights @ parts) / (weights @ wholes), "diners")

    assert found.value == pytest.approx(exact.value)
    assert found.high - found.low == pytest.approx(exact.high - exact.low, rel=0.15)


@pytest.mark.parametrize("level", [0.5, 0.99])
def test_a_quantile_is_within_half_a_bucket(level: float) -> None:
    seconds = np.random.default_rng(2).lognormal(math.log(0.004), 0.6, 20_000)
    buckets, counts = np.unique([bucket_of(one) for one in seconds.tolist()], return_counts=True)

    found = quantile(buckets, counts, level, "answers")

    exact = 1000.0 * float(np.quantile(seconds, level))
    assert found.value == pytest.approx(exact, rel=2 ** (1 / 16) - 1)
    assert found.low < exact < found.high
    assert found.n == 20_000


@given(st.floats(1e-9, 1e4))
def test_a_bucket_holds_its_duration(seconds: float) -> None:
    bucket = bucket_of(seconds)

    assert 0 <= bucket < 2**15
    assert 2.0 ** (bucket / 8) / 1e6 <= max(seconds, 1e-6) * (1 + 1e-9)
    assert seconds <= 2.0 ** ((bucket + 1) / 8) / 1e6 * (1 + 1e-9)


def test_a_change_by_hand() -> None:
    """Half widths 3 and 4 make 5; of an account without error the interval is the other's."""
    now, before = Estimate(10.0, 7.0, 13.0, 50, "diners"), Estimate(8.0, 4.0, 12.0, 40, "diners")

    assert change(now, before).measured == {"value": 2.0, "low": -3.0, "high": 7.0}
    assert change(now, account(8.0, 40, "diners")).measured == {"value": 2.0, "low": -1.0, "high": 5.0}
    assert change(now, missing("no lists yet")).reason == "no number before: no lists yet"
    assert change(missing("x"), before).value is None
