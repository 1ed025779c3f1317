"""What the second stage looks at, what it learns from, and that neither knows the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.city import truth
from data.city.generate import generate
from data.dataset import Dataset
from models import calibration
from models.base import ModelError
from models.evaluation.requests import all_knowing, as_served, habitual, held_out_requests
from models.impressions import shown_between
from models.journal import DAYPARTS, Actions, Asked, Counted, Places, daypart_of
from models.ladder import make
from models.moments import read_journal, rehearsal
from models.preparation import prepare, usual
from models.second_stage.features import FEATURES, NEVER_DAYS, Past, VenueFigures, features
from models.second_stage.learning import TreeSettings, learn
from models.second_stage.stage import SecondStage, second_stage_of
from models.testing import sample_data
from models.two_stage import LightFMLambdaMartModel

DAY = 86_400
SMALL = TreeSettings(rounds=5, leaves=4, fewest_in_leaf=5, negatives=3)


def a_log(seed: int, actions: int = 200, diners: int = 6, restaurants: int = 9) -> tuple[Actions, Places]:
    rng = np.random.default_rng(seed)
    places = Places(
        lat=50.0 + rng.random(restaurants) / 20,
        lon=rng.random(restaurants) / 20,
        price_levels=rng.integers(0, 5, restaurants).astype(np.float64),
        cuisines=rng.integers(-1, 3, restaurants),
        opened_at=np.where(rng.random(restaurants) < 0.5, rng.integers(0, 20 * DAY, restaurants), np.nan),
    )
    log = Actions(
        rng.integers(0, diners, actions),
        rng.integers(0, restaurants, actions),
        rng.integers(0, 20 * DAY, actions),
        rng.random(actions) < 0.5,
    )
    return log, places


def requests(seed: int, count: int = 12, diners: int = 6) -> Asked:
    rng = np.random.default_rng(seed + 1)
    at = rng.integers(0, 25 * DAY, count)
    lat = np.where(rng.random(count) < 0.2, np.nan, 50.0 + rng.random(count) / 20)
    return Asked(rng.integers(0, diners, count), at, at // 60 % (7 * 24 * 60), lat, rng.random(count) / 20)


def looked_at(log: Actions, places: Places, asked: Asked, until: int = 10 * DAY) -> np.ndarray:
    figures = VenueFigures.learn(log, log.at // 60 % (7 * 24 * 60), places, until, 14.0, 2.5)
    columns = np.broadcast_to(np.arange(len(places.lat)), (len(asked), len(places.lat)))
    log_times = asked.log_times(places, columns)
    relevance = np.arange(columns.size, dtype=np.float64).reshape(columns.shape)
    return features(figures.venues(places), Past(log, places), asked, columns, relevance, log_times)


@given(st.integers(0, 2**31 - 1), st.integers(0, 200))
def test_features_are_what_a_reader_would_count(seed: int, actions: int) -> None:
    log, places = a_log(seed, actions)
    asked = requests(seed)
    found = looked_at(log, places, asked)
    assert np.isfinite(found).all()
    for request in range(len(asked)):
        mine = (log.diners == asked.diners[request]) & (log.at < asked.at[request])
        orders = mine & log.ordered
        prices = places.price_levels[log.restaurants[orders]]
        usual_price = prices[prices > 0].mean() if (prices > 0).any() else 0.0
        for row in range(len(places.lat)):
            values = dict(zip(FEATURES, found[request, row], strict=True))
            there, cuisine = log.restaurants == row, places.cuisines[row]
            same = (places.cuisines[log.restaurants] == cuisine) & (cuisine >= 0)
            price = places.price_levels[row]
            assert values["own_orders"] == (orders & there).sum()
            assert values["own_clicks"] == (mine & ~log.ordered & there).sum()
            assert values["own_days"] == since(asked.at[request], log.at[orders & there])
            assert values["click_days"] == since(asked.at[request], log.at[mine & ~log.ordered & there])
            assert values["cuisine_days"] == since(asked.at[request], log.at[orders & same])
            assert values["diner_orders"] == orders.sum()
            assert values["price"] == price
            gap = price - usual_price if price and usual_price else 0.0
            assert values["price_gap"] == pytest.approx(gap, abs=1e-12)


def since(now: int, moments: np.ndarray) -> float:
    return min((now - moments.max()) / DAY, NEVER_DAYS) if len(moments) else NEVER_DAYS


def test_what_is_not_known_stands_for_the_usual():
    log, places = a_log(3)
    asked = requests(3)
    found = looked_at(log, places, asked)
    unknown = np.isnan(asked.lat)
    assert unknown.any()
    assert (found[unknown][..., FEATURES.index("log_minutes")] == 2.5).all()
    old = np.isnan(places.opened_at)
    assert (found[:, old][..., FEATURES.index("days_open")] == NEVER_DAYS).all()


@given(st.integers(0, 2**31 - 1))
def test_what_happens_from_a_moment_on_does_not_change_what_is_looked_at_then(seed: int) -> None:
    log, places = a_log(seed)
    asked = requests(seed)
    before = looked_at(log, places, asked)
    now = int(np.median(asked.at))
    rng, future = np.random.default_rng(seed + 2), log.at >= now
    count = int(future.sum())
    rewritten = Actions(
        np.where(future, rng.integers(0, 6, len(log)), log.diners),
        np.where(future, rng.integers(0, 9, len(log)), log.restaurants),
        log.at.copy(),
        np.where(future, rng.random(len(log)) < 0.5, log.ordered),
    )
    rewritten.at[future] = now + rng.integers(0, 5 * DAY, count)
    then = asked.at <= now
    after = looked_at(rewritten, places, asked, min(10 * DAY, now))
    expected = looked_at(log, places, asked, min(10 * DAY, now))
    assert after[then].tobytes() == expected[then].tobytes()
    assert before.shape == after.shape


@given(st.integers(0, 2**31 - 1))
def test_one_diners_past_and_everybodys_say_the_same(seed: int) -> None:
    """Serving counts in one diner's actions, training in the whole log."""
    log, places = a_log(seed)
    asked = requests(seed)
    columns = np.broadcast_to(np.arange(9), (1, 9))
    for request in range(len(asked)):
        one = asked.part(slice(request, request + 1))
        alone = log.where(log.diners == asked.diners[request])
        alone = replace(alone, diners=np.zeros(len(alone), np.int64))
        itself = replace(one, diners=np.zeros(1, np.int64))
        for ours, theirs in (
            (Past(alone, places).own(itself, columns), Past(log, places).own(one, columns)),
            (Past(alone, places).usual(itself), Past(log, places).usual(one)),
        ):
            assert all(np.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(ours, theirs, strict=True))
        cuisines = places.cuisines[columns]
        mine = Past(alone, places).cuisine_days(itself, cuisines)
        assert np.array_equal(mine, Past(log, places).cuisine_days(one, cuisines))


def test_dayparts_are_those_of_the_local_hour():
    hours = np.asarray([0, 4, 5, 10, 11, 14, 15, 17, 18, 21, 22, 23])
    found = [DAYPARTS[index] for index in daypart_of(hours * 60 + 59 + 24 * 60)]
    assert found == ["late"] * 2 + [name for name in DAYPARTS for _ in range(2)]


def test_a_log_that_is_too_long_to_count_in_is_refused():
    with pytest.raises(ValueError, match="17 years"):
        Counted(np.asarray([0, 1]), np.asarray([0, 20 * 365 * DAY]))
    with pytest.raises(ValueError, match="diners"):
        Counted(np.asarray([0, 1 << 40]), np.asarray([0, 1]))


def test_the_rehearsal_is_of_the_training_period_alone_and_cut_by_time(town: Dataset):
    [market] = town.markets
    prepared = prepare(town, market, 0, usual(town))
    train = prepared.log[prepared.split.train]
    journal = read_journal(town, market)
    found = rehearsal(town, market, train, journal)
    assert found is not None
    newest = int(train["at"].max().timestamp())
    for times in (found.journal.actions.at, found.journal.shown.asked.at):
        assert times.max() < found.until <= newest + DAY
        assert (times >= found.cut).any()
    assert journal is not None
    assert len(found.journal.actions) < len(journal.actions)
    pairs = len(found.earlier.interactions.diners), len(found.later.diners)
    assert min(pairs) > 0
    assert rehearsal(town, market, train, None) is None


def test_lists_are_put_together_as_they_were_shown(town: Dataset):
    [market] = town.markets
    journal = read_journal(town, market)
    assert journal is not None
    shown = town.events(market, ["impression"], ["request_id", "restaurant_id", "user_id", "position", "at"])
    restaurants, diners = town.restaurants(market)["restaurant_id"], town.diners(market)["user_id"]
    lists = journal.shown
    assert (lists.restaurants >= 0).sum() == len(shown)
    orders = town.events(market, ["order"], ["request_id", "restaurant_id"])
    assert (lists.grades == 2).sum() == len(orders)
    _, first = next(iter(shown.groupby("request_id", sort=False)))
    row = int(np.flatnonzero(lists.asked.at == int(first["at"].iloc[0].timestamp()))[0])
    ordered = first.sort_values("position")["restaurant_id"].tolist()
    assert restaurants[lists.restaurants[row][: len(ordered)]].tolist() == ordered
    assert diners[lists.asked.diners[row]] == first["user_id"].iloc[0]


def test_a_second_stage_comes_back_bit_for_bit_and_one_that_does_not_fit_is_refused():
    model = LightFMLambdaMartModel({"components": 4, "epochs": 2}, SMALL).fit(sample_data())
    stage = second_stage_of(model)
    assert stage is not None
    arrays, cuisines = stage.arrays(), stage.cuisines
    back = SecondStage.restore(arrays, cuisines, 40, 15)
    assert back is not None
    assert {name: array.tobytes() for name, array in back.arrays().items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert SecondStage.restore({}, cuisines, 40, 15) is None
    name = "second_stage_"
    for changes in (
        {"popularity": stage.figures.popularity[1:]},
        {"daypart_lifts": stage.figures.daypart_lifts[:, 1:]},
        {"cuisine_lifts": stage.figures.cuisine_lifts[1:]},
        {"diners": stage.history.diners.astype(np.int32)[::-1]},
        {"diners": np.full(len(stage.history), 40, np.int32)},
        {"restaurants": np.full(len(stage.history), 15, np.int32)},
        {"restaurants": np.full(len(stage.history), -1, np.int32)},
        {"at": stage.history.at[1:]},
        {"until": np.asarray([0], np.int64)},
        {"trees": arrays[name + "trees"][: len(arrays[name + "trees"]) // 4]},
    ):
        spoilt = arrays | {name + key: array for key, array in changes.items()}
        with pytest.raises(ModelError):
            SecondStage.restore(spoilt, cuisines, 40, 15)


def test_lists_without_a_choice_teach_nothing_and_too_few_make_no_second_stage():
    data = sample_data()
    assert data.rehearsal is not None
    shown = data.rehearsal.journal.shown
    empty = replace(shown, grades=np.zeros_like(shown.grades))
    nothing = replace(data.rehearsal, journal=replace(data.rehearsal.journal, shown=empty))
    assert learn(LightFMLambdaMartModel({"epochs": 1}).fit(data), nothing, SMALL, 0, 1) is None
    model = LightFMLambdaMartModel({"components": 4, "epochs": 2}, SMALL).fit(replace(data, rehearsal=None))
    assert second_stage_of(model) is None


def test_on_a_city_it_beats_its_first_stage_where_the_moment_counts(tmp_path):
    generate(tmp_path / "city", restaurants=120, diners=2_500, days=12, markets=1, seed=3)
    dataset = Dataset.open(tmp_path / "city")
    [market] = dataset.markets
    prepared, journal = prepare(dataset, market, 0, usual(dataset)), read_journal(dataset, market)
    lesson = rehearsal(dataset, market, prepared.log[prepared.split.train], journal)
    at, split = prepared.log["at"], prepared.split
    begins, ends = (at[part].min().floor("D") for part in (split.validation, split.test))
    assert journal is not None
    asked = held_out_requests(journal, int(ends.timestamp()), int(at.max().timestamp()), np.random.default_rng(0))
    assert asked is not None
    model = LightFMLambdaMartModel().fit(replace(prepared.data, rehearsal=lesson))
    found = {}
    for name, one in (("first", model._first_stage), ("both", model)):
        shown = shown_between(dataset, market, one, prepared.data, begins, ends, 0, journal=journal)
        assert shown is not None
        found[name] = asked.measure(as_served(asked, one, calibration.fit(shown))).per_diner["ndcg@10"].mean()
    assert found["both"] > found["first"] + 0.01
    habit = asked.measure(habitual(asked, make("popular").fit(prepared.data))).per_diner["ndcg@10"].mean()
    oracle = asked.measure(all_knowing(asked, truth.load(dataset.path, market))).per_diner["ndcg@10"].mean()
    assert oracle > found["both"] > 0.5 * oracle
    assert oracle > habit
