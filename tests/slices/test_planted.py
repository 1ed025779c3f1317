"""A cuisine whose labels are noise in one district: what is planted, and that it is found in a city."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import columns as col
from data.city.generate import generate
from data.city.noisy_labels import Noise, NoisyLabels, plant, plantable
from data.dataset import Dataset, DatasetError
from data.quality import validate
from models.slices.measure import look
from models.slices.search import Correction
from models.slices.shown import surprise


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("noise") / "city"
    generate(path, restaurants=80, diners=400, days=6, markets=2, seed=3)
    return Dataset.open(path)


def chosen(city: Dataset, noise: Noise) -> NoisyLabels:
    market = city.markets[0]
    shown = city.events(market, columns=(col.TYPE, col.RESTAURANT_ID))
    places = plantable(city.restaurants(market), shown[shown[col.TYPE] == "impression"][col.RESTAURANT_ID], 200)
    return NoisyLabels(market, *places[0], noise)


def rates(dataset: Dataset, where: NoisyLabels) -> tuple[float, float]:
    """Clicks an impression of the slice, and of all others."""
    events, places = dataset.events(where.market), dataset.restaurants(where.market)
    serves = places[col.CUISINES].map(lambda names: where.cuisine in list(names)).to_numpy(bool)
    theirs = places[col.RESTAURANT_ID][serves & (places[col.DISTRICT] == where.district).to_numpy()]
    inside = events[col.RESTAURANT_ID].isin(theirs)
    click, shown = events[col.TYPE] == "click", events[col.TYPE] == "impression"
    return (click & inside).sum() / (shown & inside).sum(), (click & ~inside).sum() / (shown & ~inside).sum()


@pytest.mark.parametrize("noise", Noise)
def test_only_the_labels_of_the_slice_are_noise(city: Dataset, tmp_path: Path, noise: Noise) -> None:
    where = chosen(city, noise)
    bad = plant(city, tmp_path / "bad", where, seed=1)
    (own, others), (was, before) = rates(bad, where), rates(city, where)
    assert others == before
    assert own == pytest.approx(was if noise is Noise.EXCHANGED else 0.5, abs=0.06)
    assert NoisyLabels.of(bad) == (where,)
    assert NoisyLabels.of(city) == ()
    pd.testing.assert_frame_equal(bad.events(city.markets[1]), city.events(city.markets[1]))
    pd.testing.assert_frame_equal(bad.diners(), city.diners())
    at = bad.events(where.market)[col.AT]
    assert at.is_monotonic_increasing
    assert validate(bad).ok
    assert plant(city, tmp_path / "again", where, seed=1).snapshot == bad.snapshot
    assert plant(city, tmp_path / "other", where, seed=2).snapshot != bad.snapshot


def test_noise_where_there_is_nobody_is_refused(city: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no martian in Nowhere"):
        plant(city, tmp_path / "bad", NoisyLabels(city.markets[0], "martian", "Nowhere"), 1)


def test_a_model_that_is_right_is_not_surprised_on_average() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(1.0, 10.0, 200_000)
    losses = surprise(p, rng.random(len(p)) < p)
    assert abs(losses.mean()) < 4.0 * losses.std() / np.sqrt(len(p))
    noise = surprise(p, rng.random(len(p)) < p.mean())
    assert noise.mean() > 10.0 * noise.std() / np.sqrt(len(p))


def test_the_planted_slice_is_first_in_a_city_and_nothing_is_found_where_the_model_is_right() -> None:
    found = look(1, diners=2_000)
    assert found.ranks[Correction.BY] == 1
    assert found.false[Correction.BY] == 0


@pytest.mark.long
def test_the_planted_slice_is_first_in_most_cities() -> None:
    looks = [look(seed) for seed in range(20)]
    assert sum(one.ranks[Correction.BY] == 1 for one in looks) >= 18
    assert sum(one.false[Correction.BY] > 0 for one in looks) <= 1
