"""What was shown and what became of it, from a log of five lines written by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, Manifest, MarketInfo, writing
from data.geo import distance_km, log_travel_time
from models.base import TrainingData
from models.impressions import log_times_from_home, shown_between
from models.preparation import chosen_rows
from models.training_data import Districts, _diner_rows, build, positive_feedback
from models.uniform import RandomModel

NOON = pd.Timestamp("2026-03-02 12:00", tz="UTC")
MARKET = "aldermoor"


def _event(
    kind: EventType, user: str, place: str, request: str | None, hours: float, position: int | None = None
) -> dict:
    return {
        col.EVENT_ID: f"{kind}-{user}-{place}-{request}-{hours}",
        col.TYPE: str(kind),
        col.MARKET: MARKET,
        col.USER_ID: user,
        col.RESTAURANT_ID: place,
        col.REQUEST_ID: request,
        col.ORDER_ID: None,
        col.AT: NOON + pd.Timedelta(hours=hours),
        col.POSITION: position,
        col.PROPENSITY: None,
        col.VALUE: None,
    }


LOG = [
    _event(EventType.IMPRESSION, "u1", "a", "q1", 0, 1),
    _event(EventType.IMPRESSION, "u1", "b", "q1", 0, 2),
    _event(EventType.CLICK, "u1", "b", "q1", 0.1),
    _event(EventType.ORDER, "u1", "b", "q1", 0.2),
    _event(EventType.IMPRESSION, "u2", "b", "q2", 1, 1),
    _event(EventType.IMPRESSION, "u2", "c", "q2", 1, 2),
    _event(EventType.CLICK, "u2", "b", "q2", 1.1),
    _event(EventType.ORDER, "u2", "b", "q2", 30),
    _event(EventType.CLICK, "u2", "c", "elsewhere", 1.1),
    _event(EventType.IMPRESSION, "u2", "c", "q3", 24, 1),
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out: Path = tmp_path_factory.mktemp("log") / "dataset"
    restaurants = pd.DataFrame(
        {
            col.RESTAURANT_ID: list("abc"), col.MARKET: MARKET, col.NAME: list("ABC"),
            col.LAT: [52.0, 52.01, 52.02], col.LON: 13.0, col.CUISINES: [["thai"]] * 3,
            col.PRICE_LEVEL: pd.Series([1, 2, 2], dtype="Int8"), col.CHAIN: None, col.DISTRICT: "centre",
            col.OPENED_AT: pd.NaT, col.HOURS: None, col.DELIVERY: True, col.TAGS: [[]] * 3,
        }
    )  # fmt: skip
    diners = pd.DataFrame(
        {
            col.USER_ID: ["u1", "u2"], col.MARKET: MARKET, col.HOME_LAT: [52.0, np.nan], col.HOME_LON: [13.0, np.nan],
            col.PROFILE: [[], []], col.PROTECTED: [["gender=f"], ["gender=m"]],
        }
    )  # fmt: skip
    events = pd.DataFrame(LOG).astype({col.POSITION: "Int16"})
    with writing(out) as writer:
        for table, frame in ((Table.RESTAURANTS, restaurants), (Table.DINERS, diners), (Table.EVENTS, events)):
            writer.append(table, frame)
        info = MarketInfo(market=MARKET)
        writer.finish(Manifest(source="csv", markets=(info,), repeats=True, has_times=True))
    return Dataset.open(out)


@pytest.fixture(scope="module")
def data(dataset: Dataset) -> TrainingData:
    return build(dataset, MARKET, positive_feedback(dataset.events(MARKET)))


def test_what_became_of_each_line_of_a_list(dataset: Dataset, data: TrainingData) -> None:
    model = RandomModel(seed=1).fit(data)
    found = shown_between(dataset, MARKET, model, data, NOON, NOON + pd.Timedelta(hours=12), 0)
    assert found is not None
    assert found.diners.tolist() == [0, 0, 1, 1]
    assert found.positions.tolist() == [1, 2, 1, 2]
    assert found.clicked.tolist() == [False, True, True, False], "c was clicked on in another list"
    # The second diner's order came when the period was over: nobody knew of it then.
    assert found.ordered.tolist() == [False, True, False, False]
    np.testing.assert_allclose(
        found.scores, model.score(np.asarray([0, 1], np.int32))[[0, 0, 1, 1], [0, 1, 1, 2]], rtol=1e-6
    )
    np.testing.assert_allclose(
        found.log_times[:2], log_travel_time(distance_km(52.0, 13.0, np.asarray([52.0, 52.01]), 13.0))
    )
    assert np.isnan(found.log_times[2:]).all(), "the second diner's home is not known"


def test_a_period_in_which_nothing_was_shown(dataset: Dataset, data: TrainingData) -> None:
    model = RandomModel().fit(data)
    assert (
        shown_between(dataset, MARKET, model, data, NOON + pd.Timedelta(days=3), NOON + pd.Timedelta(days=9), 0) is None
    )


def test_the_way_from_a_home_to_each_restaurant(dataset: Dataset) -> None:
    ways = log_times_from_home(dataset, MARKET, np.asarray([0, 1], np.int32))
    assert ways.shape == (2, 3)
    assert ways[0, 0] < ways[0, 1] < ways[0, 2]
    assert np.isnan(ways[1]).all()


def test_clicks_are_choices_only_where_nobody_ordered(dataset: Dataset, data: TrainingData) -> None:
    positives = positive_feedback(dataset.events(MARKET))
    diners, restaurants = chosen_rows(data, positives)
    assert list(zip(diners.tolist(), restaurants.tolist(), strict=True)) == [(0, 1), (1, 1)]
    clicks = positives[positives[col.TYPE] == EventType.CLICK]
    assert len(chosen_rows(data, clicks)[0]) == 3


def test_protected_attributes_are_features_only_when_asked_for(dataset: Dataset) -> None:
    diners = dataset.diners(MARKET)
    districts = Districts.of(["centre"], np.asarray([52.0]), np.asarray([13.0]))
    homes = districts.nearest(diners[col.HOME_LAT].to_numpy(), diners[col.HOME_LON].to_numpy())
    assert homes.tolist() == [0, -1]
    assert _diner_rows(diners, districts, homes, protected=False) == [["home_district=centre"], []]
    assert _diner_rows(diners, districts, homes, protected=True) == [["home_district=centre", "gender=f"], ["gender=m"]]


def test_repeats_add_up_on_a_log_scale_and_keep_the_newest_age(dataset: Dataset) -> None:
    positives = positive_feedback(dataset.events(MARKET), click_weight=0.2)
    acts = build(dataset, MARKET, positives).interactions
    assert list(zip(acts.diners.tolist(), acts.restaurants.tolist(), strict=True)) == [(0, 1), (1, 1), (1, 2)]
    np.testing.assert_allclose(acts.weights, np.log2([2.2, 2.2, 1.2]), rtol=1e-6)
    np.testing.assert_allclose(acts.ages_days, [29.8 / 24, 0.0, 28.9 / 24], rtol=1e-5)
    once = build(dataset, MARKET, positives, repeats_matter=False).interactions
    np.testing.assert_allclose(once.weights, [1.0, 1.0, 0.2], rtol=1e-6)
