"""The compiled sums over trees against LightGBM, bit for bit, and texts that are no trees."""

import re
from collections.abc import Callable

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import ModelError
from models.second_stage import _trees
from models.second_stage.trees import Trees

NAMES = tuple("abcdef")


def grown(seed: int, leaves: int = 7, rounds: int = 9, rows: int = 400) -> lightgbm.Booster:
    rng = np.random.default_rng(seed)
    features = np.round(rng.normal(size=(rows, len(NAMES))), 1)  # rows that lie on a threshold
    target = np.sin(2 * features[:, 0]) + features[:, 1] * features[:, 2] + rng.normal(size=rows)
    given = {"objective": "regression", "num_leaves": leaves, "min_data_in_leaf": 3, "use_missing": False}
    quiet = {"verbose": -1, "num_threads": 1, "seed": seed}
    return lightgbm.train(given | quiet, lightgbm.Dataset(features, target, feature_name=list(NAMES)), rounds)


def text_of(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


@given(st.integers(0, 2**31 - 1), st.integers(2, 40), st.integers(1, 30), st.integers(0, 70))
def test_sums_are_those_of_the_library_bit_for_bit(seed: int, leaves: int, rounds: int, rows: int) -> None:
    booster = grown(seed, leaves, rounds)
    asked = np.round(np.random.default_rng(seed + 1).normal(size=(rows, len(NAMES))), 1)
    found = Trees.read(text_of(booster), NAMES).sums(asked)
    expected = booster.predict(asked, num_threads=1) if rows else np.empty(0)
    assert found.tobytes() == expected.tobytes()


def test_trees_without_a_split_are_constants():
    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rng.normal(size=(50, len(NAMES))), np.full(50, 3.25), feature_name=list(NAMES))
    booster = lightgbm.train({"objective": "regression", "verbose": -1, "use_missing": False}, data, 3)
    found = Trees.read(text_of(booster), NAMES).sums(np.zeros((2, len(NAMES))))
    assert found.tolist() == booster.predict(np.zeros((2, len(NAMES)))).tolist()


def test_features_of_any_shape_are_summed_row_by_row():
    booster = grown(4)
    asked = np.random.default_rng(5).normal(size=(3, 11, len(NAMES)))
    found = Trees.read(text_of(booster), NAMES).sums(asked)
    assert found.shape == (3, 11)
    assert found.ravel().tolist() == booster.predict(asked.reshape(33, -1)).tolist()
    with pytest.raises(ValueError, match="6 features, not 5"):
        Trees.read(text_of(booster), NAMES).sums(asked[..., :5])


def edited(pattern: str, change: Callable[[re.Match[str]], str]) -> bytes:
    text, count = re.subn(pattern, change, text_of(grown(1)).decode(), count=1, flags=re.M)
    assert count == 1
    return text.encode()


def first_number(replacement: str) -> Callable[[re.Match[str]], str]:
    return lambda found: found[1] + re.sub(r"^\S+", replacement, found[2])


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        (r"^(threshold=)(.*)$", first_number("nan")),
        (r"^(threshold=)(.*)$", first_number("inf")),
        (r"^(threshold=)(.*)$", first_number("word")),
        (r"^(threshold=)\S+ (.*)$", lambda found: found[1] + found[2]),
        (r"^(leaf_value=)(.*)$", first_number("-inf")),
        (r"^(leaf_value=)(.*)$", lambda found: found[1]),
        (r"^(split_feature=)(.*)$", first_number("6")),
        (r"^(split_feature=)(.*)$", first_number("-1")),
        (r"^(split_feature=)(.*)$", first_number("99999999999")),
        (r"^(left_child=)(.*)$", first_number("0")),
        (r"^(left_child=)(.*)$", first_number("400")),
        (r"^(right_child=)(.*)$", first_number("-400")),
        (r"^(left_child=)(.*)$", lambda found: "left_child=" + " ".join(["-1"] * len(found[2].split()))),
        (r"^(decision_type=)(.*)$", first_number("1")),
        (r"^(decision_type=)(.*)$", first_number("10")),
        (r"^(num_leaves=)(.*)$", first_number("1")),
        (r"^(num_leaves=)(.*)$", first_number("-3")),
        (r"^(num_leaves=)(.*)$", first_number("1000000")),
        (r"^(num_cat=)(.*)$", first_number("1")),
        (r"^(is_linear=)(.*)$", first_number("1")),
        (r"^(feature_names=)(.*)$", lambda found: "feature_names=a b c d e g"),
        (r"^(feature_names=)(.*)$", lambda found: "feature_names=a b c d e"),
        (r"^(Tree=)(3)$", lambda found: "Tree=4"),
        (r"^(end of trees)()$", lambda found: ""),
        (r"^(split_feature=)(.*)$", lambda found: ""),
    ],
)
def test_a_text_that_is_no_whole_tree_is_refused(pattern, change):
    with pytest.raises(ModelError, match="trees cannot be read"):
        Trees.read(edited(pattern, change), NAMES)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_text_cut_short_is_refused(share):
    text = text_of(grown(2)).split(b"\nend of trees\n")[0]
    with pytest.raises(ModelError):
        Trees.read(text[: int(share * len(text))], NAMES)


def test_bytes_that_are_no_text_are_refused():
    for text in (b"", b"\xff" * 100, bytes(1000), b"tree\n\n\nTree=0\n"):
        with pytest.raises(ModelError):
            Trees.read(text, NAMES)


def test_missing_values_and_categories_are_not_read():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, len(NAMES)))
    features[::3, 0] = np.nan
    data = lightgbm.Dataset(features, np.nan_to_num(features[:, 0]), feature_name=list(NAMES))
    booster = lightgbm.train({"objective": "regression", "verbose": -1}, data, 3)
    with pytest.raises(ModelError, match="without missing values"):
        Trees.read(text_of(booster), NAMES)


def test_the_compiled_module_refuses_arrays_that_do_not_fit():
    trees = Trees.read(text_of(grown(3)), NAMES)
    rows, sums = np.zeros((4, len(NAMES))), np.zeros(4)
    for arrays in (
        (trees.nodes, trees.roots, trees.values, rows, np.zeros(5)),
        (trees.nodes, trees.roots, trees.values, rows.ravel(), sums),
        (trees.nodes, trees.roots, trees.values, rows.astype(np.float32), sums),
        (trees.nodes, trees.roots.astype(np.int64), trees.values, rows, sums),
        (trees.values, trees.roots, trees.values, rows, sums),
    ):
        with pytest.raises(ValueError, match=r"array|features"):
            _trees.add(*arrays)
