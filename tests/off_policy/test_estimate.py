"""From a log on disk to an estimate: what is read, what is refused, and that the target is what the ranking draws."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import columns as col
from data.city.generate import generate
from data.columns import EventType, Table
from data.dataset import SURELY_SHOWN_KM, Dataset, writing
from models import pipeline
from models.artifacts import Artifact
from models.base import ModelError
from models.off_policy import plackett_luce
from models.off_policy.estimate import estimate_model, weigh
from models.off_policy.estimators import ESTIMATORS
from models.off_policy.logged import LoggedLists, Places, read_lists
from models.off_policy.target import Target
from services.catalogue.records import Restaurant
from services.ranking.rank import Requests, rank
from services.serving.snapshot import build_snapshot
from services.stakeholders.policy import Policy


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """80 restaurants, 700 diners, 10 days."""
    path = tmp_path_factory.mktemp("towns") / "town"
    generate(path, restaurants=80, diners=700, days=10, markets=1, seed=8)
    return Dataset.open(path)


@pytest.fixture(scope="module")
def artifact(town: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    root = tmp_path_factory.mktemp("artifacts")
    return pipeline.train(town, town.markets[0], "lightfm", root, parameters={"components": 8, "epochs": 4})


@pytest.fixture(scope="module")
def places(town: Dataset) -> Places:
    return Places.of(town, town.markets[0])


def look(target: Target, places: Places, lists: LoggedLists) -> tuple[np.ndarray, np.ndarray]:
    return target.look(lists.diners, places.distances_km(lists.lat, lists.lon), lists.candidates(places))


def changed(town: Dataset, out: Path, events: pd.DataFrame) -> Dataset:
    with writing(out) as writer:
        writer.append(Table.RESTAURANTS, town.restaurants())
        writer.append(Table.DINERS, town.diners())
        writer.append(Table.EVENTS, events)
        writer.finish(town.manifest)
    return Dataset.open(out)


def test_the_lists_of_a_log_are_read_as_they_were_shown(town, places):
    lists = read_lists(town, town.markets[0], places)
    events = town.events()
    shown = events[events[col.TYPE] == EventType.IMPRESSION]
    some = np.random.default_rng(0).choice(len(lists), 25, replace=False)
    requests = shown[shown[col.POSITION] == 1][col.REQUEST_ID].to_numpy()
    for row in some.tolist():
        one = shown[shown[col.REQUEST_ID] == requests[row]].sort_values(col.POSITION)
        filled = lists.restaurants[row] >= 0
        assert places.restaurant_ids[lists.restaurants[row][filled]].tolist() == one[col.RESTAURANT_ID].tolist()
        np.testing.assert_allclose(lists.propensities[row][filled], one[col.PROPENSITY])
        assert places.diner_ids[lists.diners[row]] == one[col.USER_ID].iloc[0]
        orders = events[(events[col.TYPE] == EventType.ORDER) & (events[col.REQUEST_ID] == requests[row])]
        ordered = places.restaurant_ids[lists.restaurants[row][lists.ordered[row] > 0]].tolist()
        assert ordered == orders[col.RESTAURANT_ID].tolist()
    assert lists.left_out == 0
    assert (lists.ordered.sum(axis=1) <= 1).all()
    assert lists.at.max() < events[col.AT].max().tz_localize(None) - pd.Timedelta(hours=1)


def test_only_lists_of_the_time_asked_for_and_old_enough_count(town, places):
    market, middle = town.markets[0], town.events()[col.AT].median()
    whole = read_lists(town, market, places)
    early = read_lists(town, market, places, until=middle)
    late = read_lists(town, market, places, since=middle)
    assert len(early) + len(late) == len(whole)
    np.testing.assert_array_equal(np.concatenate([early.ordered.sum(1), late.ordered.sum(1)]), whole.ordered.sum(1))
    hasty = read_lists(town, market, places, maturity=pd.Timedelta(seconds=120))
    assert hasty.ordered.sum() < 0.3 * whole.ordered.sum()  # orders take one to ten minutes


def test_lists_that_are_not_whole_are_left_out_and_counted(town, places, tmp_path):
    events = town.events()
    shown = events.index[events[col.TYPE] == EventType.IMPRESSION]
    requests = events.loc[shown, col.REQUEST_ID].unique()
    of = {name: events[col.REQUEST_ID] == requests[number] for number, name in enumerate(("torn", "blind", "alien"))}
    events.loc[of["blind"] & (events[col.POSITION] == 2), col.PROPENSITY] = np.nan
    events.loc[of["alien"] & (events[col.POSITION] == 3), col.RESTAURANT_ID] = "r-from-elsewhere"
    events = events[~(of["torn"] & (events[col.POSITION] == 1))]
    lists = read_lists(changed(town, tmp_path / "torn", events), town.markets[0], places)
    assert lists.left_out == 3
    assert len(lists) == len(read_lists(town, town.markets[0], places)) - 3


def test_whoever_the_target_can_show_the_log_could_have_shown(town, places):
    """Each logged restaurant near enough is a candidate, and nobody who is closed, unborn or far away."""
    lists = read_lists(town, town.markets[0], places)
    candidates = lists.candidates(places)
    near = places.distances_km(lists.lat, lists.lon) <= places.reach_km
    rows, columns = np.nonzero(lists.restaurants >= 0)
    shown = lists.restaurants[rows, columns]
    np.testing.assert_array_equal(candidates[rows, shown], near[rows, shown])
    assert candidates.sum(axis=1).min() < len(places.restaurant_ids)


def test_the_target_is_what_the_ranking_draws(town, artifact, places):
    """The same weights as `services.ranking.rank` at this exploration: its propensities are ours."""
    lists = read_lists(town, town.markets[0], places).take(slice(0, 200))
    exploration, k = 0.05, 4
    for shortlist in (20, 80):
        target = Target.of_artifact(artifact, places, exploration, shortlist)
        weights, _ = look(target, places, lists)
        requests = Requests(
            vectors=artifact.diners.vectors[lists.diners],
            biases=artifact.diners.biases[lists.diners],
            fold_ins=None,
            lat=lists.lat,
            lon=lists.lon,
            allowed=lists.candidates(places),
            gumbel=np.random.default_rng(0).gumbel(size=(len(lists), shortlist)),
        )
        with np.errstate(invalid="ignore"):
            ranked = rank(catalogue_of(town, artifact), requests, k, shortlist, exploration)
        full = (ranked.rows >= 0).all(axis=1)
        found = plackett_luce.conditional(weights, ranked.rows)
        np.testing.assert_allclose(found[full], ranked.propensities[full], rtol=1e-4)


def catalogue_of(town: Dataset, artifact: Artifact):
    from data.dataset import to_arrow

    rows = to_arrow(town.restaurants(), Table.RESTAURANTS).to_pylist()
    restaurants = [Restaurant.model_validate(row) for row in rows]
    [info] = town.manifest.markets
    policy = Policy()
    return build_snapshot(info, 1, restaurants, artifact, {policy.name: policy}, policy.name, 1, []).catalogue


def test_an_estimate_is_json_with_all_that_a_gate_wants(town, artifact):
    found = estimate_model(town, town.markets[0], artifact, temperature=0.15, k=2)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["refused"] is None
    assert found["low"] < found["value"] < found["high"]
    assert set(found["by_estimator"]) == set(ESTIMATORS)
    assert found["by_estimator"]["iips"] is None, "the log does not hold the weights of all candidates"
    assert found["by_estimator"]["snips"] == {name: found[name] for name in ("value", "low", "high")}
    assert found["ess"] > 100
    assert found["lists"] > 1_000
    assert found["k"] == 2
    assert 0.8 < found["mean_weight"] < 1.2
    assert found == estimate_model(town, town.markets[0], artifact, temperature=0.15, k=2)


def test_a_version_and_its_model_are_the_same_target(town, artifact, places):
    lists = read_lists(town, town.markets[0], places).take(slice(0, 64))
    one = Target.of_artifact(artifact, places, 0.1)
    other = Target.of(artifact.model, artifact.calibration, 0.1)
    for target_weights in zip(*(look(target, places, lists) for target in (one, other)), strict=True):
        np.testing.assert_allclose(*target_weights, rtol=1e-3)


def test_a_version_of_an_older_town_shows_only_what_it_knows(town, artifact, places):
    known = slice(0, 60)
    older = replace(
        artifact,
        restaurant_ids=artifact.restaurant_ids[known],
        restaurants=replace(
            artifact.restaurants,
            vectors=artifact.restaurants.vectors[known],
            biases=artifact.restaurants.biases[known],
        ),
        diner_ids=("somebody-else", *artifact.diner_ids[1:]),
    )
    lists = read_lists(town, town.markets[0], places).take(slice(0, 50))
    weights, _ = look(Target.of_artifact(older, places, 0.1), places, lists)
    assert weights[:, :60].any()
    assert not weights[:, 60:].any()
    found = estimate_model(town, town.markets[0], older, temperature=0.2, k=1)
    assert found["refused"] is None


def test_too_sharp_a_policy_is_refused_not_guessed(town, artifact):
    found = estimate_model(town, town.markets[0], artifact, temperature=0.004, k=5)
    assert found["value"] is None
    assert "higher temperature" in found["refused"]
    assert found["by_estimator"]["snips"] is None
    assert found["naive"]["value"] > 0


def test_a_log_without_chance_is_refused(town, artifact, tmp_path):
    events = town.events()
    shown = events[col.PROPENSITY].notna()
    events.loc[shown, col.PROPENSITY] = np.float32(1.0)
    certain = changed(town, tmp_path / "certain", events)
    assert "explore" in estimate_model(certain, town.markets[0], artifact)["refused"]
    events.loc[shown, col.PROPENSITY] = np.nan
    silent = estimate_model(changed(town, tmp_path / "silent", events), town.markets[0], artifact)
    assert "no list" in silent["refused"]
    assert silent["left_out"] > 1_000
    json.dumps(silent, allow_nan=False)


def test_a_log_that_does_not_say_who_could_be_shown_is_not_believed(town, artifact, tmp_path):
    parameters = {name: value for name, value in town.manifest.parameters.items() if name != SURELY_SHOWN_KM}
    silent = replace(town, manifest=town.manifest.model_copy(update={"parameters": parameters}))
    with pytest.raises(ModelError, match="reach_km"):
        estimate_model(silent, town.markets[0], artifact)
    assert estimate_model(silent, town.markets[0], artifact, temperature=0.2, k=1, reach_km=5.0)["refused"] is None


def test_nonsense_is_named(town, artifact):
    with pytest.raises(ValueError, match="temperature"):
        estimate_model(town, town.markets[0], artifact, temperature=0.0)
    with pytest.raises(ValueError, match="k must"):
        estimate_model(town, town.markets[0], artifact, k=0)


def test_the_memory_of_a_part_does_not_change_the_figures(town, artifact, places, monkeypatch):
    lists = read_lists(town, town.markets[0], places).take(slice(0, 300))
    target = Target.of_artifact(artifact, places, 0.1)
    whole = weigh(lists, places, target, 3, None, np.random.default_rng(0))
    monkeypatch.setattr("models.off_policy.estimate._LISTS_AT_ONCE", 64)
    parts = weigh(lists, places, target, 3, None, np.random.default_rng(0))
    for name in ("ratios", "predicted", "expected"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-6, atol=1e-9)


def test_the_reward_model_never_foresees_more_than_one_order(town, artifact, places):
    lists = read_lists(town, town.markets[0], places).take(slice(0, 300))
    target = Target.of_artifact(artifact, places, 0.1)
    weighed = weigh(lists, places, target, 5, None, np.random.default_rng(0))
    assert (weighed.predicted.sum(axis=1) <= 1.0).all()
    assert (weighed.drawn <= 1.0).all()
    assert weighed.predicted.min() >= 0.0


def test_what_was_shown_for_money_earns_but_is_no_part_of_the_draw(town, artifact, places, tmp_path):
    """A short list with an ad behind it, beside longer ones: its third place is empty, not the ad."""
    ids = places.restaurant_ids
    events = town.events()
    order = events[events[col.TYPE] == EventType.ORDER].iloc[:1]
    at = order[col.AT].iloc[0] - pd.Timedelta(minutes=5)
    drawn = [ids[:2].tolist(), ids[:4].tolist()]
    lists = pd.DataFrame(
        {
            col.REQUEST_ID: [*order[col.REQUEST_ID].tolist(), "q-other"],
            col.MARKET: town.markets[0],
            col.USER_ID: places.diner_ids[:2],
            col.AT: [at, at],
            col.RESTAURANT_IDS: drawn,
            col.PROPENSITIES: [[0.5] * len(one) for one in drawn],
            col.ALSO_SHOWN: [order[col.RESTAURANT_ID].tolist(), []],
            col.CANDIDATES: [ids[:6].tolist()] * 2,
            col.LAT_FROM: [np.nan] * 2,
            col.LON_FROM: [np.nan] * 2,
        }
    )
    with writing(tmp_path / "sold") as writer:
        writer.append(Table.RESTAURANTS, town.restaurants())
        writer.append(Table.DINERS, town.diners())
        writer.append(Table.EVENTS, events)
        writer.append(Table.LISTS, lists)
        writer.finish(town.manifest)
    sold = read_lists(Dataset.open(tmp_path / "sold"), town.markets[0], places)
    assert sold.drawn == 4
    assert sold.restaurants[0].tolist()[:4] == [0, 1, -1, -1]
    assert sold.ordered.tolist() == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert sold.candidates(places).sum() == 12
    weighed = weigh(sold, places, Target.of_artifact(artifact, places, 0.1), 5, None, np.random.default_rng(0))
    assert weighed.ratios.shape == (2, 4)
    assert weighed.ratios[0, 2:].tolist() == [1.0, 1.0]
