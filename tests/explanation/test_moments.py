"""The second stage's importance: its order is the evaluation's, its figures are those of the trees."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data.dataset import Dataset
from models.evaluation.evaluate import HeldOut
from models.evaluation.requests import as_served
from models.explanation import moments
from models.explanation.audit import documents
from models.explanation.importance import CONTRIBUTION, LOSS
from models.explanation.moments import Moments
from models.ground import Ground
from models.ladder import make
from models.second_stage.features import FEATURES


@pytest.fixture(scope="module")
def ground(small_city) -> Ground:
    dataset = Dataset.open(small_city.dataset)
    return Ground(dataset, small_city.market)


@pytest.fixture(scope="module")
def trained(ground: Ground):
    name = "lightfm+lambdamart"
    return make(name).fit(ground.train_period([name]))


@pytest.fixture(scope="module")
def asked(ground: Ground, trained) -> Moments:
    found = Moments.of(trained, ground.requests, ground.calibrated(trained), 0)
    assert found is not None
    return found


def test_requests_are_ordered_as_they_are_served(ground: Ground, trained, asked: Moments) -> None:
    """All restaurants are on the shortlist of a small city, so both ask the same."""
    requests, curve = ground.requests, ground.calibrated(trained)
    assert requests is not None
    measured = requests.measure(as_served(requests, trained, curve)).per_diner["ndcg@10"]
    chosen = np.random.default_rng(0).permutation(len(requests.asked))[: len(asked.before)]
    np.testing.assert_allclose(asked.quality(asked.features), measured[chosen], atol=1e-9)


def test_what_trees_do_not_split_on_has_no_importance(asked: Moments) -> None:
    used = {FEATURES[at] for at in np.unique(asked.stage.trees.nodes["feature"]).tolist()}
    figures = moments.importances(asked, 0)
    assert len(figures) == 2 * len(FEATURES)
    for one in figures:
        assert one.low <= one.value <= one.high
        assert one.name in used or one.value == pytest.approx(0.0, abs=1e-12)
    assert {one.name for one in figures if one.measure == CONTRIBUTION and one.value > 0.0} <= used


def test_the_feature_that_decides_is_worth_most(asked: Moments) -> None:
    """Who is chosen is whoever the trees put first, once all that is not theirs is left out."""
    sums = asked.stage.trees.sums(asked.features)
    best = sums == sums.max(axis=1, keepdims=True)
    question = HeldOut(asked.question.diners, sparse.csr_matrix(best), None)
    by_trees = replace(asked, before=np.zeros_like(asked.before), question=question)
    losses = [one for one in moments.importances(by_trees, 0) if one.measure == LOSS]
    assert losses[0].low > 0.0
    assert sum(one.value for one in losses) > 0.0


def test_partial_dependence_is_the_trees_mean_at_each_value(asked: Moments) -> None:
    (found,) = [one for one in moments.partial_dependences(asked, 0) if one.feature == "log_minutes"]
    rows = asked.features.reshape(-1, len(FEATURES))
    rows = rows[np.random.default_rng(0).permutation(len(rows))[:400]]
    expected = []
    for value in found.at:
        rows[:, FEATURES.index("log_minutes")] = value
        expected.append(asked.stage.trees.sums(rows).mean())
    np.testing.assert_allclose(found.value, np.asarray(expected) - np.mean(expected), atol=1e-9)
    assert list(found.at) == sorted(set(found.at))
    assert all(low <= value <= high for low, value, high in zip(found.low, found.value, found.high, strict=True))


def test_a_model_without_a_second_stage_has_no_moments(ground: Ground) -> None:
    plain = make("lightfm", epochs=2).fit(ground.prepared.data)
    assert Moments.of(plain, ground.requests, ground.calibrated(plain), 0) is None


def test_documents_of_both_stages_hold_all_sides(ground: Ground, trained) -> None:
    found = documents(trained, ground.prepared, 0, ground.requests, ground.calibrated(trained))
    sides = {one["side"] for one in found["importance"]["features"]}
    assert sides == {"diner", "restaurant", "moment"}
    assert found["importance"]["partial_dependence"]
    assert found["over_indexing"]["not_asked"]
    assert documents(make("random").fit(ground.prepared.data), ground.prepared, 0) == {
        "importance": None,
        "over_indexing": None,
    }
