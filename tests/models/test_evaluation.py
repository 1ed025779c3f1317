"""Full ranking over diners: what is asked, what is masked, how ties fall, and what the intervals cover."""

import numpy as np
import pytest
from lightfm import LightFM
from lightfm.evaluation import auc_score, precision_at_k, recall_at_k
from scipy import sparse

from models.evaluation import evaluate as evaluation
from models.evaluation import metrics
from models.evaluation.cold_start import hold_back
from models.evaluation.evaluate import FOLDS, HeldOut
from models.popular import PopularModel
from models.testing import sample_data


def question(relevant: list[list[int]], masked: list[list[int]] | None = None) -> HeldOut:
    hidden = None if masked is None else sparse.csr_matrix(np.asarray(masked, np.int8))
    return HeldOut(np.arange(len(relevant), dtype=np.int32), sparse.csr_matrix(np.asarray(relevant, np.int8)), hidden)


def scorer(scores: list[list[float]]) -> evaluation.Scorer:
    return lambda diners: np.asarray(scores, np.float32)[diners]


def test_two_diners_by_hand():
    #                                      first: 0, 2, 1, 3            second: 3, 2, 1, 0
    found = evaluation.measure(
        question([[0, 1, 0, 0], [1, 0, 0, 1]]), scorer([[0.9, 0.5, 0.6, 0.1], [0.1, 0.2, 0.3, 0.4]])
    )
    best = 1 + 1 / np.log2(3)
    np.testing.assert_allclose(found.per_diner["ndcg@10"], [0.5, (1 + 1 / np.log2(5)) / best])
    np.testing.assert_allclose(found.per_diner["mrr"], [1 / 3, 1.0])
    np.testing.assert_allclose(found.per_diner["precision@10"], [0.1, 0.2])
    np.testing.assert_allclose(found.per_diner["recall@20"], [1.0, 1.0])
    np.testing.assert_allclose(found.per_diner["auc"], [1 / 3, 0.5])
    assert found.shown.shape == (FOLDS, 4)
    assert found.shown.sum(axis=0).tolist() == [2, 2, 2, 2]


def test_masked_restaurants_take_no_place():
    relevant, masked = [[0, 1, 0, 0]], [[1, 0, 1, 0]]
    found = evaluation.measure(question(relevant, masked), scorer([[0.9, 0.5, 0.6, 0.1]]))
    assert found.per_diner["ndcg@10"].tolist() == [1.0]
    assert found.per_diner["auc"].tolist() == [1.0]


def test_held_out_leaves_known_ones_out_only_where_it_is_told_to():
    data = sample_data()
    acts = data.interactions
    known = (acts.diners[0], acts.restaurants[0])
    new = (acts.diners[0], np.int32(14))  # nobody has been at the last restaurant
    diners, restaurants = np.asarray([known, new, new]).T
    rng = np.random.default_rng(0)
    kept = evaluation.held_out(data, diners, restaurants, False, rng)
    assert kept.masked is None
    assert kept.relevant.toarray().sum() == 2
    left = evaluation.held_out(data, diners, restaurants, True, rng)
    assert left.relevant.nonzero()[1].tolist() == [14]
    assert left.masked is not None
    assert left.masked.toarray()[0, known[1]] == 1
    nobody = evaluation.held_out(data, diners[:1], restaurants[:1], True, rng)
    assert len(nobody.diners) == nobody.relevant.shape[0] == 0


def test_a_model_that_knows_nothing_gains_nothing_from_the_order_of_the_table():
    rng = np.random.default_rng(0)
    relevant = np.zeros((400, 40), np.int8)
    relevant[np.arange(400), rng.integers(40, size=400)] = 1
    for favoured in (relevant, np.sort(relevant, axis=1)[:, ::-1]):  # any, or always the first row of the table
        ties = evaluation.measure(question(favoured.tolist()), lambda rows: np.zeros((len(rows), 40), np.float32))
        first = ties.shown.sum(axis=0)
        assert (first > 0).sum() == 10
        assert not np.array_equal(np.flatnonzero(first), np.arange(10))


def test_a_market_larger_than_one_block_is_measured_the_same(monkeypatch):
    rng = np.random.default_rng(1)
    scores = rng.random((50, 30)).astype(np.float32)
    relevant = (rng.random((50, 30)) < 0.2) | (np.arange(30) == 3)
    asked = question(relevant.tolist(), (~relevant & (rng.random((50, 30)) < 0.1)).tolist())
    whole = evaluation.measure(asked, lambda rows: scores[rows])
    monkeypatch.setattr(evaluation, "_CELLS_AT_ONCE", 7 * 30)
    parts = evaluation.measure(asked, lambda rows: scores[rows])
    assert np.array_equal(whole.shown, parts.shown)
    for name in evaluation.METRICS:
        np.testing.assert_allclose(whole.per_diner[name], parts.per_diner[name], atol=1e-12)


@pytest.mark.parametrize("mask_known", [False, True])
def test_as_the_library_of_lightfm_measures_its_own_model(mask_known):
    rng = np.random.default_rng(8)
    taste = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 60))
    chosen = taste > np.quantile(taste, 0.75, axis=1, keepdims=True)
    test = chosen & (rng.random(chosen.shape) < 0.3)
    train = sparse.csr_matrix((chosen & ~test).astype(np.float32))
    model = LightFM(no_components=5, loss="warp", random_state=1).fit(train, epochs=5)
    truth = sparse.csr_matrix(test.astype(np.float32))
    hidden = train if mask_known else None
    user_biases, users = model.get_user_representations()
    item_biases, items = model.get_item_representations()
    found = evaluation.measure(
        HeldOut(np.flatnonzero(test.any(axis=1)).astype(np.int32), truth[test.any(axis=1)], _of(hidden, test)),
        lambda rows: users[rows] @ items.T + user_biases[rows, None] + item_biases,
    )
    for name, theirs in (
        ("auc", auc_score(model, truth, hidden)),
        ("precision@10", precision_at_k(model, truth, hidden, k=10)),
        ("recall@20", recall_at_k(model, truth, hidden, k=20)),
    ):
        np.testing.assert_allclose(found.per_diner[name], theirs, atol=1e-6, err_msg=name)


def _of(hidden: sparse.csr_matrix | None, test: np.ndarray) -> sparse.csr_matrix | None:
    return None if hidden is None else hidden[test.any(axis=1)]


def test_intervals_cover_the_mean_as_often_as_they_say():
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(300):
        found = evaluation.interval(rng.beta(0.5, 2.0, size=150), trial)
        covered += found["low"] <= 0.2 <= found["high"]
    assert 0.90 < covered / 300 < 0.98


def test_a_difference_is_paired():
    """Two models that differ by a constant on every diner differ by that constant without doubt."""
    rng = np.random.default_rng(3)
    per_diner = {name: rng.random(200) for name in evaluation.METRICS}
    shown = np.ones((FOLDS, 5), np.int64)
    better = evaluation.Measured({name: values + 0.01 for name, values in per_diner.items()}, shown, shown * 1.0)
    worse = evaluation.Measured(per_diner, shown, shown * 1.0)
    difference = evaluation.summary(better, worse, 0)["ndcg@10_over_popular"]
    assert difference["low"] == pytest.approx(difference["high"]) == pytest.approx(0.01)
    ratio = evaluation.ratio(2 * per_diner["mrr"], per_diner["mrr"], 0)
    assert ratio["low"] == pytest.approx(ratio["high"]) == pytest.approx(2.0)


def test_coverage_and_gini_have_intervals_around_them():
    rng = np.random.default_rng(5)
    shown = rng.multinomial(100, np.arange(1, 41) / 820, size=FOLDS)
    found = evaluation.jackknife(shown, metrics.gini)
    assert found["low"] < found["value"] < found["high"]
    assert found["value"] == metrics.gini(shown.sum(axis=0))
    many = [
        evaluation.jackknife(rng.multinomial(100, np.arange(1, 41) / 820, size=FOLDS), metrics.gini) for _ in range(300)
    ]
    middle = np.mean([each["value"] for each in many])
    covered = np.mean([each["low"] <= middle <= each["high"] for each in many])
    assert 0.88 < covered < 0.995


def test_groups_of_too_few_diners_are_left_out():
    few = evaluation.FEWEST_DINERS
    measured = {"m": evaluation.measure(question([[0, 1], [1, 0]] * few), scorer([[1, 0]] * 2 * few))}
    even = np.arange(2 * few) % 2 == 0
    groups = {"all": np.ones(2 * few, bool), "even": even, "one less": even & (np.arange(2 * few) > 0)}
    found = evaluation.slices(measured, groups, 0)
    assert [(each["slice"], each["model"], each["diners"]) for each in found] == [
        ("all", "m", 2 * few),
        ("even", "m", few),
    ]
    assert found[0]["ndcg@10"]["value"] == pytest.approx((1 / np.log2(3) + 1) / 2)


def test_what_is_held_back_for_the_cold_start_is_nowhere_in_training():
    data = sample_data()
    acts = data.interactions
    asked = evaluation.held_out(data, acts.diners, acts.restaurants, False, np.random.default_rng(0))
    cold = hold_back(data, asked, np.random.default_rng(1))
    rest = cold.data.interactions
    assert len(cold.diners.diners) == round(len(asked.diners) / 10)
    assert not set(cold.diners.diners) & set(rest.diners)
    assert not set(cold.columns) & set(rest.restaurants)
    assert not set(cold.diners.diners) & set(cold.restaurants.diners)
    assert cold.restaurants.relevant.shape[1] == len(cold.columns)
    assert (np.diff(cold.restaurants.relevant.indptr) > 0).all()
    assert len(rest.diners) < len(acts.diners)
    measured = cold.measure({"popular": PopularModel().fit(cold.data)})
    assert measured["restaurants"]["popular"].shown.shape == (FOLDS, len(cold.columns))
