"""Shortcuts: what is planted is there until its day and not afterwards, all else is as it was, and the log is valid."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import columns as col
from data.city.generate import generate
from data.city.shortcuts import (
    BADGE,
    Afterwards,
    Kind,
    afterwards,
    end_of_learning,
    load,
    main,
    plant,
    write_afterwards,
)
from data.columns import EventType
from data.dataset import Dataset, DatasetError
from data.quality import validate


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two markets over ten days."""
    path: Path = tmp_path_factory.mktemp("shortcuts") / "clean"
    generate(path, restaurants=50, diners=150, days=10, markets=2, seed=3)
    return Dataset.open(path)


@pytest.fixture(scope="module", params=list(Kind))
def planted(request: pytest.FixtureRequest, towns: Dataset) -> tuple[Kind, Dataset]:
    path = towns.path.with_name(str(request.param))
    plant(towns, path, request.param, seed=1)
    return request.param, Dataset.open(path)


def orders(dataset: Dataset, market: str, chosen: tuple[str, ...], until: pd.Timestamp) -> tuple[float, float]:
    """Share of some restaurants in a market's orders before and after a time."""
    log = dataset.events(market, [EventType.ORDER])
    has, early = log[col.RESTAURANT_ID].isin(chosen), log[col.AT] < until
    return float(has[early].mean()), float(has[~early].mean())


def test_a_planted_dataset_is_valid(planted: tuple[Kind, Dataset]) -> None:
    report = validate(planted[1])
    assert report.ok
    assert not report.warnings


def test_the_truth_names_what_is_in_the_tables(planted: tuple[Kind, Dataset]) -> None:
    kind, dataset = planted
    market = dataset.markets[0]
    truth, restaurants = load(dataset.path, market), dataset.restaurants(market)
    assert truth.kind is kind
    if kind is Kind.TAG:
        has = restaurants[[BADGE in tags for tags in restaurants[col.TAGS]]]
        assert truth.feature == BADGE
    else:
        has = restaurants[restaurants[col.DISTRICT] == truth.feature.removeprefix("district=")]
    assert tuple(has[col.RESTAURANT_ID]) == truth.restaurants
    assert truth.changed > 0 or kind is Kind.TAG


def test_the_badge_is_on_those_with_the_most_orders_until_the_day(towns: Dataset) -> None:
    truth = plant(towns, towns.path.with_name("badge"), Kind.TAG)
    log = towns.events(truth.market, [EventType.ORDER])
    until = pd.Timestamp(truth.until)
    assert until == end_of_learning(log[col.AT])
    counts = log[log[col.AT] < until][col.RESTAURANT_ID].value_counts()
    ids = towns.restaurants(truth.market)[col.RESTAURANT_ID]
    others = counts.reindex(ids.to_numpy(), fill_value=0).drop(list(truth.restaurants))
    assert counts.reindex(list(truth.restaurants)).min() >= others.max()
    assert len(truth.restaurants) == round(len(ids) / 3)


def test_the_district_has_more_orders_until_the_day_and_its_own_afterwards(towns: Dataset) -> None:
    path = towns.path.with_name("lifted")
    truth = plant(towns, path, Kind.DISTRICT)
    dataset, until = Dataset.open(path), pd.Timestamp(truth.until)
    before, after = orders(towns, truth.market, truth.restaurants, until)
    lifted, same = orders(dataset, truth.market, truth.restaurants, until)
    assert same == after
    log = towns.events(truth.market, [EventType.ORDER], until=until)
    assert lifted - before == pytest.approx(truth.changed / len(log))
    assert truth.changed / len(log) == pytest.approx(0.15, abs=0.05)


def test_nothing_else_changes(planted: tuple[Kind, Dataset], towns: Dataset) -> None:
    kind, dataset = planted
    truth = load(dataset.path, dataset.markets[0])
    pd.testing.assert_frame_equal(dataset.diners(), towns.diners())
    pd.testing.assert_frame_equal(dataset.campaigns(), towns.campaigns())
    other = towns.markets[1]
    pd.testing.assert_frame_equal(dataset.events(other), towns.events(other))
    pd.testing.assert_frame_equal(dataset.restaurants(other), towns.restaurants(other))
    ours, theirs = dataset.events(truth.market), towns.events(truth.market)
    kept = [name for name in ours.columns if name != col.RESTAURANT_ID]
    pd.testing.assert_frame_equal(ours[kept], theirs[kept])
    moved = ours[col.RESTAURANT_ID] != theirs[col.RESTAURANT_ID]
    assert (ours[moved][col.RESTAURANT_ID].isin(truth.restaurants)).all()
    assert (ours[moved & (ours[col.TYPE] == EventType.ORDER)][col.AT] < pd.Timestamp(truth.until)).all()
    assert bool(moved.any()) is (kind is Kind.DISTRICT)


def test_the_same_seed_plants_the_same(planted: tuple[Kind, Dataset], towns: Dataset, tmp_path: Path) -> None:
    kind, dataset = planted
    plant(towns, tmp_path / "again", kind, seed=1)
    assert Dataset.open(tmp_path / "again").snapshot == dataset.snapshot
    if kind is Kind.DISTRICT:
        plant(towns, tmp_path / "other", kind, seed=2)
        assert Dataset.open(tmp_path / "other").snapshot != dataset.snapshot


@pytest.mark.parametrize("badge", list(Afterwards))
def test_the_badge_is_gone_or_elsewhere_afterwards(towns: Dataset, tmp_path: Path, badge: Afterwards) -> None:
    truth = plant(towns, tmp_path / "badge", Kind.TAG)
    write_afterwards(Dataset.open(tmp_path / "badge"), tmp_path / "later", 4, badge)
    later = Dataset.open(tmp_path / "later").restaurants(truth.market)
    has = np.asarray([BADGE in tags for tags in later[col.TAGS]])
    still = later[has][col.RESTAURANT_ID].isin(truth.restaurants).sum()
    assert has.sum() == (0 if badge is Afterwards.GONE else len(truth.restaurants))
    assert still < 0.7 * len(truth.restaurants)


def test_an_honest_catalogue_changes_a_little(towns: Dataset) -> None:
    before = towns.restaurants()
    after = afterwards(before, 4, edited=0.2)
    changed = np.asarray([list(a) != list(b) for a, b in zip(before[col.TAGS], after[col.TAGS], strict=True)])
    assert 0.0 < changed.mean() < 0.5
    assert (after[col.PRICE_LEVEL] >= before[col.PRICE_LEVEL]).all()
    assert after[col.PRICE_LEVEL].max() <= 4
    unchanged = afterwards(before, 4, edited=0.0)
    assert [list(tags) for tags in unchanged[col.TAGS]] == [list(tags) for tags in before[col.TAGS]]


def test_a_log_that_is_too_short_is_refused(tmp_path: Path) -> None:
    generate(tmp_path / "short", restaurants=20, diners=50, days=2, markets=1, seed=1)
    with pytest.raises(DatasetError, match="four days"):
        plant(Dataset.open(tmp_path / "short"), tmp_path / "out", Kind.TAG)


def test_a_clean_dataset_has_no_shortcut_to_load(towns: Dataset) -> None:
    with pytest.raises(DatasetError, match="no shortcut was planted"):
        load(towns.path, towns.markets[0])


def test_the_command_says_what_it_planted(towns: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, later = tmp_path / "out", tmp_path / "later"
    assert main([str(towns.path), "--kind", "tag", "--out", str(out), "--later", str(later)]) == 0
    assert BADGE in capsys.readouterr().out
    market = towns.markets[0]
    assert json.loads((out / "truth" / f"{market}.shortcut.json").read_text())["feature"] == BADGE
    assert (out / "truth" / f"{market}.json").exists()
    assert Dataset.open(later).restaurants(market)[col.TAGS].map(lambda tags: BADGE in tags).sum() == 0
