"""From a dataset to a version: reproducible, honest about what was measured on what."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.city.generate import generate
from data.columns import EventType
from data.dataset import Dataset
from models import pipeline
from models.artifacts import Artifact, load
from models.base import ModelError
from models.contest import Contest, evaluate
from models.evaluation.requests import as_served
from models.fairness.measured import GAINED, NDCG
from models.ground import Contestant, Ground
from models.ladder import make
from models.off_policy.estimate import Exploring
from models.off_policy.logged import Places, read_lists
from models.preparation import prepare, usual
from services.retraining.fairness_gate import gates

QUICK = {"components": 8, "epochs": 3}


@pytest.fixture(scope="module")
def trained(town: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    root = tmp_path_factory.mktemp("artifacts")
    return pipeline.train(town, town.markets[0], "lightfm", root, parameters=QUICK)


def test_the_same_data_and_seed_give_the_same_version(town: Dataset, trained: Artifact, tmp_path: Path) -> None:
    again = pipeline.train(town, town.markets[0], "lightfm", tmp_path, parameters=QUICK)
    assert again.version == trained.version
    for name in ("model.safetensors", "serving.safetensors", "vocabulary.json"):
        assert (again.path / name).read_bytes() == (trained.path / name).read_bytes()


@pytest.mark.parametrize("change", [{"seed": 1}, {"parameters": QUICK | {"epochs": 4}}])
def test_another_seed_or_parameter_gives_another_version(
    change: dict, town: Dataset, trained: Artifact, tmp_path: Path
) -> None:
    other = pipeline.train(town, town.markets[0], "lightfm", tmp_path, **({"parameters": QUICK} | change))
    assert other.version != trained.version


def test_a_version_knows_everybody_and_answers_as_it_is_served(town: Dataset, trained: Artifact) -> None:
    assert trained.restaurant_ids == tuple(town.restaurants(town.markets[0])["restaurant_id"])
    assert trained.diner_ids == tuple(town.diners(town.markets[0])["user_id"])
    assert trained.diner_row(trained.diner_ids[7]) == 7
    assert trained.diner_row("nobody") is None
    served = trained.diners.vectors[:5] @ trained.restaurants.vectors.T + trained.restaurants.biases
    served += trained.diners.biases[:5, None]
    np.testing.assert_allclose(served, trained.model.score(np.arange(5, dtype=np.int32)), rtol=1e-5)
    assert len(load(trained.path).model.new_diners([["home_district=centre"], []]).vectors) == 2


def test_the_model_card_says_what_was_measured(town: Dataset, trained: Artifact) -> None:
    card = trained.manifest
    assert card.data_snapshot == town.snapshot
    assert card.metrics["split"] == "time"
    assert set(card.metrics["models"]) == {"lightfm", "popular", "random", "habit", "oracle"}
    for figures in card.metrics["models"].values():
        for figure in figures.values():
            assert figure["low"] <= figure["value"] <= figure["high"]
    faithful = card.metrics["fidelity"]
    assert (faithful["refused"], faithful["second_stage"]) == (None, None)
    assert faithful["pair"]["margins"]["deletion"]["random"]["low"] > 0.0
    assert not card.calibration.assumed
    assert set(card.calibration.errors) == {"order_ece", "order_brier", "click_ece", "click_brier"}
    assert card.libraries["numpy"] == np.__version__


@pytest.mark.parametrize("name", ["lightfm", "random"])
def test_the_seed_reaches_the_model(name: str, town: Dataset, tmp_path: Path) -> None:
    given = QUICK if name == "lightfm" else {}
    one, other = (pipeline.train(town, town.markets[0], name, tmp_path, seed=seed, parameters=given) for seed in (1, 2))
    assert (one.manifest.parameters["seed"], other.manifest.parameters["seed"]) == (1, 2)
    assert not np.array_equal(one.restaurants.vectors, other.restaurants.vectors)


@pytest.mark.parametrize("name", ["random", "popular"])
def test_the_baselines_can_be_served_too(name: str, town: Dataset, tmp_path: Path) -> None:
    artifact = pipeline.train(town, town.markets[0], name, tmp_path)
    assert artifact.version.startswith(f"{name}-")
    assert set(artifact.manifest.metrics["models"]) == {"popular", "random", "habit", "oracle"}


def test_progress_is_told_from_nothing_to_everything(town: Dataset, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    pipeline.train(town, town.markets[0], "popular", tmp_path, progress=lambda _, done, of: told.append((done, of)))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


def test_a_report_is_reproducible_json_with_an_interval_for_each_figure(town: Dataset) -> None:
    one, again = (evaluate(town, Contest(("popular",), seed=4)) for _ in range(2))
    assert json.loads(json.dumps(one)) == again
    assert set(one["models"]) == {"popular", "random", "habit", "oracle"}
    for figures in one["models"].values():
        for figure in figures.values():
            assert set(figure) == {"value", "low", "high"}
            assert np.isfinite(list(figure.values())).all()
    assert {row["slice"] for row in one["slices"]} >= {"diners: warm"}
    assert one["models"]["popular"]["share_of_oracle"]["value"] < 1.0
    assert one["models"]["random"]["ndcg@10_over_popular"]["high"] < 0


def test_where_diners_come_back_memory_stands_beside_the_models(town: Dataset) -> None:
    report = evaluate(town, Contest(("popular",), cold_start=False))
    assert report["models"]["habit"]["ndcg@10"]["value"] > report["models"]["random"]["ndcg@10"]["high"]
    # With known restaurants out of the way there is nothing to remember.
    assert set(report["masked"]) == {"popular", "random", "oracle"}
    assert report["masked"]["popular"]["ndcg@10"]["value"] < report["models"]["popular"]["ndcg@10"]["value"]


def test_an_unknown_model_or_a_silent_market_is_said(town: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model 'gpt'"):
        pipeline.train(town, town.markets[0], "gpt", tmp_path)
    assert not list(tmp_path.iterdir())


def test_real_ratings_are_measured_with_intervals_and_an_assumed_calibration(uci_folder: Path, tmp_path: Path) -> None:
    from data.importers import import_dataset

    import_dataset("uci", uci_folder, tmp_path / "uci")
    dataset = Dataset.open(tmp_path / "uci")
    report = evaluate(dataset, Contest())
    assert report["data"]["split"] == ["per-diner hold-out"]
    assert report["data"]["known_items_masked"] is True
    assert report["data"]["diners_measured"] >= 60
    assert set(report["models"]) == {"lightfm", "popular", "random"}, "no oracle knows real people"
    artifact = pipeline.train(dataset, "san-luis-potosi", "lightfm", tmp_path / "artifacts")
    assert artifact.calibration.assumed
    assert artifact.diner_row("U1077") is not None


def test_on_a_shared_ground_models_are_the_same_and_read_against_rivals(
    town: Dataset, trained: Artifact, tmp_path: Path
) -> None:
    market = town.markets[0]
    asked: list[Ground] = []

    def twin(ground: Ground) -> Contestant:
        asked.append(ground)
        fitted = make("lightfm", **QUICK).fit(ground.train_period(["lightfm"]))
        curve = ground.calibrated(fitted)
        return Contestant(fitted.score, lambda requests: as_served(requests, fitted, curve), curve)

    ground = Ground(town, market, rivals={"twin": twin})
    together = pipeline.train(town, market, "lightfm", tmp_path, parameters=QUICK, ground=ground)
    beside = pipeline.train(town, market, "popular", tmp_path, ground=ground)
    assert together.version == trained.version
    own, other = together.manifest.metrics, beside.manifest.metrics
    for measured in (own, own["lists"] or own["requests"]):
        assert measured["models"]["twin"]["ndcg@10"] == measured["models"]["lightfm"]["ndcg@10"]
        assert measured["against"]["twin"]["ndcg@10"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    gain = other["models"]["popular"]["auc"]["value"] - own["models"]["twin"]["auc"]["value"]
    assert other["against"]["twin"]["auc"]["value"] == pytest.approx(gain)
    assert len(asked) == 1, "a rival is asked once for all models"
    assert trained.manifest.metrics["against"] == {}


def test_the_gate_of_fairness_is_told_what_groups_gain_over_a_rival_that_is_asked_about_lists(tmp_path: Path) -> None:
    generate(tmp_path / "town", restaurants=60, diners=900, days=12, markets=1, seed=5)
    town = Dataset.open(tmp_path / "town")
    market = town.markets[0]

    def twin(ground: Ground) -> Contestant:
        fitted = make("popular").fit(ground.train_period(["popular"]))
        curve = ground.calibrated(fitted)
        return Contestant(fitted.score, lambda requests: as_served(requests, fitted, curve), curve)

    ground = Ground(town, market, rivals={"twin": twin})
    assert ground.lists is not None
    found = pipeline.train(town, market, "popular", tmp_path, ground=ground).manifest.metrics["fairness"]

    gained = [one for one in found["own"] if one["measure"] == GAINED]
    had = {one["attribute"] for one in found["twin"] if one["measure"] == NDCG}
    assert {one["attribute"] for one in gained} == had == {"age_group", "gender", "origin"}
    assert all(group["value"] == 0.0 for one in gained for group in one["groups"])
    assert gates(found["twin"], found["own"]) == []
    worse = [{**one, "groups": [{**group, "high": -1.0} for group in one["groups"]]} for one in gained]
    assert any("age_group" in reason for reason in gates(found["twin"], worse))


def test_a_version_says_up_to_when_it_has_seen_the_log(town: Dataset, trained: Artifact) -> None:
    positives = town.events(types=[EventType.ORDER, EventType.CLICK])
    assert pd.Timestamp(trained.manifest.metrics["until"]) == positives["at"].max()


def test_what_its_lists_would_earn_is_told_from_lists_that_the_model_has_not_seen(
    town: Dataset, tmp_path: Path
) -> None:
    market, asked = town.markets[0], Exploring(temperature=0.3, k=1)
    artifact = pipeline.train(town, market, "popular", tmp_path, exploring=asked)
    found = artifact.manifest.metrics["off_policy"]
    prepared = prepare(town, market, 0, usual(town))
    since = prepared.log["at"][prepared.split.test].min()
    lists = read_lists(town, market, Places.of(town, market), since)
    assert found["lists"] == len(lists)
    assert found["k"] == 1
    assert (found["refused"] is None) == (found["ess"] >= 100)
    plain = pipeline.train(town, market, "popular", tmp_path / "plain")
    assert "off_policy" not in plain.manifest.metrics
