"""Attributions of 10,000 random cases of every model sum to what is served, to a millionth."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from models.explanation.measure import COMPLETE, PAIRS, measure, trees
from models.explanation.tree_shap import TreeShap
from models.ground import Ground
from models.ladder import LADDER, make
from models.second_stage.stage import second_stage_of
from models.testing import sample_data
from tests.conftest import SmallCity

SMALL = {"ials": {"components": 8}}
TAKEN_APART = [name for name in LADDER if name != "random"]


@pytest.mark.parametrize("name", TAKEN_APART)
def test_a_few_pairs_are_complete(name: str) -> None:
    found = measure(make(name, **SMALL.get(name, {})).fit(sample_data()), 300, 0)
    assert found is not None
    assert (found["complete"], found["greatest"] <= COMPLETE) == (1.0, True)


def test_what_is_not_taken_apart_is_not_measured() -> None:
    assert measure(make("random").fit(sample_data()), 300, 0) is None


@pytest.mark.long
@pytest.mark.parametrize("name", TAKEN_APART)
def test_ten_thousand_pairs_are_complete(name: str, small_city: SmallCity) -> None:
    ground = Ground(Dataset.open(small_city.dataset), small_city.market)
    model = make(name, **ground.parameters(name, {})).fit(ground.train_period([name]))
    with threadpool_limits(1, "blas"):
        found = measure(model, PAIRS, 0)
    assert found is not None
    assert (found["complete"], found["greatest"] <= COMPLETE) == (1.0, True)
    stage = second_stage_of(model)
    assert (stage is None) == (name != "lightfm+lambdamart")
    if stage is not None:
        rng = np.random.default_rng(0)
        rows = rng.choice(stage.trees.nodes["threshold"], (PAIRS, stage.trees.width))
        shap = TreeShap.of(stage.trees)
        sums = stage.trees.sums(rows)
        assert np.abs(shap.values_of(rows).sum(axis=1) + shap.expected - sums).max() <= COMPLETE * np.abs(sums).mean()
        assert trees(stage, 0)["apart"] <= 1e-9
