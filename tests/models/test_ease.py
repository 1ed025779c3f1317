"""EASE against its closed form, and what is served against what it says."""

import numpy as np
import pytest

from models.base import ModelError
from models.ease import EaseModel, together
from models.testing import sample_data


def liked() -> np.ndarray:
    data = sample_data()
    acts = data.interactions
    dense = np.zeros((len(data.diner_ids), len(data.restaurant_ids)))
    dense[acts.diners, acts.restaurants] = acts.weights
    return dense


def test_each_column_is_the_ridge_regression_on_all_other_columns():
    X, penalty = liked(), 3.0
    found = together(X.T @ X, penalty)
    for column in range(X.shape[1]):
        others = np.delete(np.arange(X.shape[1]), column)
        design = X[:, others]
        expected = np.linalg.solve(design.T @ design + penalty * np.eye(len(others)), design.T @ X[:, column])
        np.testing.assert_allclose(found[others, column], expected, atol=1e-9)
        assert found[column, column] == 0.0


def told(penalty: float, memory: float) -> np.ndarray:
    X = liked()
    return X @ (together(X.T @ X, penalty) + memory * np.eye(X.shape[1]))


def test_with_as_many_dimensions_as_restaurants_it_is_exact():
    data = sample_data()
    model = EaseModel(penalty=3.0, memory=0.4, dimensions=100).fit(data)
    seen = np.unique(data.interactions.diners)
    chosen = np.unique(data.interactions.restaurants)
    found = model.score(seen.astype(np.int32), chosen.astype(np.int32))
    np.testing.assert_allclose(found, told(3.0, 0.4)[np.ix_(seen, chosen)], atol=1e-4)
    assert model.parameters()["kept"] == pytest.approx(1.0)


def test_fewer_dimensions_are_the_best_approximation_of_what_is_told_and_say_what_they_keep():
    data = sample_data()
    model = EaseModel(penalty=3.0, memory=0.4, dimensions=5).fit(data)
    whole = told(3.0, 0.4)
    u, s, vt = np.linalg.svd(whole)
    best = (u[:, :5] * s[:5]) @ vt[:5]
    seen, chosen = np.unique(data.interactions.diners), np.unique(data.interactions.restaurants)
    found = model.score(seen.astype(np.int32), chosen.astype(np.int32))
    np.testing.assert_allclose(found, best[np.ix_(seen, chosen)], atol=1e-4)
    assert model.parameters()["kept"] == pytest.approx((s[:5] ** 2).sum() / (s**2).sum())


def test_a_score_is_the_sum_of_what_the_diners_history_adds():
    data = sample_data()
    model = EaseModel(penalty=3.0, memory=0.4, dimensions=6).fit(data)
    acts = data.interactions
    diner = int(acts.diners[7])
    own = acts.diners == diner
    for restaurant in (0, 3, 8):
        reasons = model.reasons(acts.restaurants[own], acts.weights[own], restaurant)
        score = model.score(np.asarray([diner], np.int32), np.asarray([restaurant], np.int32))
        assert reasons.sum() == pytest.approx(float(score[0, 0]), abs=1e-5)


def test_more_restaurants_than_can_be_inverted_are_refused_with_the_number(monkeypatch):
    monkeypatch.setattr("models.ease.MOST_RESTAURANTS", 10)
    with pytest.raises(ModelError, match="15 are more than 10"):
        EaseModel().fit(sample_data())
