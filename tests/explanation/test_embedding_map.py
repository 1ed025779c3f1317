"""The map: the plane of most variance, the same each time, and none where there is nothing to draw."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from models.base import ModelError
from models.explanation.embedding_map import draw, embedding_map, principal
from models.ladder import make
from models.testing import sample_data

SEEDS = st.integers(0, 2**31 - 1)


@given(SEEDS, st.integers(3, 20), st.integers(2, 10))
def test_the_plane_is_that_of_the_library(seed: int, m: int, d: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(m, d)) * np.arange(1, d + 1)
    places, explained = principal(vectors)
    library = PCA(n_components=2, svd_solver="full").fit(vectors)
    np.testing.assert_allclose(np.abs(places), np.abs(library.transform(vectors)), atol=1e-8)
    np.testing.assert_allclose(explained, library.explained_variance_ratio_, atol=1e-10)


@given(SEEDS)
def test_signs_and_where_vectors_lie_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(8, 4)) * [9.0, 4.0, 1.0, 0.5]
    places, _ = principal(vectors)
    np.testing.assert_allclose(principal(-vectors @ np.diag([1, -1, 1, 1]) + 7.0)[0] ** 2, places**2, atol=1e-9)
    np.testing.assert_allclose(principal(vectors * [1, 1, -1, -1] + 7.0)[0], places, atol=1e-9)
    assert (places[np.abs(places).argmax(axis=0), [0, 1]] > 0.0).all()


def test_a_model_is_drawn_to_the_same_bytes(tmp_path: Path) -> None:
    data = sample_data()
    found = embedding_map(make("lightfm").fit(data), data.restaurant_features.names)
    assert found is not None
    assert set(found.tags) == set(data.restaurant_features.names)
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        draw(found.document(), file, "<about>")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert all(tag.partition("=")[2] in files[0].read_text() for tag in found.tags)


def test_there_is_no_map_of_too_few_tags_or_of_a_model_that_tells_none_apart() -> None:
    data = sample_data()
    assert embedding_map(make("lightfm").fit(data), ["cuisine=a", "cuisine=b", "price=1"]) is None
    assert principal(np.ones((5, 3)))[1] == (0.0, 0.0)


def test_a_file_that_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    for file in (tmp_path / "a.png", tmp_path / "nowhere" / "a.svg"):
        with pytest.raises(ModelError, match="SVG"):
            draw({"points": [], "explained": [0, 0]}, file, "")
