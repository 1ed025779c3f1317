"""A model with a second stage, served: its term is in the ledger, and what a diner does moves it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.dataset import Dataset
from models.second_stage.features import FEATURES
from services.retraining.training import train_markets
from services.settings import Settings
from tests.api.conftest import running
from tests.conftest import SmallCity


@pytest.fixture(scope="module")
def home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose champion has a second stage."""
    home: Path = tmp_path_factory.mktemp("two-stage") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    trained = train_markets(
        Settings(home=home),
        Dataset.open(small_city.dataset),
        "lightfm+lambdamart",
        parameters={"trees": {"rounds": 30, "fewest_in_leaf": 20}},
        promote=True,
        progress=lambda *_: None,
        passed_over=lambda _: None,
    )
    assert [one.champion for one in trained] == [True]
    return home


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[TestClient]:
    with running(home) as client:
        yield client


def asked(client: TestClient, city: SmallCity, **query: Any) -> dict[str, Any]:
    answer = client.get(
        "/v1/recommendations",
        params={"user_id": "d0-000003", "k": 20, "explain": "full", **query},
        headers={"Authorization": f"Bearer {city.keys['app']}"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def second_terms(answer: dict[str, Any]) -> dict[str, float]:
    return {
        item["restaurant_id"]: next(t["value"] for t in item["explanation"]["terms"] if t["name"] == "second_stage")
        for item in answer["items"]
    }


def test_the_second_stage_is_a_term_and_the_terms_still_add_up_bit_for_bit(served, small_city):
    answer = asked(served, small_city)
    assert answer["model"]["name"] == "lightfm+lambdamart"
    assert any(second_terms(answer).values())
    for item in answer["items"]:
        total = 0.0
        for term in item["explanation"]["terms"]:
            total += term["value"]
        assert total == item["score"]
    ledger = served.get(
        "/v1/explanations",
        params={"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]},
        headers={"Authorization": f"Bearer {small_city.keys['app']}"},
    ).json()
    assert ledger["score"] == answer["items"][0]["score"]
    assert [t["name"] for t in ledger["terms"]][2] == "second_stage"


def test_the_second_stage_is_taken_apart_to_the_bit(served, small_city):
    answer = asked(served, small_city)
    wanted = second_terms(answer)
    for item in answer["items"]:
        explanation = served.get(
            "/v1/explanations",
            params={"request_id": answer["request_id"], "restaurant_id": item["restaurant_id"]},
            headers={"Authorization": f"Bearer {small_city.keys['app']}"},
        ).json()
        assert explanation["exact"] is True
        parts = {line["name"]: line["value"] for line in explanation["second_stage"]}
        total = 0.0
        for value in parts.values():
            total += value
        assert total == wanted[item["restaurant_id"]]
        assert abs(parts.get("rounding", 0.0)) <= 1e-9
        assert set(parts) <= {"expected", "rounding", *FEATURES}
        assert len(parts) > 3


def test_an_order_moves_the_second_stage_of_its_restaurant(served, small_city):
    before = asked(served, small_city)
    item = before["items"][-1]["restaurant_id"]
    event = {
        "event_id": "second-stage-order",
        "type": "order",
        "user_id": "d0-000003",
        "restaurant_id": item,
        "at": before["as_of"],
        "value": 2000,
    }
    headers = {"Authorization": f"Bearer {small_city.keys['app']}"}
    assert served.post("/v1/events", json=event, headers=headers).json()["accepted"] == 1
    after = asked(served, small_city)
    assert second_terms(after)[item] != second_terms(before)[item]


def test_without_a_profile_the_answer_is_the_same_for_everyone(served, small_city):
    lists = [
        [(item["restaurant_id"], item["score"]) for item in asked(served, small_city, **who)["items"]]
        for who in (
            {"personalised": "false"},
            {"personalised": "false", "user_id": "d0-000004"},
            {"personalised": "false", "user_id": "nobody"},
        )
    ]
    assert lists[0] == lists[1] == lists[2]


def test_a_stranger_is_answered(served, small_city):
    assert len(asked(served, small_city, user_id="a-stranger", lat=52.62, lon=-1.43)["items"]) > 0
