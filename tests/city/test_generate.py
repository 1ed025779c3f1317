"""The generated dataset: the same bytes for the same arguments, valid tables, and a log that is true to its rules."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from data import columns as col
from data.city.choice import travel
from data.city.context import FIRST_DAY, day_start, rainy_days, visit_probabilities, visit_seconds
from data.city.generate import generate
from data.city.log import numbered
from data.city.logging_policy import conditional_propensities
from data.city.memory import Memory
from data.city.parameters import CityParameters
from data.city.truth import load
from data.city.vocabulary import CUISINES, DAYPART_SHARES, KINDS, MARKETS, district_name, market_name
from data.columns import EventType, Table
from data.dataset import Dataset, DatasetError
from data.hours import WeeklyHours, minute_of_week
from data.schemas import SCHEMAS

TINY = {"restaurants": 30, "diners": 80, "days": 3, "markets": 1, "seed": 5}


def contents(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def test_the_same_call_in_another_process_writes_the_same_bytes(tmp_path):
    generate(tmp_path / "here", **TINY)
    script = f"from pathlib import Path; from data.city.generate import generate; generate(Path('there'), **{TINY})"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "123", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env=environment)
    here = contents(tmp_path / "here")
    assert {"dataset.json", "events.parquet", "truth/aldermoor.safetensors"} <= set(here)
    assert here == contents(tmp_path / "there")


def test_another_seed_is_another_city(tmp_path):
    generate(tmp_path / "a", **TINY)
    generate(tmp_path / "b", **{**TINY, "seed": 6})
    assert Dataset.open(tmp_path / "a").snapshot != Dataset.open(tmp_path / "b").snapshot


def test_a_market_is_the_same_beside_any_number_of_others(tmp_path):
    generate(tmp_path / "one", **TINY)
    generate(tmp_path / "three", **{**TINY, "markets": 3})
    one, three = (Dataset.open(tmp_path / name) for name in ("one", "three"))
    assert three.markets == ("aldermoor", "brackwater", "corvenna")
    pd.testing.assert_frame_equal(one.restaurants(), three.restaurants("aldermoor"))
    pd.testing.assert_frame_equal(one.diners(), three.diners("aldermoor"))
    pd.testing.assert_frame_equal(one.events(), three.events("aldermoor"))
    truth = Path("truth/aldermoor.safetensors")
    assert (one.path / truth).read_bytes() == (three.path / truth).read_bytes()
    assert not three.restaurants("brackwater")[col.NAME].equals(three.restaurants("aldermoor")[col.NAME])


@pytest.mark.parametrize("table", [Table.RESTAURANTS, Table.DINERS, Table.EVENTS])
def test_the_tables_fulfil_their_schemas(small_dataset, table):
    frame = getattr(small_dataset, table.value)()
    assert len(frame) > 0
    SCHEMAS[table].validate(frame)


def test_the_manifest_says_what_was_asked_for(small_dataset):
    manifest = small_dataset.manifest
    assert (manifest.source, manifest.repeats, manifest.has_times) == ("synthetic", True, True)
    assert manifest.parameters["seed"] == 3
    assert CityParameters.model_validate(manifest.parameters["city"]) == CityParameters()
    assert (manifest.markets[0].time_zone, manifest.markets[0].currency) == ("Europe/London", "GBP")
    assert len(small_dataset.restaurants("brackwater")) == 80
    assert len(small_dataset.diners("brackwater")) == 500


def test_ids_are_unique_over_all_markets(small_dataset):
    assert small_dataset.restaurants()[col.RESTAURANT_ID].is_unique
    assert small_dataset.diners()[col.USER_ID].is_unique
    events = small_dataset.events()
    assert events[col.EVENT_ID].is_unique
    assert events.groupby(col.REQUEST_ID)[col.MARKET].nunique().eq(1).all()
    assert small_dataset.restaurants()[col.RESTAURANT_ID].iloc[0] == "r0-00001"
    assert small_dataset.diners("brackwater")[col.USER_ID].iloc[0] == "d1-000001"


def test_nothing_is_clicked_or_ordered_that_was_not_shown_and_every_order_was_clicked(small_dataset):
    events = small_dataset.events()
    key = [col.REQUEST_ID, col.USER_ID, col.RESTAURANT_ID]
    shown, clicked, ordered, rated, dismissed = (
        pd.MultiIndex.from_frame(events.loc[events[col.TYPE] == kind, key])
        for kind in (EventType.IMPRESSION, EventType.CLICK, EventType.ORDER, EventType.RATING, EventType.DISMISS)
    )
    assert min(len(clicked), len(ordered), len(rated), len(dismissed)) > 0
    assert clicked.isin(shown).all()
    assert dismissed.isin(shown).all()
    assert not dismissed.isin(clicked).any()
    assert ordered.isin(clicked).all()
    assert rated.isin(ordered).all()
    orders = events[events[col.TYPE] == EventType.ORDER]
    assert orders[col.REQUEST_ID].is_unique
    assert orders[col.ORDER_ID].is_unique
    assert (orders[col.VALUE] > 0).all()


def test_ratings_follow_their_orders_and_the_log_is_in_time_order(small_dataset):
    events = small_dataset.events("aldermoor")
    assert events[col.AT].is_monotonic_increasing
    orders, ratings = (events[events[col.TYPE] == kind] for kind in (EventType.ORDER, EventType.RATING))
    pairs = ratings.merge(orders, on=col.ORDER_ID, suffixes=("", "_ordered"))
    assert len(pairs) == len(ratings)
    assert (pairs[col.AT] > pairs[f"{col.AT}_ordered"]).all()
    assert set(ratings[col.VALUE]) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert events[col.AT].min() >= pd.Timestamp(day_start(0, "Europe/London"))
    assert events[col.AT].max() < pd.Timestamp(day_start(9, "Europe/London"))


def test_a_list_has_positions_from_one_without_gaps_and_no_restaurant_twice(small_dataset):
    shown = small_dataset.events("aldermoor", [EventType.IMPRESSION])
    lists = shown.groupby(col.REQUEST_ID)
    assert (lists[col.POSITION].max() == lists.size()).all()
    assert not shown.duplicated([col.REQUEST_ID, col.POSITION]).any()
    assert not shown.duplicated([col.REQUEST_ID, col.RESTAURANT_ID]).any()
    assert shown[col.PROPENSITY].between(0, 1, inclusive="right").all()
    assert lists.size().max() == CityParameters().list_length
    others = small_dataset.events("aldermoor", [EventType.CLICK, EventType.ORDER])
    assert others[col.POSITION].isna().all()
    assert others[col.PROPENSITY].isna().all()


def test_only_open_restaurants_are_shown_and_newcomers_from_their_first_day_on(small_dataset):
    restaurants = small_dataset.restaurants("aldermoor")
    shown = small_dataset.events("aldermoor", [EventType.IMPRESSION])
    rows = pd.Index(restaurants[col.RESTAURANT_ID]).get_indexer(pd.Index(shown[col.RESTAURANT_ID]))
    opened = restaurants[col.OPENED_AT].to_numpy()[rows]
    assert (shown[col.AT].to_numpy() >= opened).all()
    start = pd.Timestamp(day_start(0, "Europe/London"))
    assert (restaurants[col.OPENED_AT] >= start).any()
    hours = WeeklyHours.pack(restaurants[col.HOURS].tolist())
    moments = shown[col.AT].dt.floor("60min")
    for moment, part in pd.Series(rows, index=shown.index).groupby(moments):
        assert hours.open_at(minute_of_week(moment.to_pydatetime(), "Europe/London"))[part.to_numpy()].all()


def test_each_day_is_a_row_group(small_dataset):
    file = pq.ParquetFile(small_dataset.file(Table.EVENTS))
    assert file.num_row_groups == 2 * 9


def test_the_first_days_propensities_can_be_recomputed_from_what_is_public(tmp_path):
    """Without a warm-up nothing was ordered before the first day: the policy is proximity alone."""
    parameters = CityParameters(warm_up_days=0, policy_temperature=0.7)
    generate(tmp_path / "city", **{**TINY, "days": 1}, parameters=parameters)
    dataset = Dataset.open(tmp_path / "city")
    truth = load(dataset.path, "aldermoor")
    shown = dataset.events(types=[EventType.IMPRESSION])
    hours = WeeklyHours.pack(dataset.restaurants()[col.HOURS].tolist())
    diners, restaurants = dataset.diners(), dataset.restaurants()
    cell_edge = parameters.radius_km * (30 / 1000) ** 0.35 / 8 / 111.195
    wide = cell_edge / np.cos(np.radians(diners[col.HOME_LAT].mean()))
    for _, part in shown.groupby(col.REQUEST_ID):
        diner = diners.set_index(col.USER_ID).loc[part[col.USER_ID].iloc[0]]
        lat, lon = ((np.floor(diner[c] / s) + 0.5) * s for c, s in ((col.HOME_LAT, cell_edge), (col.HOME_LON, wide)))
        minutes = travel(lat, lon, restaurants[col.LAT].to_numpy(), restaurants[col.LON].to_numpy())
        there = hours.open_at(minute_of_week(part[col.AT].iloc[0].to_pydatetime(), "Europe/London"))
        weights = np.exp(-minutes / 0.7) * there * (truth.restaurants.opened_day <= 0)
        slate = pd.Index(restaurants[col.RESTAURANT_ID]).get_indexer(pd.Index(part[col.RESTAURANT_ID]))
        expected = conditional_propensities(weights[None], slate[None])[0]
        np.testing.assert_allclose(part[col.PROPENSITY].to_numpy(), expected, rtol=1e-4)


def test_the_policy_does_not_know_tastes(tmp_path):
    """Until the first order is remembered, diners of any taste are shown the same lists."""
    shown = []
    for name, taste in (("bland", 0.0), ("keen", 3.0)):
        generate(tmp_path / name, **{**TINY, "days": 1}, parameters=CityParameters(warm_up_days=0, taste_sd=taste))
        events = Dataset.open(tmp_path / name).events(types=[EventType.IMPRESSION])
        shown.append(events[[col.REQUEST_ID, col.RESTAURANT_ID, col.POSITION, col.PROPENSITY]])
    pd.testing.assert_frame_equal(*shown)


def test_the_oracle_is_the_mean_utility_from_home(small_city, small_dataset):
    truth = load(small_city, "brackwater")
    utilities = truth.utilities(np.array([4, 0]), np.array([7, 2, 9]))
    assert utilities.shape == (2, 3)
    assert utilities.dtype == np.float32
    np.testing.assert_array_equal(utilities, truth.utilities(np.array([4, 0]))[:, [7, 2, 9]])
    p, who, what = truth.parameters, truth.diners, truth.restaurants
    minutes = travel(who.lat[4], who.lon[4], what.lat[7], what.lon[7])
    lasting = what.quality[7] + who.taste[4] @ what.style[7] - who.gamma[4] * minutes
    lasting -= who.price[4] * (what.log_price[7] - who.log_budget[4])
    fits = KINDS[CUISINES[what.cuisine[7]].kind].fits
    context = p.rain * p.rain_delivery * what.delivery[7] + p.daypart * np.dot(DAYPART_SHARES, fits)
    assert context != 0
    assert utilities[0, 0] == pytest.approx(lasting + context, rel=1e-5)
    np.testing.assert_array_equal(who.lat, small_dataset.diners("brackwater")[col.HOME_LAT])
    np.testing.assert_array_equal(what.lat, small_dataset.restaurants("brackwater")[col.LAT])
    assert truth.theta.shape == (p.list_length,)
    assert truth.rain.shape == (9,)
    assert truth.seed == 3


def test_the_oracle_ranks_what_is_ordered_far_above_chance(town):
    truth = load(town.path, "aldermoor")
    orders = town.events(types=[EventType.ORDER])
    diners = pd.Index(town.diners()[col.USER_ID]).get_indexer(pd.Index(orders[col.USER_ID]))
    restaurants = pd.Index(town.restaurants()[col.RESTAURANT_ID]).get_indexer(pd.Index(orders[col.RESTAURANT_ID]))
    utilities = truth.utilities(diners)
    ordered = utilities[np.arange(len(orders)), restaurants]
    percentile = (utilities < ordered[:, None]).mean(axis=1)
    assert percentile.mean() > 0.8
    # it is the diner's own taste, not quality alone: for another diner the same restaurants rank lower
    strangers = truth.utilities(np.roll(diners, 1))
    assert percentile.mean() > (strangers < strangers[np.arange(len(orders)), restaurants][:, None]).mean() + 0.05


def test_habit_and_the_policy_improve_the_oracles_forecast_of_orders(town):
    truth = load(town.path, "aldermoor")
    orders = town.events(types=[EventType.ORDER])
    diners = pd.Index(town.diners()[col.USER_ID]).get_indexer(pd.Index(orders[col.USER_ID]))
    restaurants = pd.Index(town.restaurants()[col.RESTAURANT_ID]).get_indexer(pd.Index(orders[col.RESTAURANT_ID]))
    earlier = np.arange(len(orders)) < 0.7 * len(orders)
    past = np.zeros((5_000, 300), np.int64)
    np.add.at(past, (diners[earlier], restaurants[earlier]), 1)
    later, ordered = diners[~earlier], restaurants[~earlier]
    forecasts = (
        truth.utilities(later),
        truth.utilities(later, past_orders=past[later]),
        truth.order_scores(later, past[later], past.sum(axis=0)),
    )
    rows = np.arange(later.size)
    found = [np.mean((scores > scores[rows, ordered][:, None]).sum(axis=1) < 10) for scores in forecasts]
    assert found[0] + 0.02 < found[1]
    assert found[1] + 0.02 < found[2]


def test_profiles_say_something_about_taste_and_not_all(town):
    truth = load(town.path, "aldermoor")
    restaurants = town.restaurants()
    liking = truth.diners.taste @ truth.restaurants.style.T
    lift = []
    for row, tags in enumerate(town.diners()[col.PROFILE].iloc[:1000]):
        liked = {tag.removeprefix("likes=") for tag in tags if tag.startswith("likes=")}
        mask = restaurants[col.CUISINES].map(lambda cuisines, liked=liked: cuisines[0] in liked).to_numpy()
        if mask.any():
            lift.append(liking[row, mask].mean() - liking[row].mean())
    assert len(lift) > 500
    assert 0.5 < np.mean(lift) < 3.0
    assert np.mean(np.array(lift) < 0) > 0.02


def test_a_truth_that_is_not_there_is_a_clear_error(small_city, tmp_path):
    with pytest.raises(DatasetError, match="no truth of the market 'nowhere'"):
        load(small_city, "nowhere")
    with pytest.raises(DatasetError, match="no truth"):
        load(tmp_path, "aldermoor")


@pytest.mark.parametrize("wrong", [{"restaurants": 0}, {"diners": 0}, {"days": 0}, {"markets": -1}, {"seed": -1}])
def test_impossible_sizes_are_refused_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        generate(tmp_path / "city", **{**TINY, **wrong})
    assert not (tmp_path / "city").exists()


@pytest.mark.parametrize("sizes", [{"restaurants": 1, "diners": 1, "days": 1}, {"restaurants": 3, "diners": 40}])
def test_the_smallest_cities_are_datasets_too(tmp_path, sizes):
    generate(tmp_path / "city", **{**TINY, **sizes})
    dataset = Dataset.open(tmp_path / "city")
    for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
        SCHEMAS[table].validate(getattr(dataset, table.value)())


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="no dataset"):
        generate(tmp_path, **TINY)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_progress_is_told_after_each_day(tmp_path):
    told = []
    generate(tmp_path / "c", **{**TINY, "markets": 2}, progress=lambda *step: told.append(step))
    assert told == [(market, day, 3) for market in ("aldermoor", "brackwater") for day in (1, 2, 3)]


def test_markets_beyond_the_invented_names_are_numbered():
    names = [market_name(index).market for index in range(len(MARKETS) + 3)]
    assert len(set(names)) == len(names)
    assert names[-1] == f"city-{len(names)}"
    assert len({district_name(index) for index in range(100)}) == 100


def test_days_begin_at_local_midnight_and_keep_local_hours_when_clocks_change():
    assert FIRST_DAY.weekday() == 0
    assert day_start(0, "America/New_York") == datetime(2026, 1, 5, 5, tzinfo=UTC)
    change = (datetime(2026, 3, 8) - datetime(2026, 1, 5)).days  # clocks go forward in New York
    noon = day_start(change, "America/New_York") + pd.Timedelta(hours=12)
    assert minute_of_week(noon, "America/New_York") == 6 * 1440 + 12 * 60


def test_weather_and_visits_have_the_means_that_are_asked_for():
    rng = np.random.default_rng(0)
    rain = rainy_days(rng, 40_000, 0.3, 0.5)
    assert rain.mean() == pytest.approx(0.3, abs=0.015)
    assert np.corrcoef(rain[1:], rain[:-1])[0, 1] == pytest.approx(0.5, abs=0.03)
    week = [visit_probabilities(np.array([0.3]), day, 1.2)[0] for day in range(7)]
    assert np.mean(week) == pytest.approx(0.3)
    assert week[5] == pytest.approx(1.2 * week[0])
    seconds = visit_seconds(rng, 20_000)
    assert 7 * 3600 <= seconds.min() < seconds.max() < 24 * 3600
    assert np.mean((seconds >= 18 * 3600) & (seconds < 22 * 3600)) == pytest.approx(0.45, abs=0.015)


def test_memory_counts_orders_and_forgets_the_stalest():
    memory = Memory.blank(2, 2)
    for day, restaurant in enumerate([5, 6, 5, 7]):
        memory.learn(np.array([1]), np.array([restaurant]), day)
    assert (memory.restaurants[0] == -1).all()
    kept = dict(zip(memory.restaurants[1].tolist(), memory.orders[1].tolist(), strict=True))
    assert kept == {5: 2, 7: 1}


def test_numbers_become_texts_with_leading_zeros():
    assert numbered("o3-", np.array([7, -1, 12_345]), 4).to_pylist() == ["o3-00007", None, "o3-12345"]
    assert numbered("e-", np.array([], dtype=np.int64), 3).to_pylist() == []
