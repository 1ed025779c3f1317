"""Nothing of the test period reaches what models learn from, whatever happens in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import columns as col
from data.city.generate import generate
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from models.base import TrainingData
from models.preparation import prepare, usual

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """60 restaurants, 200 diners, 8 days."""
    path = tmp_path_factory.mktemp("towns") / "town"
    generate(path, restaurants=60, diners=200, days=8, markets=1, seed=5)
    return Dataset.open(path)


def rewritten(dataset: Dataset, out: Path, change: Change, since: pd.Timestamp, until: pd.Timestamp) -> Dataset:
    """The dataset with its events in [since, until) changed."""
    events = dataset.events()
    chosen = (events[col.AT] >= since) & (events[col.AT] < until)
    changed = change(events[chosen], np.random.default_rng(1))
    with writing(out) as writer:
        writer.append(Table.RESTAURANTS, dataset.restaurants())
        writer.append(Table.DINERS, dataset.diners())
        writer.append(Table.EVENTS, pd.concat([events[~chosen & (events[col.AT] < since)], changed]))
        if (events[col.AT] >= until).any():
            writer.append(Table.EVENTS, events[events[col.AT] >= until])
        writer.finish(dataset.manifest)
    return Dataset.open(out)


def permuted(future: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return future.iloc[rng.permutation(len(future))]


def elsewhere(future: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Everybody goes to another restaurant, most to one that was nothing special before."""
    places = rng.permutation(future[col.RESTAURANT_ID].to_numpy(dtype=object))
    places[: len(places) // 2] = places[0]
    return future.assign(**{col.RESTAURANT_ID: pd.Series(places, index=future.index, dtype="str")})


def by_others(future: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    users = rng.permutation(future[col.USER_ID].to_numpy(dtype=object))
    return future.assign(**{col.USER_ID: pd.Series(users, index=future.index, dtype="str")})


def twice(future: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    copies = future[future[col.TYPE] == EventType.ORDER]
    return pd.concat([future, copies.assign(**{col.EVENT_ID: "again-" + copies[col.EVENT_ID]})])


def five_stars(future: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return future.assign(**{col.VALUE: np.float32(5.0)})


def arrays_of(data: TrainingData) -> Iterator[tuple[str, object]]:
    """All that a model could learn from. The snapshot names the whole file, so it differs, and no model reads it."""
    acts = data.interactions
    for name in ("market", "diner_ids", "restaurant_ids", "districts"):
        yield name, getattr(data, name)
    for name in ("diner_districts", "restaurant_districts"):
        yield name, getattr(data, name).tobytes()
    for name in ("diners", "restaurants", "weights", "ages_days"):
        yield name, getattr(acts, name).tobytes()
    for side in ("diner_features", "restaurant_features"):
        table = getattr(data, side)
        yield side, (table.names, *(getattr(table.matrix, part).tobytes() for part in ("data", "indices", "indptr")))


def cut_of(dataset: Dataset) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """Start of the validation, start and end of the test period, as `prepare` draws them."""
    prepared = prepare(dataset, dataset.markets[0], 0, usual(dataset))
    at = prepared.log[col.AT]
    validation, test = (at[mask].min().floor("D") for mask in (prepared.split.validation, prepared.split.test))
    return validation, test, at.max().floor("D") + pd.Timedelta(days=1)


@pytest.mark.parametrize("change", [permuted, elsewhere, by_others, twice, five_stars])
@pytest.mark.parametrize("period", ["test", "validation and test"])
def test_training_data_is_blind_to_the_future(town, tmp_path, change, period):
    validation, test, end = cut_of(town)
    since = test if period == "test" else validation
    other = rewritten(town, tmp_path / "other", change, since, end)
    market = town.markets[0]
    before, after = (prepare(each, market, 0, usual(each)) for each in (town, other))
    assert dict(arrays_of(before.data)) == dict(arrays_of(after.data))
    if change in (elsewhere, by_others):  # the future did change
        changed = before.question.relevant.shape != after.question.relevant.shape
        assert changed or (before.question.relevant != after.question.relevant).nnz


def test_training_data_does_see_the_past(town, tmp_path):
    """The test above can fail: the same change before the cut shows."""
    validation, _, _ = cut_of(town)
    start = validation - pd.Timedelta(days=1)
    other = rewritten(town, tmp_path / "other", elsewhere, start, validation)
    before, after = (prepare(each, town.markets[0], 0, usual(each)).data for each in (town, other))
    assert dict(arrays_of(before)) != dict(arrays_of(after))


def test_the_periods_follow_each_other(town):
    prepared = prepare(town, town.markets[0], 0, usual(town))
    at = prepared.log[col.AT]
    assert at[prepared.split.train].max() < at[prepared.split.validation].min()
    assert at[prepared.split.validation].max() < at[prepared.split.test].min()
    assert prepared.split.test.sum() > 20
