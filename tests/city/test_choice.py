"""The choice model against its closed forms, and the estimator against the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from data.city import choice
from data.city.estimation import conditional_logit
from data.city.noise import gumbel, log_positive_stable, mix, uniform


def visits(count: int, seed: int = 5) -> np.ndarray:
    return mix(np.full(1, seed, np.uint64), np.arange(count))


def shares(utilities: list[float], nests: list[int], outside: float, mu: float, count: int) -> np.ndarray:
    """Frequencies (restaurants …, outside) of simulated choices when everything is looked at."""
    k = len(utilities)
    outcome = choice.decide(
        visits(count),
        np.tile(np.arange(k), (count, 1)),
        np.tile(nests, (count, 1)),
        np.tile(np.asarray(utilities), (count, 1)),
        np.full(count, outside),
        np.ones(k),
        mu,
        click_margin=0.0,
    )
    return np.bincount(np.where(outcome.ordered < 0, k, outcome.ordered), minlength=k + 1) / count


def closed_form(utilities: list[float], nests: list[int], outside: float, mu: float) -> np.ndarray:
    inside, none = choice.choice_probabilities(np.array([utilities]), np.array([nests]), np.array([outside]), mu)
    return np.append(inside[0], none[0])


def by_the_book(utilities: list[float], nests: list[int], outside: float, mu: float) -> np.ndarray:
    """The formula as it is printed, one nest after the other."""
    inclusive = {g: np.log(sum(np.exp(v / mu) for v, h in zip(utilities, nests, strict=True) if h == g)) for g in nests}
    total = np.exp(outside) + sum(np.exp(mu * value) for value in inclusive.values())
    inside = [
        np.exp(mu * inclusive[g]) / total * np.exp(v / mu) / np.exp(inclusive[g])
        for v, g in zip(utilities, nests, strict=True)
    ]
    return np.array([*inside, np.exp(outside) / total])


lists = st.lists(st.tuples(st.floats(-8, 8), st.integers(0, 3)), min_size=1, max_size=8)


@given(lists, st.floats(-8, 8), st.floats(0.2, 1.0))
def test_probabilities_are_the_printed_formula_and_sum_to_one(entries, outside, mu):
    utilities, nests = [v for v, _ in entries], [g for _, g in entries]
    found = closed_form(utilities, nests, outside, mu)
    np.testing.assert_allclose(found, by_the_book(utilities, nests, outside, mu), rtol=1e-9, atol=1e-300)
    assert found.sum() == pytest.approx(1.0)


def test_probabilities_do_not_overflow():
    found = closed_form([900.0, -900.0], [0, 1], -900.0, 0.3)
    np.testing.assert_allclose(found, [1.0, 0.0, 0.0])


def test_what_is_not_looked_at_is_not_chosen():
    inside, none = choice.choice_probabilities(
        np.array([[3.0, 0.5]]), np.array([[0, 0]]), np.array([0.0]), 0.6, np.array([[False, True]])
    )
    assert inside[0, 0] == 0
    assert inside[0, 1] == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert none[0] == pytest.approx(1 / (1 + np.exp(0.5)))


@pytest.mark.parametrize("mu", [1.0, 0.5])
def test_one_restaurant_looked_at_is_ordered_with_logistic_probability(mu):
    count = 200_000
    found = shares([0.7], [0], 0.2, mu, count)
    truth = 1 / (1 + np.exp(-0.5))
    assert abs(found[0] - truth) < 4 * np.sqrt(truth * (1 - truth) / count)


@pytest.mark.parametrize("mu", [1.0, 0.7, 0.35])
def test_simulated_choices_follow_the_nested_logit(mu):
    utilities, nests, count = [0.4, 0.1, -0.3, 0.6, 0.0], [0, 0, 0, 1, 2], 200_000
    expected = closed_form(utilities, nests, 0.3, mu) * count
    found = shares(utilities, nests, 0.3, mu, count) * count
    assert stats.chisquare(found, expected).pvalue > 1e-4


def test_with_mu_one_irrelevant_alternatives_are_irrelevant():
    two = closed_form([0.4, 0.1], [0, 1], 0.0, 1.0)
    three = closed_form([0.4, 0.1, 0.9], [0, 1, 0], 0.0, 1.0)
    assert three[0] / three[1] == pytest.approx(two[0] / two[1])


def test_with_mu_below_one_a_newcomer_takes_more_from_its_own_cuisine():
    two = closed_form([0.4, 0.1], [0, 1], 0.0, 0.5)
    three = closed_form([0.4, 0.1, 0.9], [0, 1, 0], 0.0, 0.5)
    assert three[0] / three[1] < 0.8 * two[0] / two[1]
    assert three[1] / three[3] == pytest.approx(two[1] / two[2])


def test_luck_belongs_to_the_restaurant_and_the_visit_not_to_the_list():
    keys = visits(50)
    one, outside = choice.choice_noise(keys, np.tile([7, 3, 9], (50, 1)), np.tile([0, 1, 1], (50, 1)), 0.6)
    other, again = choice.choice_noise(keys, np.tile([9, 7], (50, 1)), np.tile([1, 0], (50, 1)), 0.6)
    np.testing.assert_array_equal(one[:, [2, 0]], other)
    np.testing.assert_array_equal(outside, again)
    assert len(np.unique(one)) == one.size


def test_noise_has_the_distributions_that_it_names():
    keys = visits(200_000)
    assert stats.kstest(uniform(keys), "uniform").pvalue > 1e-3
    assert stats.kstest(gumbel(mix(keys, 1)), "gumbel_r").pvalue > 1e-3
    stable = np.exp(log_positive_stable(keys, 0.5))
    for t in (0.3, 1.0, 4.0):
        drawn = np.exp(-t * stable)
        assert abs(drawn.mean() - np.exp(-(t**0.5))) < 4 * drawn.std() / np.sqrt(drawn.size)


def test_positions_are_looked_at_with_theta_and_only_those_are_opened_or_ordered():
    count, theta = 50_000, choice.examination(6, 0.25)
    assert theta[0] == 1.0
    restaurants = np.tile(np.arange(6), (count, 1))
    restaurants[:100, 4:] = -1
    outcome = choice.decide(
        visits(count), restaurants, restaurants % 2, np.zeros((count, 6)), np.zeros(count), theta, 0.8, 0.5
    )
    errors = np.sqrt(theta * (1 - theta) / (count - 100))
    assert np.all(np.abs(outcome.examined[100:].mean(axis=0) - theta) <= 4 * errors)
    assert not outcome.examined[:100, 4:].any()
    assert not (outcome.clicked & ~outcome.examined).any()
    made = np.flatnonzero(outcome.ordered >= 0)
    assert outcome.clicked[made, outcome.ordered[made]].all()


def test_utility_terms_have_their_signs_and_sizes():
    diner = choice.Taste(
        np.array([10.0]),
        np.array([20.0]),
        np.ones((1, 2), np.float32),
        np.array([1.5]),
        np.array([0.6]),
        np.array([3.0]),
    )
    offer = choice.Offer(
        np.array([10.0, 10.0]),
        np.array([20.0, 20.1]),
        np.array([[1.0, 0.5], [1.0, 0.5]], np.float32),
        np.array([0.2, 0.2]),
        np.array([3.0, 3.5]),
    )
    near, far = choice.lasting_utility(diner, offer)[0]
    assert near == pytest.approx(0.2 + 1.5 - 1.5 * np.log(4.0))
    minutes = 4.0 + 4.0 * 0.1 * 111.195 * np.cos(np.radians(10.0))
    assert far == pytest.approx(0.2 + 1.5 - 1.5 * np.log(minutes) - 0.6 * 0.5)
    rowwise = choice.lasting_utility(diner, choice.Offer(*(value[None] for value in offer)))[0]
    np.testing.assert_allclose(rowwise, [near, far], rtol=1e-6)
    np.testing.assert_allclose(choice.habit_utility(np.array([0.0, 1.0, 3.0]), 0.9), [0.0, 0.9, 1.8])
    variety = choice.variety_utility(np.array([[2.0, 4.0]]), np.array([[[True, True], [False, False]]]), 0.5, 2.0)
    np.testing.assert_allclose(variety, [[-0.5 * np.exp(-1.0), 0.0]])
    context = choice.context_utility(np.array([True, False]), True, np.array([0.1, 0.1]), 0.6)
    np.testing.assert_allclose(context, [0.7, 0.1])


def simulated_choices(rng: np.random.Generator, gamma: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(features, chosen) of lists of six in which everything is looked at, with a good that nobody measured."""
    count, k = 2_000, 6
    minutes = np.log(4 + 4 * rng.exponential(2.0, (count, k)))
    price = rng.normal(size=(count, k))
    outcome = choice.decide(
        visits(count, seed),
        np.tile(np.arange(k), (count, 1)),
        np.tile(np.arange(k), (count, 1)),
        -gamma * minutes - 0.6 * price,
        np.full(count, -30.0),
        np.ones(k),
        1.0,
        0.0,
    )
    return np.stack([-minutes, -price], axis=2), outcome.ordered


def test_the_travel_time_coefficient_is_recovered_from_choices():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(40):
        features, chosen = simulated_choices(rng, 1.5, seed)
        low, high = conditional_logit(features, chosen, np.ones(features.shape[:2], np.bool_)).interval(0)
        covered += low <= 1.5 <= high
    # 95 % of 40 is 38; below 33 has probability 0.3 %
    assert covered >= 33


def test_the_estimator_refuses_nothing_to_learn_from():
    with pytest.raises(ValueError, match="no choice"):
        conditional_logit(np.empty((0, 3, 1)), np.empty(0, np.int64), np.empty((0, 3), np.bool_))


@settings(max_examples=20)
@given(st.floats(-2, 2), st.integers(0, 1000))
def test_the_estimator_has_the_closed_form_of_two_alternatives(step, seed):
    """With lists of two and a 0/1 feature the estimate is the log odds."""
    ones = 300 + seed % 300
    chosen = np.repeat([1, 0], [ones, 900 - ones])
    features = np.tile(np.array([[0.0], [1.0]]) + step, (900, 1, 1))
    found = conditional_logit(features, chosen, np.ones((900, 2), np.bool_))
    assert found.coefficients[0] == pytest.approx(np.log(ones / (900 - ones)), abs=1e-6)
    assert found.errors[0] == pytest.approx(1 / np.sqrt(ones * (900 - ones) / 900), rel=1e-6)
