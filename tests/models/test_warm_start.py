"""Beginning where another fit stood."""

from dataclasses import replace

import numpy as np
import pytest
from tastes import market_of_tastes

from data.dataset import Dataset
from models.base import Interactions, Model, StartsWarm, TrainingData
from models.ladder import make
from models.pipeline import train

SMALL = {"lightfm": {"components": 8, "epochs": 15}, "ials": {"components": 8, "epochs": 8}}


def without_some(data: TrainingData) -> TrainingData:
    acts, kept = data.interactions, np.random.default_rng(1).random(len(data.interactions.diners)) < 0.9
    return replace(
        data,
        interactions=Interactions(acts.diners[kept], acts.restaurants[kept], acts.weights[kept], acts.ages_days[kept]),
    )


def likelihood(model: Model, data: TrainingData) -> float:
    """How high what was chosen stands among all, on average: 1 is best."""
    scores = model.score(np.arange(len(data.diner_ids), dtype=np.int32))
    ranks = (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    acts = data.interactions
    return 1.0 - float(ranks[acts.diners, acts.restaurants].mean()) / len(data.restaurant_ids)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_one_round_from_a_start_is_worth_more_than_one_from_nothing(name):
    data = market_of_tastes()
    start = make(name, **SMALL[name]).fit(without_some(data))
    rows = (np.arange(len(data.diner_ids), dtype=np.int32), np.arange(len(data.restaurant_ids), dtype=np.int32))
    once = {"components": 8, "epochs": 1, "warm_epochs": 1}
    warm = make(name, **once)
    assert isinstance(warm, StartsWarm)
    warm.fit_from(data, start, *rows)
    assert likelihood(warm, data) > likelihood(make(name, **once).fit(data), data) + 0.02


@pytest.mark.parametrize("name", sorted(SMALL))
def test_rows_find_their_start_in_another_order_and_new_ones_begin_anew(name):
    """A start whose rows lie the other way round, one diner missing, gives the same as one in order."""
    data = market_of_tastes()
    start = make(name, **SMALL[name]).fit(data)
    n, m = len(data.diner_ids), len(data.restaurant_ids)
    turned = type(start).restore(
        start.parameters(),
        {
            key: np.ascontiguousarray(array[::-1]) if key.endswith(("_vectors", "_biases")) else array
            for key, array in start.arrays().items()
        },
    )
    forwards, backwards = (np.arange(size, dtype=np.int32) for size in (n, m)), ()
    backwards = tuple(np.arange(size, dtype=np.int32)[::-1].copy() for size in (n, m))
    ours, theirs = make(name, **SMALL[name]), make(name, **SMALL[name])
    assert isinstance(ours, StartsWarm)
    assert isinstance(theirs, StartsWarm)
    diners, restaurants = forwards
    diners[5], backwards[0][5] = -1, -1
    ours.fit_from(data, start, diners, restaurants)
    theirs.fit_from(data, turned, *backwards)
    np.testing.assert_allclose(ours.diners().vectors, theirs.diners().vectors, rtol=1e-5, atol=1e-6)
    assert np.isfinite(ours.diners().vectors).all()


def test_a_start_of_another_kind_is_none():
    data = market_of_tastes()
    rows = (np.arange(len(data.diner_ids), dtype=np.int32), np.arange(len(data.restaurant_ids), dtype=np.int32))
    cold = make("lightfm", **SMALL["lightfm"]).fit(data)
    for other in (make("lightfm", components=4, epochs=1), make("popular")):
        model = make("lightfm", **SMALL["lightfm"])
        assert isinstance(model, StartsWarm)
        model.fit_from(data, other.fit(data), *rows)
        assert model.diners().vectors.tobytes() == cold.diners().vectors.tobytes()


def test_a_version_can_begin_from_another_and_is_measured_as_if_it_had_not(town: Dataset, tmp_path):
    [market] = town.markets
    few = {"components": 6, "epochs": 4, "warm_epochs": 1}
    first = train(town, market, "lightfm", tmp_path, parameters=few)
    second = train(town, market, "lightfm", tmp_path, parameters=few, warm_start=first)
    assert second.version != first.version
    assert second.manifest.metrics["models"] == first.manifest.metrics["models"]
    other = train(town, market, "popular", tmp_path, warm_start=first)
    assert other.version == train(town, market, "popular", tmp_path).version
