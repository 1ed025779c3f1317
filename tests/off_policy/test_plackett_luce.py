"""Chances of lists: closed forms against enumeration, draws against chances."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from data.city.logging_policy import conditional_propensities
from models.off_policy import plackett_luce

weight_rows = st.lists(st.floats(1e-4, 100.0), min_size=5, max_size=8)


def enumerated(weights: np.ndarray, places: int) -> tuple[np.ndarray, np.ndarray]:
    """All lists and their chances, item by item."""
    lists = np.array(list(permutations(range(len(weights)), places)))
    chances = np.ones(len(lists))
    for row, items in enumerate(lists.tolist()):
        left = weights.sum()
        for item in items:
            chances[row] *= weights[item] / left
            left -= weights[item]
    return lists, chances


@given(weight_rows, st.integers(1, 3))
def test_the_chances_of_all_lists_are_those_of_an_enumeration(row, places):
    weights = np.array(row)
    lists, chances = enumerated(weights, places)
    found = plackett_luce.conditional(np.tile(weights, (len(lists), 1)), lists)
    np.testing.assert_allclose(found.prod(axis=1), chances, rtol=1e-8)
    assert found.prod(axis=1).sum() == pytest.approx(1.0)


@given(weight_rows, st.integers(0, 99))
def test_they_are_the_citys_own(row, seed):
    weights = np.tile(row, (6, 1))
    lists = plackett_luce.draw(weights, 4, np.random.default_rng(seed))
    np.testing.assert_allclose(
        plackett_luce.conditional(weights, lists), conditional_propensities(weights, lists), rtol=1e-7
    )


@given(weight_rows)
def test_the_chance_of_a_place_is_the_sum_over_what_may_stand_above(row):
    weights = np.array(row)
    lists, chances = enumerated(weights, 3)
    for place in range(3):
        table = np.bincount(lists[:, place], weights=chances, minlength=len(row))
        items = np.arange(len(row))[:, None].repeat(3, axis=1)
        found = plackett_luce.marginal(np.tile(weights, (len(row), 1)), items)[:, place]
        np.testing.assert_allclose(found, table, rtol=1e-5, atol=1e-6)


def test_a_giant_among_dwarfs_keeps_its_marginals():
    weights = np.array([1.0, 1e-9, 2e-9, 1e-9])
    lists, chances = enumerated(weights, 3)
    table = np.bincount(lists[:, 1], weights=chances, minlength=4)
    found = plackett_luce.marginal(np.tile(weights, (4, 1)), np.arange(4)[:, None].repeat(3, axis=1))[:, 1]
    np.testing.assert_allclose(found, table, rtol=1e-5, atol=1e-8)


def test_lists_are_drawn_as_often_as_their_chances_say():
    weights = np.array([1.0, 0.4, 0.05, 0.3, 0.7])
    lists, chances = enumerated(weights, 3)
    drawn = plackett_luce.draw(np.tile(weights, (40_000, 1)), 3, np.random.default_rng(0))
    found = np.array([np.count_nonzero((drawn == one).all(axis=1)) for one in lists])
    assert stats.chisquare(found, 40_000 * chances).pvalue > 1e-4


def test_what_has_no_weight_is_never_drawn_and_an_empty_urn_leaves_places_empty():
    weights = np.array([[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    lists = plackett_luce.draw(weights, 3, np.random.default_rng(1))
    assert set(lists[0, :2].tolist()) == {1, 3}
    assert lists[0, 2] == -1
    assert (lists[1] == -1).all()


def test_where_nothing_is_left_there_is_no_chance_to_speak_of():
    weights = np.array([[1.0, 0.0, 3.0]])
    found = plackett_luce.conditional(weights, np.array([[2, 0, 1]]))
    np.testing.assert_allclose(found[0, :2], [0.75, 1.0])
    assert np.isnan(found[0, 2])
    assert np.isnan(plackett_luce.conditional(weights, np.array([[-1]]))[0, 0])
    assert plackett_luce.conditional(weights, np.array([[1]]))[0, 0] == 0.0


def test_expectations_over_a_place_are_sums_over_what_is_left():
    rng = np.random.default_rng(2)
    weights, gains = rng.random((3, 6)), rng.random((3, 6))
    lists = plackett_luce.draw(weights, 3, rng)
    found = plackett_luce.expected(weights, lists, gains)
    for row in range(3):
        for place in range(3):
            left = np.setdiff1d(np.arange(6), lists[row, :place])
            mean = np.average(gains[row, left], weights=weights[row, left])
            assert found[row, place] == pytest.approx(mean)


def test_weights_are_those_of_the_candidates_at_this_temperature():
    values = np.array([[0.1, 0.3, 0.9]])
    weights = plackett_luce.weights_of(values, 0.1, np.array([[True, True, False]]))
    np.testing.assert_allclose(weights, [[np.exp(-2.0), 1.0, 0.0]])
    np.testing.assert_array_equal(plackett_luce.weights_of(values, 0.1, np.zeros((1, 3), bool)), np.zeros((1, 3)))
