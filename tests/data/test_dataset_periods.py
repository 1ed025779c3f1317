"""Reading a period of the log."""

from pathlib import Path

import pandas as pd
import pytest

from data import columns as col
from data.city.generate import generate
from data.columns import EventType
from data.dataset import Dataset


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path: Path = tmp_path_factory.mktemp("towns") / "town"
    generate(path, restaurants=20, diners=50, days=4, markets=1, seed=2)
    return Dataset.open(path)


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(town: Dataset) -> None:
    everything = town.events()
    moments = everything[col.AT].sort_values()
    since, until = moments.iloc[len(moments) // 4], moments.iloc[len(moments) // 2]
    expected = everything[(everything[col.AT] >= since) & (everything[col.AT] < until)]
    found = town.events(since=since, until=until)
    pd.testing.assert_frame_equal(found, expected.reset_index(drop=True))
    assert since in set(found[col.AT])
    assert until not in set(found[col.AT])


def test_periods_side_by_side_are_the_whole_log(town: Dataset) -> None:
    middle = pd.Timestamp(town.events()[col.AT].median())
    parts = [town.events(until=middle), town.events(since=middle)]
    assert sum(len(part) for part in parts) == len(town.events())


def test_a_period_goes_with_types_and_columns(town: Dataset) -> None:
    middle = pd.Timestamp(town.events()[col.AT].median())
    found = town.events(town.markets[0], [EventType.ORDER], [col.USER_ID, col.AT], since=middle)
    assert list(found.columns) == [col.USER_ID, col.AT]
    orders = town.events(types=[EventType.ORDER])
    assert 0 < len(found) == int((orders[col.AT] >= middle).sum())
