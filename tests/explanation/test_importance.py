"""Importance: complete over groups, the same as the evaluation's figures, nothing for what orders nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut
from models.explanation import importance
from models.explanation.grouped import Grouped, diners_of, feature_of, is_tag, restaurants_of, tag_of
from models.explanation.importance import CONTRIBUTION, LOSS, Sample, contributions, list_quality
from models.explanation.parts import Kind, Parts, Source, TakesApart, shapley_values
from models.ladder import LADDER, make
from models.testing import sample_data

SEEDS = st.integers(0, 2**31 - 1)
MODELS = [name for name, model in LADDER.items() if isinstance(model(), TakesApart)]


def some_rows(rng: np.random.Generator, count: int, d: int, side: str) -> list[Parts]:
    sources = [Source(Kind.ITSELF), *(Source(Kind.TAG, f"{side}{number}=x") for number in range(3))]
    return [Parts.of(sources, rng.normal(size=(len(sources), d + 1))) for _ in range(count)]


def a_sample(seed: int = 0, m: int = 12, n: int = 15, d: int = 4) -> Sample:
    rng = np.random.default_rng(seed)
    relevant = rng.random((m, n)) < 0.2
    relevant[np.arange(m), rng.integers(0, n, m)] = True
    question = HeldOut(np.arange(m, dtype=np.int32), sparse.csr_matrix(relevant), None)
    sides = (Grouped.of(some_rows(rng, count, d, side)) for count, side in ((m, "u"), (n, "i")))
    return Sample(*sides, question, seed)


@given(SEEDS)
def test_contributions_of_all_groups_sum_to_what_the_score_is_above_the_diners_mean(seed: int) -> None:
    sample = a_sample(seed)
    found = sum(values for _, _, values in contributions(sample.diners, sample.restaurants))
    centred = sample.scores - sample.scores.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, centred, atol=1e-12 * np.abs(sample.scores).max())


def test_contributions_are_the_shapley_values_of_each_pair_less_their_mean() -> None:
    rng = np.random.default_rng(3)
    people, places = some_rows(rng, 4, 5, "u"), some_rows(rng, 6, 5, "i")
    pairs = [[shapley_values(person, place) for place in places] for person in people]
    by_group = {(side, name): values for side, name, values in contributions(Grouped.of(people), Grouped.of(places))}
    for index, side in enumerate(("diner", "restaurant")):
        expected = np.asarray([[pair[index] for pair in row] for row in pairs])
        sources = (people, places)[index][0].sources
        for group, source in enumerate(sources):
            values = expected[..., group]
            centred = values - values.mean(axis=1, keepdims=True)
            np.testing.assert_allclose(by_group[side, feature_of(source)], centred, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_groups_sum_to_the_rows_that_are_served(name: str) -> None:
    model = make(name).fit(sample_data())
    for taken, served in ((diners_of, model.diners()), (restaurants_of, model.restaurants())):
        rows = np.arange(len(served.vectors), dtype=np.int32)
        for naming in (feature_of, tag_of):
            vectors, biases = taken(model, rows, naming).rows
            np.testing.assert_allclose(vectors, served.vectors, atol=1e-4)
            np.testing.assert_allclose(biases, served.biases, atol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_the_quality_of_lists_is_that_of_the_evaluation(masked: bool) -> None:
    rng = np.random.default_rng(1)
    sample = a_sample(1, m=30, n=40)
    question = sample.question
    if masked:
        hidden = sparse.csr_matrix((rng.random((30, 40)) < 0.3) & ~question.relevant.toarray())
        question = replace(question, masked=hidden)
    scores = rng.normal(size=(30, 40)).astype(np.float32)
    expected = evaluation.measure(question, lambda rows: scores[rows]).per_diner["ndcg@10"]
    np.testing.assert_allclose(list_quality(scores.astype(np.float64), question), expected)


def test_lists_shorter_than_ten_have_a_quality() -> None:
    sample = a_sample(2, m=5, n=3)
    assert ((list_quality(sample.scores, sample.question) > 0) & (sample.lost["diner", "identity"] <= 1)).all()


def test_a_dummy_moves_nothing_and_is_worth_nothing() -> None:
    sample = a_sample(4)
    group = sample.restaurants.names.index("i1")
    vectors, biases = sample.restaurants.vectors.copy(), sample.restaurants.biases.copy()
    vectors[:, group], biases[:, group] = 0.0, 0.0
    dummy = replace(sample, restaurants=replace(sample.restaurants, vectors=vectors, biases=biases))
    figures = [one for one in importance.importances(dummy) if (one.side, one.name) == ("restaurant", "i1")]
    assert len(figures) == 2
    for one in figures:
        assert (one.value, one.low, one.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_what_is_the_same_for_all_restaurants_orders_nothing() -> None:
    sample = a_sample(5)
    biases = sample.diners.biases + np.random.default_rng(0).normal(size=sample.diners.biases.shape)
    shifted = replace(sample, diners=replace(sample.diners, biases=biases))
    assert importance.importances(shifted) == importance.importances(sample)


def test_the_feature_that_decides_is_the_one_that_is_worth_most() -> None:
    """Held-out choices are each diner's best ten by one group; the others are noise of a tenth of its size."""
    sample = a_sample(6, m=200, n=60, d=6)
    group = sample.restaurants.names.index("i2")
    vectors = sample.restaurants.vectors * 0.1
    vectors[:, group] *= 10.0
    biases = np.zeros_like(sample.restaurants.biases)
    decided = replace(sample, restaurants=replace(sample.restaurants, vectors=vectors, biases=biases))
    people, _ = decided.diners.rows
    best = importance.top_lists(people @ vectors[:, group].T, size=3)
    relevant = np.zeros((200, 60), np.bool_)
    np.put_along_axis(relevant, best.astype(np.int64), True, axis=1)
    decided = replace(decided, question=replace(decided.question, relevant=sparse.csr_matrix(relevant)))
    for measure in (CONTRIBUTION, LOSS):
        figures = [
            one for one in importance.importances(decided) if one.measure == measure and one.side == "restaurant"
        ]
        assert figures[0].name == "i2"
        assert figures[0].low > figures[1].high
        assert all(one.low <= one.value <= one.high for one in figures)


def test_interactions_are_the_largest_cells() -> None:
    sample = a_sample(7)
    pairs = importance.interactions(sample, most=100)
    assert len(pairs) == 16
    assert [one.value for one in pairs] == sorted((one.value for one in pairs), reverse=True)
    of = {(one.diner, one.restaurant): one.value for one in pairs}
    cells = sample.diners.vectors[:, 1] @ sample.restaurants.vectors[:, 2].T
    expected = np.abs(cells - cells.mean(axis=1, keepdims=True)).mean()
    assert of[sample.diners.names[1], sample.restaurants.names[2]] == pytest.approx(expected)
    few = importance.interactions(sample, most=3)
    assert [(one.diner, one.restaurant) for one in few] == [(one.diner, one.restaurant) for one in pairs[:3]]


def test_figures_are_the_same_each_time() -> None:
    assert importance.importances(a_sample(8)) == importance.importances(a_sample(8))


def test_tags_are_told_from_what_is_none() -> None:
    kinds = {kind: feature_of(Source(kind, "cuisine=thai" if kind is Kind.TAG else "")) for kind in Kind}
    assert [kind for kind, name in kinds.items() if is_tag(name)] == [Kind.TAG]
