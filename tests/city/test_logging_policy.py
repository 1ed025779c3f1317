"""The logging policy: its lists are Plackett-Luce, and its propensities are exact."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from data.city.logging_policy import (
    Lines,
    conditional_propensities,
    draw_slates,
    plackett_luce_weights,
    scores,
)

NOBODY = np.full((1, 2), -1, np.int32)


def draw(weights: np.ndarray, count: int, length: int, known: np.ndarray = NOBODY, boost: float = 1.0, seed: int = 0):
    """`count` lists for the last cell of (cells, n) weights."""
    cells = np.full(count, len(weights) - 1)
    uniforms = np.random.default_rng(seed).random((count, length))
    return draw_slates(Lines.lay(weights), cells, np.tile(known, (count, 1)), boost, uniforms)


def list_probability(weights: np.ndarray, slate: tuple[int, ...]) -> float:
    left, probability = weights.sum(), 1.0
    for item in slate:
        probability *= weights[item] / left
        left -= weights[item]
    return probability


weight_rows = st.lists(st.floats(1e-4, 1.0), min_size=4, max_size=12)


@given(weight_rows, st.integers(1, 4), st.integers(0, 99))
def test_at_each_position_the_propensities_of_all_candidates_sum_to_one(row, length, seed):
    weights = np.array([row])
    slate = draw(weights, 1, length, seed=seed).restaurants[0]
    for position in range(length):
        left = [item for item in range(len(row)) if item not in slate[:position]]
        options = np.array([[*slate[:position], item] for item in left])
        found = conditional_propensities(np.tile(weights, (len(left), 1)), options)[:, position]
        assert found.sum() == pytest.approx(1.0)
        assert np.all(found > 0)


@given(weight_rows, st.integers(1, 4), st.integers(0, 99), st.floats(1.0, 40.0))
def test_the_logged_propensities_are_the_closed_form(row, length, seed, boost):
    weights = np.array([np.ones(len(row)), row])
    slates = draw(weights, 20, length, np.array([[1, 3]], np.int32), boost, seed)
    boosted = np.array(row)
    boosted[[1, 3]] *= boost
    expected = conditional_propensities(np.tile(boosted, (20, 1)), slates.restaurants)
    np.testing.assert_allclose(slates.propensities, expected, rtol=1e-8)
    assert all(len(set(slate)) == length for slate in slates.restaurants.tolist())


def test_lists_come_as_often_as_plackett_luce_says_and_as_gumbel_top_k_draws_them():
    row, count = np.array([1.0, 0.4, 0.05, 0.3, 0.7]), 60_000
    boosted = row * np.array([1, 1, 6, 1, 1])
    slates = draw(np.array([row]), count, 3, np.array([[2, -1]], np.int32), 6.0)
    noise = np.random.default_rng(1).gumbel(size=(count, 5))
    reference = np.argsort(-(np.log(boosted) + noise), axis=1)[:, :3]
    options = list(permutations(range(5), 3))
    expected = np.array([list_probability(boosted, option) for option in options]) * count
    for drawn in (slates.restaurants, reference):
        codes = drawn @ np.array([25, 5, 1])
        found = np.array([np.count_nonzero(codes == 25 * a + 5 * b + c) for a, b, c in options])
        assert stats.chisquare(found, expected).pvalue > 1e-4


def test_every_open_restaurant_can_be_shown_and_no_closed_one_is():
    weights = np.array([[0.0, 1e-3, 1.0, 0.0, 0.2, 0.0]])
    slates = draw(weights, 3_000, 2, np.array([[0, 4]], np.int32), 20.0)
    assert set(np.unique(slates.restaurants)) == {1, 2, 4}


def test_where_fewer_are_open_than_places_the_list_is_shorter():
    weights = np.array([[0.5, 0.5, 0.5], [0.0, 0.3, 0.1], [0.0, 0.0, 0.0]])
    cells = np.array([0, 1, 2])
    known = np.array([[1, -1], [1, 0], [0, 1]], np.int32)
    slates = draw_slates(Lines.lay(weights), cells, known, 3.0, np.full((3, 3), 0.999))
    np.testing.assert_array_equal((slates.restaurants >= 0).sum(axis=1), [3, 2, 0])
    np.testing.assert_array_equal(np.isnan(slates.propensities), slates.restaurants < 0)
    assert slates.propensities[1, 1] == pytest.approx(1.0)


def test_importance_weights_have_mean_one_and_carry_over_to_another_policy():
    rng = np.random.default_rng(4)
    score = rng.normal(size=(1, 7))
    logged, wanted = plackett_luce_weights(score, 1.0), plackett_luce_weights(-0.5 * score, 1.0)
    count = 60_000
    slates = draw(logged, count, 3)
    target = conditional_propensities(np.tile(wanted, (count, 1)), slates.restaurants)
    w = np.prod(target / slates.propensities, axis=1)
    assert abs(w.mean() - 1.0) < 4 * w.std() / np.sqrt(count)
    gain = rng.normal(size=7)[slates.restaurants].sum(axis=1)
    direct = rng.permuted(gain)  # the same numbers without their lists: a wrong answer, so that the check can fail
    truth = expected_gain(wanted[0], gain, slates.restaurants)
    assert abs((w * gain).mean() - truth) < 4 * (w * gain).std() / np.sqrt(count)
    assert abs((w * direct).mean() - truth) > 4 * (w * direct).std() / np.sqrt(count)


def expected_gain(weights: np.ndarray, gain: np.ndarray, drawn: np.ndarray) -> float:
    known = {tuple(slate): value for slate, value in zip(drawn.tolist(), gain, strict=True)}
    return sum(list_probability(weights, slate) * value for slate, value in known.items())


def test_the_score_likes_the_popular_and_the_near_and_gives_newcomers_a_floor():
    popularity = np.array([0.0, 2.0, 4.0])
    near, far = np.log(5.0), np.log(20.0)
    score = scores(popularity, np.array([[near, near, near], [far, far, far]]), 0.4, 1.0, 0.2)
    np.testing.assert_allclose(score[0], 0.4 * np.log([0.2, 1.2, 2.2]) - near)
    np.testing.assert_allclose(score[0] - score[1], far - near)
    assert np.isfinite(scores(np.zeros(3), np.zeros((1, 3)), 0.4, 1.0, 0.2)).all()


def test_the_temperature_flattens():
    score = np.array([[0.0, 1.0]])
    np.testing.assert_allclose(plackett_luce_weights(score, 0.5), [[np.exp(-2.0), 1.0]])
    np.testing.assert_allclose(plackett_luce_weights(score, 4.0), [[np.exp(-0.25), 1.0]])
