"""Estimators of a policy's value: the theory's verdicts in toy worlds, and what holds on any log."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.off_policy.estimators import ESTIMATORS, Weighed, effective, interval, refusal
from tests.off_policy.worlds import THETA, WORLDS, World, marginal_table

UNBIASED = {
    "place": {"sips", "iips", "rips", "cascade_dr", "dr"},
    "cascade": {"sips", "rips", "cascade_dr", "dr"},
    "interaction": {"sips", "dr"},
}
"""Where the log is infinite. SNIPS is exact there too: its weights have mean one."""


def expected_value(name: str, world: World, model: np.ndarray | None) -> float:
    """An estimator's expectation over the log, as a finite sum over all lists."""
    weighed, chances = world.everything(model)
    return float(chances @ ESTIMATORS[name](weighed))


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("seed", range(5))
def test_just_those_are_unbiased_that_the_theory_says(kind, seed):
    world = World.of(kind, seed)
    model = 0.7 * world.appeal + 0.05  # wrong on purpose: it must not matter where there are weights to mend it
    for name in ("sips", "iips", "rips", "cascade_dr", "dr", "dm", "naive"):
        bias = expected_value(name, world, model) - world.truth
        if name in UNBIASED[kind]:
            assert abs(bias) < 1e-12, name
        else:
            assert abs(bias) > 1e-4, name


@pytest.mark.parametrize("kind", WORLDS)
def test_snips_has_the_truth_as_its_limit(kind):
    world = World.of(kind)
    weighed, chances = world.everything()
    value = (chances * weighed.weights) @ weighed.rewards.sum(axis=1) / (chances @ weighed.weights)
    assert value == pytest.approx(world.truth, rel=1e-12)


def test_the_ladder_of_assumptions_buys_variance():
    """In the world where all of them are right, the more is assumed the less an estimate scatters."""
    world, rng = World.of("place", contrast=1.3), np.random.default_rng(0)
    found = {name: [] for name in ("sips", "snips", "rips", "iips")}
    for _ in range(200):
        log = world.log(1_000, rng)
        for name, values in found.items():
            values.append(ESTIMATORS[name](log).mean())
    spread = {name: np.std(values) for name, values in found.items()}
    assert spread["iips"] < spread["rips"] < spread["sips"]
    assert spread["snips"] < spread["sips"]


@pytest.mark.parametrize("kind", WORLDS)
def test_the_intervals_of_what_is_unbiased_hold_the_truth_as_often_as_they_say(kind):
    world, rng, worlds = World.of(kind), np.random.default_rng(1), 200
    for name in ("sips", "snips", "dr"):
        held = 0
        for _ in range(worlds):
            log = world.log(2_000, rng, world.appeal)
            assert refusal(log.weights) is None
            _, low, high = interval(ESTIMATORS[name](log), log.clusters)
            held += low <= world.truth <= high
        assert 0.91 <= held / worlds <= 0.98, name


def test_a_biased_estimators_interval_does_not():
    world, rng = World.of("interaction", contrast=1.5), np.random.default_rng(2)
    held = 0
    for _ in range(60):
        log = world.log(20_000, rng)
        _, low, high = interval(ESTIMATORS["iips"](log), log.clusters)
        held += low <= world.truth <= high
    assert held / 60 < 0.5


@given(st.integers(0, 10_000))
def test_on_its_own_log_every_estimate_is_the_mean_of_the_rewards(seed):
    rng = np.random.default_rng(seed)
    world = World.of("interaction", seed)
    same = replace(world, target=world.logging)
    log = same.log(50, rng, world.appeal)
    mean = log.rewards.sum(axis=1).mean()
    for name in ("naive", "sips", "snips", "iips", "rips"):
        assert ESTIMATORS[name](log).mean() == pytest.approx(mean, rel=1e-9), name


@given(st.integers(0, 10_000))
def test_weights_have_mean_one_and_prefixes_multiply_to_the_lists(seed):
    world = World.of("place", seed)
    weighed, chances = world.everything()
    assert chances.sum() == pytest.approx(1.0)
    for weights in (*weighed.prefix_weights.T, *weighed.place_ratios.T):
        assert chances @ weights == pytest.approx(1.0)
    own = world.chances(world.target) / world.chances(world.logging)
    np.testing.assert_allclose(weighed.weights, own, rtol=1e-9)
    np.testing.assert_allclose(np.prod(weighed.ratios, axis=1), own, rtol=1e-9)


def test_with_a_perfect_model_luck_in_the_rewards_does_not_reach_the_doubly_robust():
    world = World.of("place")
    weighed, chances = world.everything(world.appeal)
    for name in ("dr", "cascade_dr"):
        values = ESTIMATORS[name](weighed)
        if name == "dr":  # its only scatter would come from rewards
            np.testing.assert_allclose(values, world.truth, rtol=1e-12)
        assert chances @ values == pytest.approx(world.truth, rel=1e-12)
    assert np.ptp(ESTIMATORS["sips"](weighed)) > 0.5


logs = st.integers(2, 40).flatmap(
    lambda count: st.tuples(
        arrays(float, (count, 3), elements=st.floats(0.0, 1.0)),
        arrays(float, (count, 3), elements=st.floats(0.01, 50.0)),
    )
)


@given(logs)
def test_snips_stays_between_the_rewards_and_moves_with_them(log):
    rewards, ratios = log
    lists = Weighed(rewards, ratios, np.arange(len(rewards)))
    value, sums = ESTIMATORS["snips"](lists).mean(), rewards.sum(axis=1)
    assert sums.min() - 1e-9 <= value <= sums.max() + 1e-9
    moved = replace(lists, rewards=rewards + np.array([5.0, 0.0, 0.0]))
    assert ESTIMATORS["snips"](moved).mean() == pytest.approx(value + 5.0, rel=1e-9)


@given(logs)
def test_with_one_place_all_weights_are_the_same(log):
    rewards, ratios = log[0][:, :1], log[1][:, :1]
    lists = Weighed(rewards, ratios, np.arange(len(rewards)), place_ratios=ratios)
    for name in ("iips", "rips"):
        np.testing.assert_allclose(ESTIMATORS[name](lists), ESTIMATORS["sips"](lists))


@given(logs, st.floats(0.5, 10.0))
def test_clipping_bounds_the_weights_and_says_what_it_took(log, clip):
    rewards, ratios = log
    whole = Weighed(rewards, ratios, np.arange(len(rewards)))
    clipped = replace(whole, clip=clip)
    assert clipped.weights.max() <= clip
    assert clipped.clipped_mass == pytest.approx(1.0 - clipped.weights.sum() / whole.weights.sum())
    assert whole.clipped_mass == pytest.approx(0.0)
    assert ESTIMATORS["sips"](clipped).mean() <= ESTIMATORS["sips"](whole).mean() + 1e-12


def test_where_only_the_head_is_the_targets_the_tail_weighs_as_the_head():
    rewards = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    lists = Weighed(rewards, np.array([[2.0, 3.0], [0.5, 4.0]]), np.arange(2))
    np.testing.assert_allclose(ESTIMATORS["sips"](lists), [6.0, 2.0])
    np.testing.assert_allclose(ESTIMATORS["rips"](lists), [6.0, 0.5])


def test_what_a_log_does_not_hold_is_not_estimated():
    lists = Weighed(np.ones((4, 2)), np.ones((4, 2)), np.arange(4))
    assert all(ESTIMATORS[name](lists) is None for name in ("iips", "cascade_dr", "dm", "dr"))


def test_too_little_weight_is_refused_with_the_mend():
    assert refusal(np.ones(100)) is None
    assert "longer log" in refusal(np.ones(99))
    assert "99 lists" in refusal(np.ones(99))
    one_heavy = np.ones(400)
    one_heavy[7] = 25.0
    assert effective(one_heavy) > 100
    assert "one list has 6%" in refusal(one_heavy)
    assert "worth 0" in refusal(np.zeros(5))


def test_the_effective_number_is_the_number_where_all_weigh_the_same():
    assert effective(np.full(50, 3.0)) == pytest.approx(50.0)
    assert effective(np.array([1.0, 0.0, 0.0])) == pytest.approx(1.0)
    assert effective(np.zeros(3)) == 0.0


def test_the_interval_counts_diners_not_lists():
    """A diner's lists that all turn out alike tell no more than one of them."""
    rng = np.random.default_rng(0)
    of_diners = rng.normal(size=200)
    repeated = np.repeat(of_diners, 10)
    once = interval(of_diners, np.arange(200))
    np.testing.assert_allclose(interval(repeated, np.repeat(np.arange(200), 10)), once)
    _, low, high = interval(repeated, np.arange(2_000))
    assert high - low < 0.4 * (once[2] - once[1])
    assert interval(np.ones(5), np.zeros(5, int))[1:] == (-np.inf, np.inf)


def test_the_tables_of_the_toy_worlds_are_chances():
    table = marginal_table(World.of("place").target)
    np.testing.assert_allclose(table.sum(axis=1), 1.0)
    assert (table.sum(axis=0) <= 1.0 + 1e-12).all()
    assert THETA.shape == (len(table),)
