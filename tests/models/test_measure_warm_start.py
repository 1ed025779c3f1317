"""Cold and warm fits side by side, on a city small enough for a test."""

import pytest

from data.dataset import Dataset
from models.base import ModelError
from models.ground import Ground
from models.measure_warm_start import lines, measure


def test_both_ways_are_asked_the_same_and_differ(town: Dataset) -> None:
    found = measure(Ground(town, town.markets[0]), ["ials"], [1, 3])

    assert set(found["ials"]) == {"cold", "warm"}
    assert found["ials"]["cold"][0] != found["ials"]["warm"][0]
    assert all(one["low"] <= one["value"] <= one["high"] for way in found["ials"].values() for one in way)
    assert "ials, warm" in next(iter(lines(found, [1, 3])))


def test_a_model_that_cannot_begin_from_another_is_named(town: Dataset) -> None:
    with pytest.raises(ModelError, match="ease"):
        measure(Ground(town, town.markets[0]), ["ease"], [1])
