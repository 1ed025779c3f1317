"""The figures of the closed loop: against independent implementations, and by hand."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import ndcg_score

from services.simulation.outcomes import FIGURES, Tally, figures, interval, ndcg, ratio

relevances = st.lists(st.floats(0.001, 1.0), min_size=12, max_size=30)


@given(relevances, st.integers(0, 1_000))
def test_ndcg_is_that_of_scikit_learn(relevance: list[float], seed: int) -> None:
    scores = np.random.default_rng(seed).permutation(len(relevance)).astype(np.float64)[None]
    shown = np.argsort(-scores, axis=1)[:, :10]

    found = ndcg(np.asarray([relevance]), shown, 10)

    assert found[0] == pytest.approx(ndcg_score(np.asarray([relevance]), scores, k=10))


@given(relevances)
def test_the_ideal_list_has_ndcg_1_and_no_other_has_more(relevance: list[float]) -> None:
    given_ = np.asarray([relevance])
    ideal = np.argsort(-given_, axis=1)[:, :10]
    assert ndcg(given_, ideal, 10)[0] == pytest.approx(1.0)
    assert ndcg(given_, ideal[:, ::-1], 10)[0] <= 1.0 + 1e-12


def test_empty_places_and_short_catalogues_count_as_nothing() -> None:
    relevance = np.asarray([[0.5, 0.25, 0.0], [0.0, 0.0, 0.0]])
    shown = np.asarray([[1, -1], [0, 1]])

    first, nothing = ndcg(relevance, shown, 10)

    assert first == pytest.approx(0.25 / (0.5 + 0.25 / np.log2(3)))
    assert nothing == 0.0


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=8))
def test_intervals_are_student_s(values: list[float]) -> None:
    found = interval(np.asarray(values))
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), max(stats.sem(values), 1e-300))
    assert found["value"] == pytest.approx(np.mean(values))
    assert (found["low"], found["high"]) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_a_constant_ratio_is_certain_and_noise_is_covered() -> None:
    wholes = np.asarray([1.0, 2.0, 4.0])
    sure = ratio(3.0 * wholes, wholes)
    assert sure == {"value": pytest.approx(3.0), "low": pytest.approx(3.0), "high": pytest.approx(3.0)}
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        wholes = rng.normal(10.0, 1.0, 8)
        found = ratio(2.0 * wholes + rng.normal(0.0, 1.0, 8), wholes)
        assert found["low"] is not None
        assert found["high"] is not None
        covered += found["low"] <= 2.0 <= found["high"]
    assert stats.binomtest(covered, 400, 0.95).pvalue > 0.001


def test_what_was_not_measured_is_none() -> None:
    empty = {"value": None, "low": None, "high": None}
    assert ratio(np.ones(3), np.zeros(3)) == empty
    found = figures([Tally(requests=10, orders=4), Tally(requests=10, orders=6)])
    assert interval(found["price_over_bid"]) == empty
    assert interval(found["orders_per_1000"])["value"] == 500.0


@given(*[st.lists(st.integers(0, 3), min_size=len(fields(Tally)), max_size=len(fields(Tally)))] * 2)
def test_tallies_add_up_field_by_field(first: list[int], second: list[int]) -> None:
    def told(numbers: list[int]) -> dict[str, Any]:
        """A bin or a group more each, where a field has several."""
        named = zip(fields(Tally), numbers, strict=True)
        return {
            field.name: tuple(n + place for place in range(len(field.default)))
            if isinstance(field.default, tuple)
            else n
            for field, n in named
        }

    one, other = told(first), told(second)
    both = Tally(**one) + Tally(**other)
    for name, part in one.items():
        wanted = tuple(np.add(part, other[name])) if isinstance(part, tuple) else part + other[name]
        assert getattr(both, name) == wanted, name
    assert Tally(**one) + Tally() == Tally() + Tally(**one) == Tally(**one)


def test_tallies_add_up() -> None:
    one = Tally(requests=2, orders=1, fees=1_500_000, ads=3, billed=2, price_shares=1.0, sold_value=450.0)
    both = one + one
    assert (both.requests, both.fees, both.price_shares) == (4, 3_000_000, 2.0)
    assert FIGURES["fee_revenue_per_1000"](both) == 750.0
    assert FIGURES["ads_per_list"](both) == 1.5
    assert FIGURES["advertiser_return"](both) == 300.0
