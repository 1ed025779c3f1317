"""Switchbacks: pairs of windows, their errors, and the test that assumes nothing."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.experiments.switchback import in_windows, pairs, randomisation_p_value, schedule, switchback

SEEDS = st.integers(0, 2**32 - 1)


def weeks(rng: np.random.Generator, treated: np.ndarray, effect: float = 0.0):
    """Orders and lists of days with weekdays of their own and weather, in a market of a thousand lists."""
    weekday = np.tile(np.linspace(-0.15, 0.15, 7), len(treated) // 7)
    rate = 0.5 + weekday + effect * treated + rng.normal(0.0, 0.02, len(treated))
    lists = rng.poisson(1_000 * (1.0 + weekday)).astype(float)
    return rng.binomial(lists.astype(int), rate).astype(float), lists


@given(st.integers(0, 60), st.integers(1, 9))
def test_each_window_has_one_partner_a_stride_away_or_none(windows: int, stride: int) -> None:
    pair = pairs(windows, stride)
    for number in range(pair.max(initial=-1) + 1):
        first, second = np.flatnonzero(pair == number)
        assert second - first == stride
    assert np.count_nonzero(pair < 0) < 2 * stride


@given(st.integers(0, 60), st.integers(1, 9), st.text(max_size=5))
def test_one_of_each_pair_is_treated(windows: int, stride: int, salt: str) -> None:
    treated, pair = schedule(salt, "north", windows, stride), pairs(windows, stride)
    for number in range(pair.max(initial=-1) + 1):
        assert treated[pair == number].sum() == 1
    assert not treated[pair < 0].any()


def test_coins_are_fair_and_regions_throw_their_own() -> None:
    firsts = np.array([[schedule(f"s{n}", region, 2)[0] for region in ("north", "south")] for n in range(4_000)])
    assert np.abs(firsts.mean(axis=0) - 0.5).max() < 0.03
    assert abs(np.corrcoef(firsts.T)[0, 1]) < 0.05


def test_the_burn_in_is_dropped() -> None:
    values = np.arange(12.0)
    assert in_windows(values, 4, 1).tolist() == [1 + 2 + 3, 5 + 6 + 7, 9 + 10 + 11]
    for length, burn_in, message in ((4, 4, "leaves nothing"), (5, 0, "no whole number")):
        with pytest.raises(ValueError, match=message):
            in_windows(values, length, burn_in)


def test_what_lingers_of_the_other_policy_biases_until_it_is_burnt_in() -> None:
    """Hours; for two hours after a switch the old policy's effect is still felt."""
    found = {0: [], 2: []}
    for number in range(200):
        treated = schedule(f"s{number}", "city", 28)
        hourly = np.repeat(treated, 6)
        felt = np.where(np.arange(len(hourly)) % 6 < 2, np.roll(hourly, 2), hourly)
        orders, lists = 50.0 + 10.0 * felt, np.full(len(felt), 100.0)
        for burn_in in found:
            cells = (in_windows(values, 6, burn_in) for values in (orders, lists))
            found[burn_in].append(switchback(*cells, treated, pairs(28)).value)
    assert np.mean(found[2]) == pytest.approx(0.1)
    assert np.mean(found[0]) < 0.09


@given(SEEDS)
def test_swapped_arms_flip_the_sign_and_units_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    treated, pair = schedule(str(seed), "city", 14, 7), pairs(14, 7)
    orders, lists = weeks(rng, treated)
    one, other = switchback(orders, lists, treated, pair), switchback(3.0 * orders, lists, ~treated, pair)
    assert other.value == pytest.approx(-3.0 * one.value)
    assert other.standard_error == pytest.approx(3.0 * one.standard_error)


@given(SEEDS)
def test_with_equal_lists_it_is_the_paired_t_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    treated, pair = schedule(str(seed), "city", 28, 7), pairs(28, 7)
    values = rng.normal(size=28)
    found = switchback(values, np.ones(28), treated, pair)
    of_pairs = [(values[(pair == number) & treated][0], values[(pair == number) & ~treated][0]) for number in range(14)]
    oracle = stats.ttest_rel(*np.transpose(of_pairs))
    assert found.p_value == pytest.approx(oracle.pvalue)
    assert found.interval() == pytest.approx(tuple(oracle.confidence_interval()))


def test_equal_policies_are_told_apart_as_seldom_as_was_promised() -> None:
    rng = np.random.default_rng(1)
    pair, p_values, drawn = pairs(28, 7), [], []
    for number in range(600):
        treated = schedule(f"s{number}", "city", 28, 7)
        cells = weeks(rng, treated)
        p_values.append(switchback(*cells, treated, pair).p_value)
        drawn.append(randomisation_p_value(*cells, treated, pair, rng, 200))
    bound = 3 * np.sqrt(0.05 * 0.95 / 600)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    for values in (p_values, drawn):
        assert abs(np.mean(np.asarray(values) <= 0.05) - 0.05) < bound


def test_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(2)
    pair, held = pairs(28, 7), []
    for number in range(600):
        treated = schedule(f"s{number}", "city", 28, 7)
        held.append(switchback(*weeks(rng, treated, 0.03), treated, pair).covers(0.03))
    assert abs(np.mean(held) - 0.95) < 3 * np.sqrt(0.05 * 0.95 / 600)


def test_few_clusters_are_not_taken_for_many() -> None:
    """With four pairs the normal's interval would hold the truth too seldom."""
    rng = np.random.default_rng(3)
    held, by_normal = [], []
    for number in range(1_500):
        treated, pair = schedule(f"s{number}", "city", 8), pairs(8)
        found = switchback(rng.normal(size=8), np.ones(8), treated, pair)
        held.append(found.covers(0.0))
        by_normal.append(abs(found.statistic) <= 1.96)
    assert np.mean(held) == pytest.approx(0.95, abs=0.017)
    assert np.mean(by_normal) < 0.88


def test_the_randomisation_test_counts_all_outcomes_of_the_coins() -> None:
    rng = np.random.default_rng(4)
    treated, pair = schedule("s", "city", 10), pairs(10)
    orders, lists = rng.poisson(50, 10).astype(float), rng.poisson(100, 10).astype(float)

    def gap(arms: np.ndarray) -> float:
        return abs(orders[arms].sum() / lists[arms].sum() - orders[~arms].sum() / lists[~arms].sum())

    gaps = [gap(treated ^ np.asarray(swaps)[pair]) for swaps in product((False, True), repeat=5)]
    oracle = np.mean(np.asarray(gaps) >= gap(treated) - 1e-12)
    assert randomisation_p_value(orders, lists, treated, pair, rng) == pytest.approx(oracle)


def test_an_effect_is_found_and_drawn_outcomes_agree_with_all_of_them() -> None:
    rng = np.random.default_rng(5)
    treated, pair = schedule("s", "city", 28, 7), pairs(28, 7)
    cells = weeks(rng, treated, 0.06)
    assert switchback(*cells, treated, pair).p_value < 0.001
    every, some = (randomisation_p_value(*cells, treated, pair, rng, draws) for draws in (2**14, 4_000))
    assert every < 0.001
    assert some == pytest.approx(every, abs=0.002)


def test_windows_without_a_partner_are_left_out() -> None:
    rng = np.random.default_rng(6)
    treated, pair = schedule("s", "city", 15), pairs(15)
    orders, lists = rng.poisson(50, 15).astype(float), np.full(15, 100.0)
    spoilt = orders.copy()
    spoilt[pair < 0] = 1e9
    assert switchback(spoilt, lists, treated, pair) == switchback(orders, lists, treated, pair)
    with pytest.raises(ValueError, match="at least two clusters"):
        switchback(orders[:2], lists[:2], treated[:2], pair[:2])
    with pytest.raises(ValueError, match="one treated window"):
        randomisation_p_value(orders, lists, np.zeros(15, bool), pair, rng)
