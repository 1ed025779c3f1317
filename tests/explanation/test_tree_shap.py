"""TreeSHAP against LightGBM's own, and against the sum over all coalitions."""

import itertools
import math

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import ModelError
from models.explanation.tree_shap import TreeShap
from models.second_stage.trees import Trees

NAMES = tuple("abcdef")
SEEDS = st.integers(0, 2**31 - 1)


def grown(seed: int, leaves: int = 7, rounds: int = 9, rows: int = 400) -> lightgbm.Booster:
    rng = np.random.default_rng(seed)
    features = np.round(rng.normal(size=(rows, len(NAMES))), 1)  # rows that lie on a threshold
    target = np.sin(2 * features[:, 0]) + features[:, 1] * features[:, 2] + rng.normal(size=rows)
    given = {"objective": "regression", "num_leaves": leaves, "min_data_in_leaf": 3, "use_missing": False}
    quiet = {"verbose": -1, "num_threads": 1, "seed": seed}
    return lightgbm.train(given | quiet, lightgbm.Dataset(features, target, feature_name=list(NAMES)), rounds)


def read(booster: lightgbm.Booster) -> Trees:
    return Trees.read(booster.model_to_string().encode(), NAMES)


def asked(seed: int, rows: int) -> np.ndarray:
    return np.round(np.random.default_rng(seed + 1).normal(size=(rows, len(NAMES))), 1)


@given(SEEDS, st.integers(2, 60), st.integers(1, 30), st.integers(1, 70))
def test_values_are_those_of_the_library(seed: int, leaves: int, rounds: int, rows: int) -> None:
    booster = grown(seed, leaves, rounds)
    shap = TreeShap.of(read(booster))
    features = asked(seed, rows)
    expected = booster.predict(features, pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(shap.values_of(features), expected[:, :-1], rtol=0, atol=1e-9)
    assert shap.expected == pytest.approx(expected[0, -1], rel=0, abs=1e-9)


@given(SEEDS, st.integers(2, 60), st.integers(1, 30))
def test_they_sum_to_what_the_trees_add(seed: int, leaves: int, rounds: int) -> None:
    trees = read(grown(seed, leaves, rounds))
    shap, features = TreeShap.of(trees), asked(seed, 20)
    np.testing.assert_allclose(
        shap.values_of(features).sum(axis=1) + shap.expected, trees.sums(features), rtol=0, atol=1e-10
    )


def test_a_row_at_a_threshold_goes_where_the_trees_send_it():
    booster = grown(6, leaves=20)
    trees = read(booster)
    thresholds = trees.nodes["threshold"]
    # Where training had zeros a threshold is 1e-35, and the library takes a feature as small as that for 0.
    thresholds = np.where(np.abs(thresholds) < 1e-30, 0.0, thresholds)
    at_thresholds = np.random.default_rng(6).choice(thresholds, (200, len(NAMES)))
    shap = TreeShap.of(trees)
    expected = booster.predict(at_thresholds, pred_contrib=True, num_threads=1)[:, :-1]
    np.testing.assert_allclose(shap.values_of(at_thresholds), expected, rtol=0, atol=1e-9)


def worth(trees: Trees, booster: lightgbm.Booster, row: np.ndarray, present: set[int]) -> float:
    """A tree where absent features go both ways, read from the library's own table of nodes."""
    total = 0.0
    for tree in booster.dump_model()["tree_info"]:
        stack = [(tree["tree_structure"], 1.0)]
        while stack:
            node, share = stack.pop()
            if "leaf_value" in node:
                total += share * node["leaf_value"]
                continue
            children = (node["left_child"], node["right_child"])
            if node["split_feature"] in present:
                stack.append((children[0 if row[node["split_feature"]] <= node["threshold"] else 1], share))
                continue
            for child in children:
                count = child["leaf_count"] if "leaf_value" in child else child["internal_count"]
                stack.append((child, share * count / node["internal_count"]))
    return total


@pytest.mark.parametrize("seed", range(4))
def test_they_are_the_sum_over_all_coalitions(seed: int) -> None:
    booster = grown(seed, leaves=6, rounds=3)
    trees, row, n = read(booster), asked(seed, 1), len(NAMES)
    expected = np.zeros(n)
    for one in range(n):
        others = [other for other in range(n) if other != one]
        for count in range(n):
            weight = math.factorial(count) * math.factorial(n - count - 1) / math.factorial(n)
            for chosen in itertools.combinations(others, count):
                with_it = worth(trees, booster, row[0], {*chosen, one})
                expected[one] += weight * (with_it - worth(trees, booster, row[0], set(chosen)))
    np.testing.assert_allclose(TreeShap.of(trees).values_of(row)[0], expected, rtol=0, atol=1e-12)


def test_a_feature_that_no_tree_looks_at_has_no_share():
    booster = grown(3, leaves=2, rounds=1)
    used = booster.dump_model()["tree_info"][0]["tree_structure"]["split_feature"]
    values = TreeShap.of(read(booster)).values_of(asked(3, 9))
    assert values[:, used].all()
    assert not np.delete(values, used, axis=1).any()


def test_trees_without_a_split_are_all_expectation():
    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rng.normal(size=(50, len(NAMES))), np.full(50, 3.25), feature_name=list(NAMES))
    trees = read(lightgbm.train({"objective": "regression", "verbose": -1, "use_missing": False}, data, 3))
    shap = TreeShap.of(trees)
    assert not shap.values_of(asked(0, 2)).any()
    assert shap.expected == trees.sums(asked(0, 1))[0]


def test_what_does_not_fit_is_refused():
    booster = grown(1)
    with pytest.raises(ValueError, match=r"take \(rows, 6\) features"):
        TreeShap.of(read(booster)).values_of(np.zeros((2, 5)))
    text = booster.model_to_string().replace("internal_count=", "internal_counts=").encode()
    with pytest.raises(ModelError, match="how many rows"):
        TreeShap.of(Trees.read(text, NAMES))
