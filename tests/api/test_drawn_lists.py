"""Lists that an exploring policy drew: logged with what they were drawn from, exported, valued for another policy."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data import columns as col
from data.columns import Table
from data.dataset import Dataset
from data.quality import validate
from data.schemas import SCHEMAS
from models.off_policy import plackett_luce
from models.off_policy.estimate import estimate_model
from models.off_policy.logged import Places, read_lists
from models.off_policy.target import Target
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.events.export import export_dataset
from services.serving.served_document import drawn_list
from services.settings import Settings
from services.stakeholders.policies import PolicyStore
from services.stakeholders.policy import AdPolicy, Policy
from tests.api.conftest import running
from tests.api.test_sold_places import services_of
from tests.conftest import SmallCity

EXPLORING = Policy(name="exploring", exploration=0.08, shortlist=60, ads=AdPolicy(money=0.0))
DINERS = 120
LATER = pd.Timestamp.now("UTC") + pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With an exploring policy beside the usual one."""
    home = tmp_path_factory.mktemp("exploring") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    engine, clock = open_database(Settings(home=home).resolved_database_url), Clock()
    PolicyStore(engine, AuditTrail(engine, clock), clock).put(small_city.market, EXPLORING, None, "ml")
    engine.dispose()
    return home


@pytest.fixture(scope="module")
def exploring(home: Path, small_city: SmallCity) -> Iterator[TestClient]:
    """The application over it."""
    with running(home, refresh_seconds=0.1) as client:
        client.headers["Authorization"] = f"Bearer {small_city.keys['app']}"
        yield client


def ask(client: TestClient, user: int, **query: Any) -> dict[str, Any]:
    answer = client.get("/v1/recommendations", params={"user_id": f"d0-{user:06d}", "k": 6, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture(scope="module")
def served(exploring: TestClient, small_city: SmallCity) -> list[dict[str, Any]]:
    """Exploring lists for many diners, orders from a third; one asked from the town hall; and two without chance."""
    answers = [ask(exploring, user, policy="exploring") for user in range(1, DINERS + 1)]
    events = [
        {
            "event_id": f"o{number}",
            "type": "order",
            "user_id": answer["user_id"],
            "restaurant_id": answer["items"][number % 6]["restaurant_id"],
            "request_id": answer["request_id"],
            "order_id": f"n{number}",
            "at": services_of(exploring).clock.now().isoformat(),
        }
        for number, answer in enumerate(answers)
        if number % 3 == 0
    ]
    posted = exploring.post("/v1/events", json=events)
    assert posted.json()["accepted"] == len(events), posted.text
    [info] = [one for one in services_of(exploring).catalogue.markets() if one.market == small_city.market]
    answers.append(ask(exploring, 200, policy="exploring", lat=info.lat, lon=info.lon))
    ask(exploring, 201)
    ask(exploring, 202, policy="exploring", personalised="false")
    return answers


@pytest.fixture(scope="module")
def exported(home: Path, exploring: TestClient, served: list[dict[str, Any]]) -> Iterator[Dataset]:
    """The log so far."""
    services_of(exploring).served.flush()
    engine = open_database(Settings(home=home).resolved_database_url)
    yield export_dataset(engine, home / "export", draws=drawn_list)
    engine.dispose()


def test_only_lists_with_chance_are_exported_and_the_table_is_sound(
    exported: Dataset, served: list[dict[str, Any]], small_city: SmallCity
) -> None:
    table = exported.lists(small_city.market)
    SCHEMAS[Table.LISTS].validate(table)
    assert sorted(table[col.REQUEST_ID]) == sorted(answer["request_id"] for answer in served)
    assert table[col.LAT_FROM].notna().sum() == 1
    assert not [finding for finding in validate(exported).errors if finding.table == Table.LISTS]


def test_lists_are_read_back_as_they_were_drawn(
    exported: Dataset, served: list[dict[str, Any]], small_city: SmallCity
) -> None:
    places = Places.of(exported, small_city.market)
    lists = read_lists(exported, small_city.market, places, until=LATER)
    assert places.reach_km is None
    assert lists.left_out == 0
    by_diner = {answer["user_id"]: answer for answer in served}
    candidates = lists.candidates(places)
    for row, diner in enumerate(lists.diners.tolist()):
        answer = by_diner[places.diner_ids[diner]]
        ids = [item["restaurant_id"] for item in answer["items"]]
        assert places.restaurant_ids[lists.restaurants[row]].tolist() == ids
        assert candidates[row, lists.restaurants[row]].all()
        assert candidates[row].sum() <= EXPLORING.shortlist
    assert lists.ordered.sum() >= DINERS // 3 - 1


def test_the_policy_that_drew_them_has_weights_of_one(
    exploring: TestClient, exported: Dataset, served: list[dict[str, Any]], small_city: SmallCity
) -> None:
    """From the export alone: the same model at the same exploration gives each list the chance that was logged."""
    snapshot = services_of(exploring).state.snapshots[small_city.market]
    places = Places.of(exported, small_city.market)
    lists = read_lists(exported, small_city.market, places, until=LATER)
    target = Target.of_artifact(snapshot.artifact, places, EXPLORING.exploration)
    around = (lists.diners, places.distances_km(lists.lat, lists.lon), lists.candidates(places))
    weights, _ = target.look(*around)
    chances = plackett_luce.conditional(weights, lists.restaurants)
    np.testing.assert_allclose(chances / lists.propensities, 1.0, rtol=2e-3)
    found = estimate_model(exported, small_city.market, target, k=3, until=LATER)
    assert found["refused"] is None
    assert found["value"] == pytest.approx(found["naive"]["value"], rel=1e-2)


def test_a_list_with_sold_places_is_valued_by_its_draw() -> None:
    """What was drawn is the list, shown or pushed out; what was shown besides is kept, that its orders count."""
    document = {
        "filters": {"lat": None, "lon": None},
        "restaurant_ids": ["a", "ad", "b"],
        "draw": {
            "restaurant_ids": ["a", "b", "c"],
            "propensities": [0.5, 0.4, 0.3],
            "candidates": ["a", "b", "c", "d"],
        },
    }
    found = drawn_list(orjson.dumps(document))
    assert found is not None
    assert found[col.RESTAURANT_IDS] == ["a", "b", "c"]
    assert found[col.PROPENSITIES] == [0.5, 0.4, 0.3]
    assert found[col.ALSO_SHOWN] == ["ad"]
    assert drawn_list(orjson.dumps({key: value for key, value in document.items() if key != "draw"})) is None
