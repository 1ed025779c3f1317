"""How the champion is asked: never about what it has seen."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from data import columns as col
from models import artifacts
from models.artifacts import Artifact
from models.ground import Ground
from models.preparation import Prepared, usual
from services.releases.registry import ModelRegistry
from services.retraining import champion as module
from services.retraining.champion import as_it_serves, on_trial, refitted
from tests.retraining.conftest import MARKET, LearningHome


@pytest.fixture
def champion(engine: Engine) -> Artifact:
    serving = ModelRegistry(engine).champion(MARKET)
    assert serving is not None
    return artifacts.load(Path(serving.path))


@pytest.fixture(scope="module")
def ground(made_home: LearningHome) -> Ground:
    return Ground(made_home.dataset, MARKET)


@pytest.fixture(scope="module")
def prepared(ground: Ground) -> Prepared:
    return ground.prepared


def made(champion: Artifact, until: str | None) -> Artifact:
    metrics = {**champion.manifest.metrics, "until": until}
    return replace(champion, manifest=champion.manifest.model_copy(update={"metrics": metrics}))


def test_one_that_has_not_seen_the_test_period_is_asked_as_it_serves(champion: Artifact, prepared: Prepared) -> None:
    trial = on_trial(champion, prepared)
    assert trial.test_from is None
    assert "as it serves" in trial.words


def test_one_that_has_seen_its_beginning_is_asked_about_the_rest(
    champion: Artifact, prepared: Prepared, made_home: LearningHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEWEST_DINERS", 20)
    at = prepared.log[col.AT]
    begins = at.max().floor("D") - timedelta(days=2)
    long = replace(prepared, split=replace(prepared.split, test=(at >= begins).to_numpy()))
    seen = begins + timedelta(hours=15)
    trial = on_trial(made(champion, seen.isoformat()), long)
    assert trial.test_from is not None
    later = Ground(made_home.dataset, MARKET, protocol=usual(made_home.dataset, test_from=trial.test_from))
    assert later.prepared.log.loc[later.prepared.split.test, col.AT].min() >= trial.test_from > seen
    # All questions are about what came after it, those about whole days of requests too.
    assert later.requests is not None
    assert later.requests.asked.at.min() > seen.timestamp()


@pytest.mark.parametrize("until", [None, "2999-01-01T00:00:00+00:00"])
def test_one_that_has_seen_all_is_asked_by_its_recipe(
    champion: Artifact, prepared: Prepared, until: str | None
) -> None:
    trial = on_trial(made(champion, until), prepared)
    assert trial.test_from is None
    assert "it has seen the test period" in trial.words


def test_it_is_asked_with_the_vectors_that_it_serves_and_newcomers_by_their_tags(
    champion: Artifact, ground: Ground, made_home: LearningHome
) -> None:
    prepared = ground.prepared
    known = champion.diner_row(prepared.data.diner_ids[7])
    assert known is not None
    scores = as_it_serves(champion)(ground).scorer(np.asarray([7], np.int32))
    expected = champion.model.score(np.asarray([known], np.int32))
    row_of = {name: row for row, name in enumerate(champion.restaurant_ids)}
    order = [row_of[name] for name in prepared.data.restaurant_ids]
    np.testing.assert_allclose(scores, expected[:, order], rtol=1e-5, atol=1e-5)
    strangers = replace(prepared.data, diner_ids=tuple(f"new-{name}" for name in prepared.data.diner_ids))
    of_strangers = Ground(made_home.dataset, MARKET)
    of_strangers.prepared = replace(prepared, data=strangers)
    unknown = as_it_serves(champion)(of_strangers).scorer(np.asarray([7, 8], np.int32))
    assert np.isfinite(unknown).all()
    assert not np.allclose(unknown[0], scores[0])


def test_its_recipe_is_fitted_to_the_train_period(champion: Artifact, ground: Ground) -> None:
    before = champion.diners.vectors.copy()
    scores = refitted(champion)(ground).scorer(np.asarray([7], np.int32))
    assert scores.shape == (1, len(ground.prepared.data.restaurant_ids))
    assert not np.allclose(scores, as_it_serves(champion)(ground).scorer(np.asarray([7], np.int32)))
    assert (champion.diners.vectors == before).all(), "the champion itself is left as it is"
