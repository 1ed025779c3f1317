"""Splits by diner: the difference, its error, CUPED and who gets what."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.experiments.assignment import is_treated, mismatch_p_value, position, treated
from models.experiments.estimate import Estimate, cuped, difference, diners_needed, minimum_detectable

SEEDS = st.integers(0, 2**32 - 1)
WORLDS = 600


def world(rng: np.random.Generator, diners: int = 200, effect: float = 0.0):
    """Lists, orders and the orders of the weeks before; diners differ, and who comes more orders at other rates."""
    rate = rng.gamma(2.0, 0.5, diners)
    keen = np.clip(rng.normal(0.5, 0.15, diners) + 0.1 * (rate - 1.0), 0.02, 0.9)
    lists = rng.poisson(8.0 * rate).astype(float)
    mask = rng.permutation(diners) < diners // 2
    orders = rng.binomial(lists.astype(int), np.clip(keen + effect * mask, 0.0, 1.0)).astype(float)
    past = rng.poisson(8.0 * rate * keen).astype(float)
    return orders, lists, mask, past[:, None]


@given(SEEDS, st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_units_scale_the_estimate_and_leave_the_p_value(seed: int, top: float, bottom: float) -> None:
    orders, lists, mask, _ = world(np.random.default_rng(seed), 30)
    one, other = difference(orders, lists, mask), difference(top * orders, bottom * lists, mask)
    assert other.value == pytest.approx(one.value * top / bottom)
    assert other.standard_error == pytest.approx(one.standard_error * top / bottom)
    assert other.p_value == pytest.approx(one.p_value)


@given(SEEDS)
def test_swapped_arms_flip_the_sign(seed: int) -> None:
    orders, lists, mask, past = world(np.random.default_rng(seed), 30)
    for judge in (lambda arms: difference(orders, lists, arms), lambda arms: cuped(orders, lists, arms, past).estimate):
        one, other = judge(mask), judge(~mask)
        assert other.value == pytest.approx(-one.value)
        assert other.standard_error == pytest.approx(one.standard_error)
        assert other.interval() == pytest.approx(tuple(-bound for bound in reversed(one.interval())))


@given(SEEDS)
def test_of_means_it_is_welchs_test(seed: int) -> None:
    orders, _, mask, _ = world(np.random.default_rng(seed), 40)
    found = difference(orders, np.ones(40), mask)
    oracle = stats.ttest_ind(orders[mask], orders[~mask], equal_var=False)
    assert found.p_value == pytest.approx(oracle.pvalue)
    assert found.interval() == pytest.approx(tuple(oracle.confidence_interval()))


def test_the_delta_method_agrees_with_a_bootstrap_of_diners() -> None:
    rng = np.random.default_rng(5)
    orders, lists, mask, _ = world(rng, 400)
    drawn = []
    for _ in range(2_000):
        ratios = []
        for arm in (mask, ~mask):
            rows = rng.choice(np.flatnonzero(arm), arm.sum())
            ratios.append(orders[rows].sum() / lists[rows].sum())
        drawn.append(ratios[0] - ratios[1])
    assert difference(orders, lists, mask).standard_error == pytest.approx(np.std(drawn), rel=0.08)


def test_lists_are_not_independent_of_each_other() -> None:
    """The error that takes each list for a draw is too small where diners differ."""
    rng = np.random.default_rng(6)
    diners = 400
    keen, lists = rng.beta(0.5, 0.5, diners), np.full(diners, 40.0)
    orders = rng.binomial(40, keen).astype(float)
    mask = rng.permutation(diners) < 200
    share = orders.sum() / lists.sum()
    per_list = np.sqrt(share * (1 - share) * (2 / (40.0 * 200)))
    assert difference(orders, lists, mask).standard_error > 3 * per_list


@pytest.mark.parametrize("adjusted", [False, True])
def test_equal_arms_give_uniform_p_values(adjusted: bool) -> None:
    rng = np.random.default_rng(7)
    p_values = []
    for _ in range(WORLDS):
        orders, lists, mask, past = world(rng)
        found = cuped(orders, lists, mask, past).estimate if adjusted else difference(orders, lists, mask)
        p_values.append(found.p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    assert abs(np.mean(np.asarray(p_values) <= 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / WORLDS)


@pytest.mark.parametrize("adjusted", [False, True])
def test_intervals_hold_the_truth_and_the_mean_is_unbiased(adjusted: bool) -> None:
    rng = np.random.default_rng(8)
    effect, found = 0.05, []
    truth = np.mean([_population_effect(rng, effect) for _ in range(20)])
    for _ in range(WORLDS):
        orders, lists, mask, past = world(rng, effect=effect)
        found.append(cuped(orders, lists, mask, past).estimate if adjusted else difference(orders, lists, mask))
    values = np.asarray([one.value for one in found])
    assert abs(values.mean() - truth) < 3 * values.std() / np.sqrt(WORLDS)
    assert abs(np.mean([one.covers(truth) for one in found]) - 0.95) < 3 * np.sqrt(0.05 * 0.95 / WORLDS)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(values.std(), rel=0.1)


def _population_effect(rng: np.random.Generator, effect: float) -> float:
    orders, lists, mask, _ = world(rng, 50_000, effect)
    return orders[mask].sum() / lists[mask].sum() - orders[~mask].sum() / lists[~mask].sum()


def test_the_variance_falls_by_the_square_of_the_correlation() -> None:
    rng = np.random.default_rng(9)
    n, rho = 20_000, 0.8
    before = rng.normal(size=n)
    after = rho * before + np.sqrt(1 - rho**2) * rng.normal(size=n)
    found = cuped(after, np.ones(n), rng.random(n) < 0.5, before[:, None])
    assert found.variance_reduction == pytest.approx(rho**2, abs=0.01)
    assert found.theta[0] == pytest.approx(rho, abs=0.02)


@given(SEEDS)
def test_a_covariate_that_says_nothing_changes_nothing(seed: int) -> None:
    orders, lists, mask, _ = world(np.random.default_rng(seed), 40)
    found = cuped(orders, lists, mask, np.full((40, 1), 3.0))
    assert found.estimate.value == pytest.approx(found.plain.value)
    assert found.variance_reduction == pytest.approx(0.0, abs=1e-12)


@given(SEEDS, st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_the_covariates_unit_and_origin_do_not_matter(seed: int, scale: float, shift: float) -> None:
    orders, lists, mask, past = world(np.random.default_rng(seed), 60)
    one, other = (cuped(orders, lists, mask, values).estimate for values in (past, scale * past + shift))
    assert other.value == pytest.approx(one.value, abs=1e-9)
    assert other.standard_error == pytest.approx(one.standard_error)


def test_new_diners_get_the_mean_of_the_others() -> None:
    orders, lists, mask, past = world(np.random.default_rng(10), 100)
    new = np.arange(100) % 5 == 0
    missing, filled = past.copy(), past.copy()
    missing[new], filled[new] = np.nan, past[~new].mean()
    one, other = cuped(orders, lists, mask, missing), cuped(orders, lists, mask, filled)
    assert one == other
    with pytest.raises(ValueError, match="no cluster has covariates"):
        cuped(orders, lists, mask, np.full((100, 1), np.nan))


def test_arms_without_enough_in_them_are_refused() -> None:
    with pytest.raises(ValueError, match="at least two clusters"):
        difference(np.ones(3), np.ones(3), np.array([True, False, False]))
    with pytest.raises(ValueError, match="sum to 0"):
        difference(np.ones(4), np.array([1.0, 1.0, 0.0, 0.0]), np.array([False, False, True, True]))


def test_nothing_varies_where_all_are_alike() -> None:
    same = Estimate(0.0, 0.0)
    assert (same.p_value, Estimate(1.0, 0.0).p_value) == (1.0, 0.0)


def test_the_detectable_difference_is_detected_with_the_power() -> None:
    rng = np.random.default_rng(11)
    error = 0.3
    looks = rng.normal(minimum_detectable(error, power=0.8), error, 20_000)
    assert np.mean([Estimate(value, error).p_value <= 0.05 for value in looks]) == pytest.approx(0.8, abs=0.01)


def test_half_the_effect_needs_four_times_the_diners() -> None:
    assert diners_needed(1_000, 0.1, 0.1) == pytest.approx(4 * diners_needed(1_000, 0.1, 0.2), abs=4)
    with pytest.raises(ValueError, match="difference of 0"):
        diners_needed(1_000, 0.1, 0.0)


def test_assignment_is_uniform_and_the_same_again() -> None:
    diners = [f"diner-{number}" for number in range(20_000)]
    places = [position("salt", diner) for diner in diners]
    assert stats.kstest(places, "uniform").pvalue > 0.01
    assert np.array_equal(treated("salt", diners, 0.3), treated("salt", diners, 0.3))
    assert (treated("salt", diners, 0.3) <= treated("salt", diners, 0.6)).all()
    arms = treated("salt", diners, 0.3)
    assert mismatch_p_value(int((~arms).sum()), int(arms.sum()), 0.3) > 0.001
    with pytest.raises(ValueError, match="share"):
        treated("salt", diners, 1.0)


def test_assignments_of_two_experiments_are_independent() -> None:
    diners = [f"diner-{number}" for number in range(20_000)]
    first, second = treated("menu", diners), treated("prices", diners)
    table = [[np.count_nonzero((first == a) & (second == b)) for a in (False, True)] for b in (False, True)]
    assert stats.chi2_contingency(table).pvalue > 0.01
    assert is_treated("menu", "\ud800") in (True, False)  # any text is somebody


def test_a_broken_assignment_is_a_mismatch() -> None:
    assert mismatch_p_value(5_000, 5_000) == 1.0
    assert mismatch_p_value(5_000, 4_600) < 0.001
    with pytest.raises(ValueError, match="at least one"):
        mismatch_p_value(0, 0)
