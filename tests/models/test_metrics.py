"""Ranking metrics: their own examples, by hand, and against the field's libraries."""

import doctest

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from ir_measures import RR, P, R, nDCG
from sklearn.metrics import roc_auc_score

from models.evaluation import metrics


def test_the_examples_in_the_docstrings_hold():
    found = doctest.testmod(metrics)
    assert found.attempted >= 8
    assert found.failed == 0


def test_one_list_by_hand():
    hits = np.asarray([[0, 1, 0, 1, 0]], bool)
    relevant = np.asarray([3])  # one was not found at all
    found = 1 / np.log2(3) + 1 / np.log2(5)
    best = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert metrics.ndcg(hits, metrics.ideal_dcg(relevant, 5), 5) == pytest.approx(found / best, rel=1e-15)
    assert metrics.precision(hits, 4).tolist() == [0.5]
    assert metrics.precision(hits, 10).tolist() == [0.2]  # a short list is filled with misses
    assert metrics.recall(hits, relevant, 2) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(hits).tolist() == [0.5]
    # Of the 2 x 3 pairs, the hit at 2 is above two misses, the hit at 4 above one.
    assert metrics.auc(hits, np.asarray([5])).tolist() == [0.5]
    assert metrics.auc(np.asarray([[1, 1, 1]], bool), np.asarray([3])).tolist() == [0.5]  # nothing to tell apart


@pytest.fixture(scope="module")
def lists() -> tuple[np.ndarray, np.ndarray]:
    """60 diners' scores of 50 restaurants, and what is relevant: 1 to 25 each."""
    rng = np.random.default_rng(4)
    scores = rng.permuted(np.tile(np.linspace(0, 1, 50), (60, 1)), axis=1)  # no ties: libraries break them in their way
    relevant = np.argsort(np.argsort(rng.random((60, 50)) - 0.2 * scores, axis=1), axis=1) < rng.integers(
        1, 26, (60, 1)
    )
    return scores, relevant


def test_as_ir_measures_has_it(lists):
    scores, relevant = lists
    run = {str(q): {f"r{i}": float(score) for i, score in enumerate(row)} for q, row in enumerate(scores)}
    truth = {str(q): {f"r{i}": 1 for i in np.flatnonzero(row)} for q, row in enumerate(relevant)}
    measured = {nDCG @ 10: {}, R @ 20: {}, P @ 10: {}, RR: {}}
    for value in ir_measures.iter_calc(list(measured), truth, run):
        measured[value.measure][int(value.query_id)] = value.value
    hits = np.take_along_axis(relevant, np.argsort(-scores, axis=1), axis=1)
    counts = relevant.sum(axis=1)
    ours = {
        nDCG @ 10: metrics.ndcg(hits, metrics.ideal_dcg(counts, 10), 10),
        R @ 20: metrics.recall(hits, counts, 20),
        P @ 10: metrics.precision(hits, 10),
        RR: metrics.reciprocal_rank(hits),
    }
    for measure, values in ours.items():
        theirs = [measured[measure][q] for q in range(len(scores))]
        np.testing.assert_allclose(values, theirs, atol=1e-12, err_msg=str(measure))


def test_auc_as_scikit_learn_has_it(lists):
    scores, relevant = lists
    hits = np.take_along_axis(relevant, np.argsort(-scores, axis=1), axis=1)
    theirs = [roc_auc_score(wanted, row) for wanted, row in zip(relevant, scores, strict=True)]
    np.testing.assert_allclose(metrics.auc(hits, np.full(60, 50)), theirs, atol=1e-12)


LISTS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(1, 30)))


@given(LISTS, st.integers(1, 12))
def test_metrics_stay_in_their_range_and_the_best_order_is_best(hits, k):
    relevant = np.maximum(hits.sum(axis=1), 1)
    ideal = metrics.ideal_dcg(relevant, k)
    best = -np.sort(-hits.astype(float), axis=1)
    candidates = np.full(len(hits), hits.shape[1])
    for value, top in (
        (metrics.ndcg(hits, ideal, k), metrics.ndcg(best, ideal, k)),
        (metrics.recall(hits, relevant, k), metrics.recall(best, relevant, k)),
        (metrics.precision(hits, k), metrics.precision(best, k)),
        (metrics.reciprocal_rank(hits), metrics.reciprocal_rank(best)),
        (metrics.auc(hits, candidates), metrics.auc(best, candidates)),
    ):
        assert (value >= 0).all()
        assert (value <= top + 1e-12).all()
        assert (top <= 1 + 1e-12).all()
    some = hits.any(axis=1)
    np.testing.assert_allclose(metrics.ndcg(best, ideal, k)[some], 1.0, atol=1e-12)


@given(LISTS, st.integers(0, 9))
def test_padding_after_the_candidates_changes_no_auc(hits, padding):
    candidates = np.full(len(hits), hits.shape[1])
    padded = np.pad(hits, ((0, 0), (0, padding)))
    np.testing.assert_allclose(metrics.auc(hits, candidates), metrics.auc(padded, candidates), atol=1e-12)


@given(LISTS)
def test_auc_of_the_reversed_order_is_its_complement(hits):
    candidates = np.full(len(hits), hits.shape[1])
    both = metrics.auc(hits, candidates) + metrics.auc(hits[:, ::-1], candidates)
    np.testing.assert_allclose(both, 1.0, atol=1e-12)


AMOUNTS = arrays.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1e6, allow_subnormal=False))


@given(AMOUNTS, st.floats(1e-3, 1e3), st.integers(0, 99))
def test_gini_knows_neither_scale_nor_order_and_is_the_mean_difference(amounts, factor, seed):
    value = metrics.gini(amounts)
    assert value + 1e-12 >= 0
    assert value <= 1 - 1 / len(amounts) + 1e-9
    shuffled = np.random.default_rng(seed).permutation(amounts)
    assert metrics.gini(shuffled * factor) == pytest.approx(value, abs=1e-9)
    if amounts.sum() > 0:
        gaps = np.abs(amounts[:, None] - amounts).mean()
        assert value == pytest.approx(gaps / (2 * amounts.mean()), abs=1e-9)


@given(AMOUNTS)
def test_giving_from_the_richest_to_the_poorest_lowers_gini(amounts):
    richest, poorest = int(amounts.argmax()), int(amounts.argmin())
    moved = amounts.copy()
    moved[[richest, poorest]] = amounts[[richest, poorest]].mean()
    assert metrics.gini(moved) <= metrics.gini(amounts) + 1e-9


def test_gini_of_nothing_is_zero():
    assert metrics.gini(np.zeros(5)) == metrics.gini(np.empty(0)) == 0.0
