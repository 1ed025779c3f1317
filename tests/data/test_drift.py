"""Drift: the statistics against their definitions, false alarms in data that does not change, and planted changes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from data import drift
from data.drift import Column, Kind, Part, compare, design_effect, holm, ks, psi, wasserstein
from data.measure_drift import SHIFTS, Rate, measure

counts = arrays(np.int64, st.integers(2, 12), elements=st.integers(1, 10_000))


def column(values: np.ndarray, *units: np.ndarray, kind: Kind = Kind.NUMBER, name: str = "x") -> Column:
    return Column(name, Part.INPUT, kind, values, units)


@given(counts)
def test_psi_of_equal_counts_is_zero_and_of_others_is_not_below_it(reference: np.ndarray) -> None:
    assert psi(reference, reference * 3) == pytest.approx(0.0, abs=1e-12)
    assert psi(reference, reference[::-1]) >= 0.0
    assert psi(reference, reference[::-1]) == pytest.approx(psi(reference[::-1], reference))


def test_psi_is_the_sum_that_it_is_defined_as() -> None:
    assert psi(np.array([50, 50]), np.array([30, 70])) == pytest.approx(-0.2 * np.log(0.6) + 0.2 * np.log(1.4))


def test_psi_refuses_what_has_no_shares() -> None:
    with pytest.raises(ValueError, match="same bins"):
        psi(np.array([1, 2]), np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="something in each"):
        psi(np.array([1, 2]), np.array([0, 0]))


def test_an_empty_bin_counts_as_a_small_share_and_not_as_an_infinite_one() -> None:
    assert np.isfinite(psi(np.array([10, 0]), np.array([5, 5])))


def test_distances_of_a_sample_that_is_moved() -> None:
    sample = np.random.default_rng(1).normal(size=4000)

    assert wasserstein(sample, sample + 0.5) == pytest.approx(0.5 / sample.std())
    assert ks(sample, sample + 100.0) == 1.0
    assert ks(sample, sample) == 0.0
    assert wasserstein(np.ones(9), np.ones(9)) == 0.0
    assert wasserstein(np.ones(9), np.zeros(9)) == np.inf


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(0.0, 1.0)))
def test_holm_is_the_step_down_procedure(p_values: np.ndarray) -> None:
    adjusted = holm(p_values)

    alpha = 0.05
    rejected = np.zeros(len(p_values), bool)
    for step, index in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[index] * (len(p_values) - step) >= alpha:
            break
        rejected[index] = True
    np.testing.assert_array_equal(adjusted < alpha, rejected)
    assert np.all(adjusted >= p_values)
    assert np.all(adjusted <= 1.0)


def test_independent_rows_have_no_design_effect_and_copied_rows_have_their_number() -> None:
    rng = np.random.default_rng(2)
    bins = rng.integers(0, 4, 20_000)
    later = np.arange(20_000) >= 10_000

    alone = design_effect(bins, later, np.arange(20_000))
    copied = design_effect(np.repeat(bins, 5), np.repeat(later, 5), np.repeat(np.arange(20_000), 5))

    assert alone == pytest.approx(1.0, abs=0.06)
    assert copied == pytest.approx(5.0, rel=0.06)


def test_what_a_unit_has_in_common_in_both_periods_scatters_less() -> None:
    rng = np.random.default_rng(3)
    mine = rng.integers(0, 4, 1000)  # each diner always the same
    bins, units = np.concatenate([mine, mine]), np.tile(np.arange(1000), 2)

    assert design_effect(bins, np.repeat([False, True], 1000), units) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("kind", list(Kind))
def test_tests_of_clustered_rows_keep_their_level(kind: Kind) -> None:
    """100 diners with ten rows each that are nearly one row; a test of single rows would reject in most worlds."""
    p_values, naive = [], []
    for world in range(300):
        rng = np.random.default_rng([4, world])
        sides = []
        for side in range(2):
            taste = np.repeat(rng.normal(size=100), 10) + 0.1 * rng.normal(size=1000)
            values = {Kind.NUMBER: taste, Kind.RATE: taste > 0.5, Kind.CATEGORY: np.floor(taste * 1.5)}[kind]
            sides.append([column(values, np.repeat(np.arange(100), 10) + 1000 * side, kind=kind)])
        p_values.append(compare(*sides).columns[0].p_value)
        naive.append(compare(*([column(side[0].values, kind=kind)] for side in sides)).columns[0].p_value)

    assert sum(p < 0.05 for p in naive) > 100
    assert sum(p < 0.05 for p in p_values) <= stats.binom.ppf(0.999, 300, 0.05)


def test_a_small_difference_in_large_data_is_no_drift_and_neither_is_chance_in_small_data() -> None:
    rng = np.random.default_rng(5)
    large = compare([column(rng.normal(size=200_000))], [column(rng.normal(0.05, size=200_000))]).columns[0]
    small = compare([column(rng.normal(size=20))], [column(rng.normal(size=20))]).columns[0]

    assert large.adjusted < 1e-6
    assert not large.drifted
    assert small.effect > drift.KS_FLOOR
    assert not small.drifted


def test_a_rate_that_falls_has_an_effect_below_zero() -> None:
    rng = np.random.default_rng(6)
    report = compare([column(rng.random(5000) < 0.4, kind=Kind.RATE)], [column(rng.random(5000) < 0.2, kind=Kind.RATE)])

    assert report.drifted[0].effect == pytest.approx(-0.5, abs=0.08)


def test_columns_that_cannot_be_compared_are_named() -> None:
    numbers = np.arange(100.0)
    gone, constant = column(numbers, name="gone"), column(np.ones(100), name="constant")
    empty = column(np.full(100, np.nan), name="empty")

    report = compare([gone, constant, empty], [constant, empty, column(numbers, name="new")])

    assert report.columns == ()
    assert report.skipped == ("gone", "constant", "empty", "new")
    assert report.to_json() == {"drifted": False, "alpha": drift.ALPHA, "columns": [], "skipped": [*report.skipped]}


@pytest.mark.parametrize("kind", list(Kind))
def test_diners_who_do_not_change_are_no_drift(kind: Kind) -> None:
    values = np.random.default_rng(7).integers(0, 2, 200).astype(np.float64)
    period = [column(values == 1.0 if kind is Kind.RATE else values, np.arange(200), kind=kind)]

    (found,) = compare(period, period).columns

    assert (found.p_value, found.effect, found.drifted) == (1.0, 0.0, False)


def test_one_diner_alone_says_nothing_about_all() -> None:
    rng, one = np.random.default_rng(8), np.zeros(100)

    assert compare([column(rng.normal(size=100), one)], [column(rng.normal(9.0, size=100), one)]).skipped == ("x",)


def test_a_report_is_json_also_where_the_reference_does_not_vary() -> None:
    report = compare([column(np.ones(50))], [column(np.arange(50.0))])

    assert report.columns[0].wasserstein == np.inf
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["columns"][0]["wasserstein"] is None


def test_columns_of_different_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="'x' is number in one period, rate in the other"):
        compare([column(np.arange(20.0))], [column(np.arange(20) > 5, kind=Kind.RATE)])
    with pytest.raises(ValueError, match="alpha"):
        compare([], [], alpha=1.0)


def test_labels_that_are_new_count() -> None:
    before, after = np.repeat(["a", "b"], 300), np.repeat(["a", "b", "c"], 200)

    found = compare([column(before, kind=Kind.CATEGORY)], [column(after, kind=Kind.CATEGORY)]).columns[0]

    assert found.drifted
    assert found.effect > 1.0


def test_a_calm_city_is_quiet_and_planted_changes_are_found() -> None:
    tally = next(measure(1, 1, first_seed=2))

    assert not tally.calm[0].drifted
    assert not tally.lively[0].drifted
    assert tally.found == {shift.what: [True] for shift in SHIFTS}
    assert max(one.design_effect for one in tally.calm[0].columns) > 1.5
    assert {one.design_effect for one in tally.naive[0].columns} == {1.0}


def test_a_rate_of_cities_has_the_exact_interval() -> None:
    rate = Rate.of("x", [True] * 2 + [False] * 198)

    assert (rate.happened, rate.cities) == (2, 200)
    assert (rate.low, rate.high) == pytest.approx((0.0012, 0.0357), abs=1e-4)


@pytest.mark.long
def test_false_alarms_stay_at_their_rate_over_200_cities_and_planted_changes_are_found() -> None:
    *_, tally = measure(200, 50)
    rates = tally.rates()

    assert rates[0].happened <= stats.binom.ppf(0.99, 200, drift.ALPHA), rates[0]
    assert rates[3].happened <= stats.binom.ppf(0.99, 50, 0.05), rates[3]
    for rate in rates[5:]:
        assert rate.happened >= 45, rate
