"""What was protected when a model was trained is named in no explanation of it, whatever profiles say later."""

from dataclasses import replace
from typing import Any

import pytest

from models import artifacts
from services.audit.documents import read_document
from services.catalogue.records import Diner
from services.serving.recommender import Answer
from services.serving.served_document import served_document
from services.serving.taken_apart import taken_apart
from tests.conftest import SmallCity
from tests.explanation.lists import listed, market_of


def named(answer: Answer, profile: Diner | None) -> set[str]:
    """Attributes of the diner that an explanation of the first three entries names."""
    document, ids = read_document(served_document(answer)), answer.ask.snapshot.catalogue.ids
    lines: list[Any] = []
    for row in answer.shown.rows[:3].tolist():
        found = taken_apart(answer, document, ids[row], profile)
        lines += [line["diner_feature"] for line in found["features"]]
        lines += [line["feature"] for line in found["shapley"] if line["of"] == "diner"]
    return {str(line).partition("=")[0] for line in lines}


def with_protected(answer: Answer, protected: tuple[str, ...]) -> Answer:
    snapshot = answer.ask.snapshot
    manifest = snapshot.artifact.manifest.model_copy(update={"protected": protected})
    artifact = replace(snapshot.artifact, manifest=manifest)
    return replace(answer, ask=replace(answer.ask, snapshot=replace(snapshot, artifact=artifact)))


def test_a_version_keeps_what_was_protected_in_its_training_data(small_city: SmallCity) -> None:
    artifact = market_of(small_city.dataset, "lightfm").artifact
    assert artifact.manifest.protected == ("age_group", "gender", "origin")
    assert artifacts.load(artifact.path).manifest.protected == artifact.manifest.protected


@pytest.mark.parametrize("profile", [None, Diner(user_id="d0-000003", market="aldermoor")])
def test_what_was_protected_in_training_stays_unnamed(small_city: SmallCity, profile: Diner | None) -> None:
    answer = listed(market_of(small_city.dataset, "lightfm"), 3)
    (known, *_) = sorted(named(answer, profile) & {"likes", "budget", "transport", "priority", "district"})
    assert known not in named(with_protected(answer, (known,)), profile)
