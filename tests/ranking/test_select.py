"""The best m of n, against a full sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.select import best_columns


def by_sorting(scores: np.ndarray, m: int) -> np.ndarray:
    return np.sort(np.argsort(-scores, axis=1, kind="stable")[:, :m], axis=1)


@pytest.mark.parametrize("n", [5, 200, 4_095, 4_096, 10_000, 50_000])
@pytest.mark.parametrize("batch", [1, 3])
def test_it_finds_what_a_full_sort_finds(n: int, batch: int) -> None:
    scores = np.random.default_rng(n).standard_normal((batch, n)).astype(np.float32)
    m = min(200, n)

    assert np.array_equal(best_columns(scores, m), by_sorting(scores, m))


@pytest.mark.parametrize("passing", [0, 1, 150, 199, 200, 201, 5_000])
def test_it_is_exact_when_few_candidates_pass(passing: int) -> None:
    rng = np.random.default_rng(passing)
    scores = np.full((1, 10_000), -np.inf, np.float32)
    scores[0, rng.choice(10_000, passing, replace=False)] = rng.standard_normal(passing)

    found = best_columns(scores, 200)[0]

    assert len(found) == 200
    assert len(set(found.tolist())) == 200
    finite = found[np.isfinite(scores[0, found])]
    expected = by_sorting(scores, 200)[0]
    assert set(finite.tolist()) == set(expected[np.isfinite(scores[0, expected])].tolist())


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(4_096, 9_000))
def test_the_sampled_threshold_never_loses_a_winner(seed: int, m: int, n: int) -> None:
    """Also with heavy ties, where a threshold is easily on the wrong side."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, rng.integers(2, 1_000), (1, n)).astype(np.float32)

    found = best_columns(scores, m)[0]

    assert np.array_equal(np.sort(scores[0, found]), np.sort(scores[0])[n - m :])
    assert np.all(np.diff(found) > 0)
