"""Deletion and insertion curves: games with known answers, ends, and orders that no other order beats."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_parts import SEEDS, a_pair, part_of, score, some_parts
from test_tree_shap import asked as rows_of
from test_tree_shap import grown, read, worth

from models.base import TrainingData
from models.evaluation.evaluate import HeldOut, held_out
from models.explanation import fidelity as measured
from models.explanation.fidelity import (
    EXACT,
    RANDOM,
    WEIGHT,
    Game,
    area,
    by_diner,
    curves,
    faithfulness,
    fidelity,
    interaction_share,
    nearby,
    order_of,
    pair_game,
    r_squared,
    sign_agreement,
    tree_game,
    unexplained,
)
from models.explanation.parts import Parts, cells
from models.explanation.tree_shap import TreeShap
from models.ladder import make
from models.testing import sample_data


def additive(values: np.ndarray, diner: int = 0) -> Game:
    names = tuple(f"part {number}" for number in range(len(values)))
    return Game(diner, names, lambda present: present @ values, values, np.abs(values))


def a_game(seed: int) -> Game:
    """Of two sides with two parts or more."""
    rng = np.random.default_rng(seed)
    return pair_game(some_parts(rng, int(rng.integers(2, 6)), 4), some_parts(rng, int(rng.integers(2, 6)), 4))


def some_values(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=int(rng.integers(1, 7))) * 10.0 ** rng.integers(-3, 3)


# -- games


@given(SEEDS)
def test_a_pair_is_worth_the_score_of_the_parts_that_are_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    diner, place = a_pair(seed)
    game, m = pair_game(diner, place), len(diner.sources)
    sides = [list(range(m)), list(range(len(place.sources)))]
    player = [(side, one) for side, of in enumerate(sides) if len(of) > 1 for one in of]
    assert len(player) == len(game.shapley) == len(game.names) == len(game.weights)
    if not player:
        return
    present = rng.random((5, len(player))) < 0.5
    for there, found in zip(present, game.worth(present), strict=True):
        kept = [[0] if len(of) == 1 else [] for of in sides]
        for (side, one), inside in zip(player, there, strict=True):
            if inside:
                kept[side].append(one)
        expected = score(part_of(diner, kept[0]), part_of(place, kept[1]))
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * max(game.scale, 1e-300) + 1e-12)


@given(SEEDS)
def test_the_shares_of_a_game_are_complete(seed: int) -> None:
    for game in (a_game(seed), pair_game(*(one for one in a_pair(seed)))):
        if len(game.shapley):
            table = np.abs(game.shapley).sum() + abs(game.nothing()) + abs(game.whole())
            assert game.shapley.sum() == pytest.approx(game.whole() - game.nothing(), rel=0, abs=1e-9 * table)


def test_a_side_of_one_part_stays_and_the_other_adds_up() -> None:
    rng = np.random.default_rng(3)
    diner, place = some_parts(rng, 4, 5), some_parts(rng, 1, 5)
    game, table = pair_game(diner, place), cells(diner, place)
    np.testing.assert_allclose(game.shapley, table.diner + table.products[:, 0], rtol=1e-12)
    assert game.nothing() == pytest.approx(float(place.biases[0]))
    assert game.names == tuple(f"diner's tag={number}" for number in range(4))
    assert interaction_share(game) == pytest.approx(0.0, abs=1e-12)


def test_a_pair_of_which_neither_side_is_taken_apart_is_left_out() -> None:
    whole = Parts.whole(np.ones(4))
    told = faithfulness([pair_game(whole, whole)], {EXACT: [np.empty(0)]}, 0)
    assert told == {"cases": 0, "diners": 0, "parts": 0.0}


@given(SEEDS, st.integers(2, 40), st.integers(1, 10))
def test_trees_are_worth_what_is_known_of_a_row(seed: int, leaves: int, rounds: int) -> None:
    """Beside a walk through the library's own table of nodes."""
    booster = grown(seed, leaves, rounds)
    trees, row = read(booster), rows_of(seed, 1)[0]
    shap, rng = TreeShap.of(trees), np.random.default_rng(seed)
    present = rng.random((4, trees.width)) < 0.5
    expected = [worth(trees, booster, row, set(np.flatnonzero(there).tolist())) for there in present]
    np.testing.assert_allclose(shap.known(row, present), expected, rtol=0, atol=1e-10)
    assert shap.known(row, np.ones((1, trees.width), np.bool_))[0] == pytest.approx(float(trees.sums(row)), abs=1e-10)
    assert shap.known(row, np.zeros((70, trees.width), np.bool_))[69] == pytest.approx(shap.expected, abs=1e-10)


def test_a_feature_of_the_trees_weighs_its_splits() -> None:
    trees = read(grown(5))
    game = tree_game(TreeShap.of(trees), rows_of(5, 1)[0], np.arange(6.0))
    assert game.weights.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert game.shapley.sum() == pytest.approx(game.whole() - game.nothing(), abs=1e-10)


# -- curves


@given(SEEDS)
def test_deletion_goes_from_all_to_nothing_and_insertion_back(seed: int) -> None:
    game, rng = a_game(seed), np.random.default_rng(seed)
    orders = np.stack([rng.permutation(len(game.shapley)) for _ in range(3)])
    deletion, insertion = curves(game, orders)
    whole = (game.whole() - game.nothing()) / game.scale
    np.testing.assert_allclose(deletion[:, 0], whole, atol=1e-9)
    np.testing.assert_allclose(insertion[:, -1], whole, atol=1e-9)
    np.testing.assert_allclose(deletion[:, -1], 0.0, atol=1e-9)
    np.testing.assert_allclose(insertion[:, 0], 0.0, atol=1e-9)
    backwards, _ = curves(game, orders[:, ::-1])
    np.testing.assert_allclose(backwards, insertion[:, ::-1], atol=1e-9)


def test_curves_by_hand() -> None:
    """3, 1 and -1 in fifths: taken away in that order 3, 0, -1, 0 are left, put back 0, 3, 4, 3."""
    deletion, insertion = curves(additive(np.asarray([3.0, 1.0, -1.0])), np.asarray([[0, 1, 2]]))
    np.testing.assert_allclose(deletion[0], np.asarray([3.0, 0.0, -1.0, 0.0]) / 5.0)
    np.testing.assert_allclose(insertion[0], np.asarray([0.0, 3.0, 4.0, 3.0]) / 5.0)
    assert area(deletion)[0] == pytest.approx((1.5 + 0.0 - 1.0) / 3.0 / 5.0)
    assert area(insertion)[0] == pytest.approx((3.0 + 4.0 + 1.5) / 3.0 / 5.0)


@given(SEEDS)
def test_where_all_parts_do_good_a_deletion_curve_falls_and_an_insertion_curve_rises(seed: int) -> None:
    values = np.abs(some_values(seed)) + 1e-3
    deletion, insertion = curves(additive(values), order_of(values, np.random.default_rng(seed))[None])
    assert (np.diff(deletion) < 1e-12).all()
    assert (np.diff(insertion) > -1e-12).all()


@given(SEEDS)
def test_in_an_additive_game_no_order_beats_that_of_the_exact_values(seed: int) -> None:
    values = some_values(seed)
    every = np.asarray(list(itertools.permutations(range(len(values)))))
    deletion, insertion = (area(drawn) for drawn in curves(additive(values), every))
    of_deletion, of_insertion = curves(additive(values), order_of(values, np.random.default_rng(seed))[None])
    assert area(of_deletion)[0] <= deletion.min() + 1e-12
    assert area(of_insertion)[0] >= insertion.max() - 1e-12


@given(SEEDS)
def test_random_orders_have_the_area_of_their_closed_form(seed: int) -> None:
    """A single part is there half of the time; of m parts two, k of them present, with k (k - 1) / (m (m - 1))."""
    rng = np.random.default_rng(seed)
    game = pair_game(some_parts(rng, 2, 4), some_parts(rng, int(rng.integers(2, 5)), 4))
    m = len(game.shapley)
    every = np.asarray(list(itertools.permutations(range(m))))
    alone = float(game.worth(np.eye(m, dtype=np.bool_)).sum())
    together, there = game.whole() - alone, np.arange(m + 1.0)
    expected = (alone * there / m + together * there * (there - 1.0) / (m * (m - 1.0))) / game.scale
    deletion, insertion = curves(game, every)
    np.testing.assert_allclose(deletion.mean(axis=0), expected[::-1], atol=1e-9)
    np.testing.assert_allclose(insertion.mean(axis=0), expected, atol=1e-9)


@given(SEEDS, st.floats(1e-3, 1e3))
def test_curves_have_no_unit(seed: int, factor: float) -> None:
    values = some_values(seed)
    order = order_of(values, np.random.default_rng(0))[None]
    for one, other in zip(curves(additive(values), order), curves(additive(factor * values), order), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_equal_values_are_ordered_by_lot() -> None:
    rng = np.random.default_rng(0)
    firsts = [int(order_of(np.asarray([1.0, 1.0, 1.0]), rng)[0]) for _ in range(3_000)]
    assert np.bincount(firsts, minlength=3).min() > 900
    assert order_of(np.asarray([1.0, 3.0, 2.0]), rng).tolist() == [1, 2, 0]


# -- what is said beside


def test_an_additive_game_is_explained_by_its_values_near_the_whole() -> None:
    values = some_values(4)
    sets = nearby(len(values), np.random.default_rng(1))
    assert not sets.all(axis=1).any()
    varied, missed = unexplained(additive(values), values, sets)
    assert varied > 0.0
    assert missed == pytest.approx(0.0, abs=1e-18)
    of_half = unexplained(additive(values), values / 2.0, sets)
    assert of_half[1] == pytest.approx(np.square(sets @ values - values.sum()).mean() / 4 / np.abs(values).sum() ** 2)


def test_local_r2_is_of_all_cases_together() -> None:
    spread = np.asarray([[1.0, 0.5], [3.0, 0.5]])
    found = r_squared(spread, np.asarray([1, 2]), 0)
    assert found["value"] == pytest.approx(1.0 - 1.0 / 4.0)
    assert found["low"] <= found["value"] <= found["high"]


def test_signs_by_hand() -> None:
    """b = 1 with a partner it makes -3 with: its share is -1/2, and without it the score would be 2 greater."""

    def worth_of(present: np.ndarray) -> np.ndarray:
        one, other = present.astype(np.float64).T
        return one + other - 3.0 * one * other

    game = Game(0, ("a", "b"), worth_of, np.asarray([-0.5, -0.5]), np.ones(2))
    assert sign_agreement(game, game.shapley) == 1.0
    assert sign_agreement(game, np.asarray([0.5, -0.5])) == 0.5
    assert sign_agreement(game, np.asarray([0.0, -0.5])) == 0.5
    assert interaction_share(game) == pytest.approx(3.0 / 5.0)


def test_each_diner_counts_once() -> None:
    assert by_diner([1.0, 3.0, 5.0], np.asarray([7, 7, 2])).tolist() == [5.0, 2.0]


def test_margins_are_those_of_the_areas_and_exact_is_better_than_chance() -> None:
    rng = np.random.default_rng(2)
    games = [additive(rng.normal(size=8), diner) for diner in range(60)]
    told = faithfulness(games, {EXACT: [g.shapley for g in games], WEIGHT: [g.weights for g in games]}, 0)
    assert (told["cases"], told["diners"], told["parts"]) == (60, 60, 8.0)
    for kind, sign in (("deletion", -1.0), ("insertion", 1.0)):
        for name in (WEIGHT, RANDOM):
            margin = told["margins"][kind][name]
            assert margin["value"] == pytest.approx(
                sign * (told[kind][EXACT]["value"] - told[kind][name]["value"]), abs=1e-12
            )
            assert 0.0 < margin["low"] < margin["value"] < margin["high"]
    assert told["curves"]["deletion"][EXACT][-1] == pytest.approx(0.0, abs=1e-12)
    assert len(told["curves"]["insertion"][RANDOM]) == 11
    assert told["local_r2"]["value"] == pytest.approx(1.0)


def test_many_cases_of_one_diner_are_no_more_than_one() -> None:
    """The interval is that of the diners: the same cases once more make it no narrower."""
    rng = np.random.default_rng(5)
    games = [additive(rng.normal(size=5), diner) for diner in range(30)]

    def margin(cases: list[Game]) -> dict[str, float]:
        return faithfulness(cases, {EXACT: [g.shapley for g in cases], WEIGHT: [g.weights for g in cases]}, 0)[
            "margins"
        ]["deletion"][WEIGHT]

    once, thrice = margin(games), margin([game for game in games for _ in range(3)])
    assert thrice == pytest.approx(once, abs=1e-9)


# -- models


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return sample_data()


@pytest.fixture(scope="module")
def question(data: TrainingData) -> HeldOut:
    return held_out(data, data.interactions.diners, data.interactions.restaurants, False, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["lightfm", "ease", "ials", "popular"])
def test_a_model_s_document_is_json_and_the_same_each_time(name: str, data: TrainingData, question: HeldOut) -> None:
    given = {"lightfm": {"components": 8, "epochs": 5}, "ials": {"components": 4}, "ease": {"penalty": 5.0}}
    model = make(name, **given.get(name, {})).fit(data)
    found = fidelity(model, question, seed=3)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert fidelity(model, question, seed=3) == found
    assert (found["second_stage"], found["refused"]) == (None, None)
    margin = found["pair"]["margins"]["deletion"][RANDOM]
    assert margin["low"] > 0.0
    assert found["pair"]["diners"] <= measured.DINERS


def test_a_model_that_is_not_taken_apart_says_so(data: TrainingData, question: HeldOut) -> None:
    found = fidelity(make("random").fit(data), question)
    assert found == {"pair": None, "second_stage": None, "refused": "random does not say what its rows are made of"}
