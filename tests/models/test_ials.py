"""iALS against the normal equations, solved densely row by row."""

import numpy as np

from models.ials import IalsModel
from models.testing import sample_data

_ALPHA, _PENALTY, _D = 4.0, 2.0, 3


def solved(confidences: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Each row's least squares, (Y' C Y + reg I) x = Y' C p with c = 1 where nothing was liked."""
    rows = []
    for row in confidences:
        c = np.where(row > 0, row, 1.0)
        gram = (others * c[:, None]).T @ others + _PENALTY * np.eye(others.shape[1])
        rows.append(np.linalg.solve(gram, others.T @ (c * (row > 0))))
    return np.asarray(rows)


def test_a_round_is_one_solution_of_each_side():
    """Three steps of conjugate gradients solve three dimensions exactly."""
    data = sample_data()
    acts = data.interactions
    confidences = np.zeros((len(data.diner_ids), len(data.restaurant_ids)))
    confidences[acts.diners, acts.restaurants] = 1.0 + _ALPHA * acts.weights
    rng, scale = np.random.default_rng(5), 0.1 / _D**0.5
    users = scale * rng.standard_normal((len(data.diner_ids), _D), dtype=np.float32)
    items = scale * rng.standard_normal((len(data.restaurant_ids), _D), dtype=np.float32)
    for _ in range(3):
        users = solved(confidences, items.astype(np.float64))
        items = solved(confidences.T, users)
    model = IalsModel(components=_D, epochs=3, alpha=_ALPHA, regularisation=_PENALTY, seed=5).fit(data)
    seen, chosen = np.unique(acts.diners), np.unique(acts.restaurants)
    np.testing.assert_allclose(model.diners().vectors[seen], users[seen], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.restaurants().vectors[chosen], items[chosen], rtol=1e-3, atol=1e-4)
