"""The frozen naive server answers what the model says: it is slower, not worse."""

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from data.dataset import Dataset
from loadtests import naive
from models import artifacts
from services.api.schemas import Recommendations


@pytest.fixture(name="paths")
def _paths(small_city) -> dict[str, Path]:
    found = naive.environment(small_city.home / "artifacts", small_city.dataset)
    return {name: Path(path) for name, path in found.items()}


def test_its_lists_are_the_models_best_twenty(paths: dict[str, Path]) -> None:
    artifact = artifacts.load(paths[naive.ARTIFACT_VARIABLE])
    restaurants = Dataset.open(paths[naive.DATASET_VARIABLE]).restaurants(artifact.manifest.market)
    diners = np.arange(0, len(artifact.diner_ids), 50, dtype=np.int32)
    scores = artifact.model.score(diners)
    with TestClient(naive.application(artifact, restaurants)) as client:
        for row, own in zip(diners, scores, strict=True):
            answer = client.get(f"/v1/recommendations?user_id={artifact.diner_ids[row]}&k=20")
            read = Recommendations.model_validate_json(answer.content)
            assert [item.rank for item in read.items] == list(range(1, 21))
            best = np.argsort(-own, kind="stable")[:20]
            assert [item.score for item in read.items] == pytest.approx(own[best], abs=1e-5)
            assert {item.restaurant_id for item in read.items} == {artifact.restaurant_ids[each] for each in best}


def test_it_does_not_know_strangers(paths: dict[str, Path]) -> None:
    artifact = artifacts.load(paths[naive.ARTIFACT_VARIABLE])
    restaurants = Dataset.open(paths[naive.DATASET_VARIABLE]).restaurants(artifact.manifest.market)
    with TestClient(naive.application(artifact, restaurants)) as client:
        assert client.get("/v1/recommendations?user_id=nobody").status_code == 404


def test_a_home_without_exactly_one_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 versions"):
        naive.environment(tmp_path, tmp_path)
