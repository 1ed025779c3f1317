"""Past answers made again, to the byte, whatever has changed since."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import delete, select, update

from services.audit.documents import read_document
from services.audit.seals import list_digest
from services.bootstrap import Services
from services.database.engine import open_database
from services.database.schema import replay_blobs, served_lists, served_seals
from services.database.transactions import reading, writing
from services.settings import Settings
from services.stakeholders.policy import AdPolicy
from tests.api.release_caller import Caller
from tests.conftest import SmallCity

SELLING = AdPolicy(money=0.004, max_calibration_error=1.0).model_dump(mode="json")
EVERYTHING: dict[str, Any] = {"exploration": 0.01, "ads": SELLING}


class Asking:
    """Diners who ask in all the ways there are, and remember what they were told."""

    def __init__(self, call: Caller, restaurants: list[dict[str, Any]]) -> None:
        self.call = call
        self.restaurants = restaurants
        self.random = random.Random(5)
        self.told: dict[str, bytes] = {}

    def ask(self, count: int) -> None:
        for _ in range(count):
            answer = self._rank() if self.random.random() < 0.15 else self._recommend()
            assert answer.status_code == 200, answer.text
            self.told[answer.json()["request_id"]] = answer.content
            if self.random.random() < 0.3:
                self._act(answer.json())

    def _diner(self) -> str:
        return self.random.choice([f"d0-{self.random.randrange(300):06d}", "a-stranger"])

    def _recommend(self) -> httpx2.Response:
        place = self.random.choice(self.restaurants)
        choices = (
            {},
            {"lat": place["lat"], "lon": place["lon"], "radius_km": 3.5},
            {"cuisine": place["cuisines"][0], "max_price": 3} if place["cuisines"] else {},
            {"open_at": "now"},
            {"exclude": place["restaurant_id"], "personalised": "false"},
            {"ads": "false"},
        )
        shape = {"k": self.random.choice([1, 5, 20, 50]), "explain": self.random.choice(["none", "reasons", "full"])}
        params = {"user_id": self._diner(), **shape, **self.random.choice(choices)}
        return self.call("app", "GET", "/v1/recommendations", params=params)

    def _rank(self) -> httpx2.Response:
        names = [one["restaurant_id"] for one in self.random.sample(self.restaurants, 30)]
        body = {"user_id": self._diner(), "restaurant_ids": names, "k": 10, "explain": "reasons"}
        return self.call("app", "POST", "/v1/rankings", json=body)

    def _act(self, answer: dict[str, Any]) -> None:
        if not answer["items"]:
            return
        item = self.random.choice(answer["items"])
        kind = self.random.choice(["click", "order", "dismiss"])
        event = {
            "event_id": f"e-{len(self.told)}",
            "type": kind,
            "user_id": answer["user_id"],
            "restaurant_id": item["restaurant_id"],
            "request_id": answer["request_id"],
            "at": answer["as_of"],
        }
        if kind == "order":
            event |= {"order_id": f"o-{len(self.told)}", "value": 2000}
        assert self.call("app", "POST", "/v1/events", json=event).status_code == 202


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def policy_now(call: Caller) -> list[str]:
    answer = call("app", "GET", "/v1/recommendations", params={"user_id": "d0-000001", "k": 1}).json()
    return [answer["policy"]["name"], answer["policy"]["version"], answer["model"]["version"]]


def activate(call: Caller, dials: dict[str, Any], etag: str | None) -> None:
    headers = {"If-Match": etag} if etag else {}
    assert call("sales", "PUT", "/v1/policies/all", json=dials, headers=headers).status_code == 200
    body = {"override": True, "reason": "a test"}
    assert call("admin", "POST", "/v1/policies/all/activate", json=body).status_code == 200
    version = call("sales", "GET", "/v1/policies/all").json()["version"]
    until(lambda: policy_now(call)[:2] == ["all", str(version)])


def advertise(call: Caller, restaurants: list[dict[str, Any]], bid: int, market: str) -> None:
    for number, one in enumerate(restaurants[::3]):
        path = f"/v1/campaigns/c{number:03d}"
        known = call("sales", "GET", path)
        headers = {"If-Match": known.headers["etag"]} if known.status_code == 200 else {}
        body = {
            "market": market,
            "restaurant_id": one["restaurant_id"],
            "payer": f"Payer {number}",
            "bid": bid + number,
            "billing": "order" if number % 2 else "click",
            "daily_budget": 100_000,
            "total_budget": 1_000_000,
        }
        assert call("sales", "PUT", path, json=body, headers=headers).status_code in (200, 201)


def live_through(call: Caller, small_city: SmallCity, lists: int) -> Asking:
    """Lists with ads and exploration on, before, between and after a change of everything there is."""
    restaurants = call("app", "GET", "/v1/restaurants", params={"limit": 1000}).json()["items"]
    asking, part = Asking(call, restaurants), lists // 6
    asking.ask(part)
    activate(call, EVERYTHING, None)
    advertise(call, restaurants, 60, small_city.market)
    until(lambda: sold(call))
    asking.ask(part)
    champion = policy_now(call)[2]
    waiting = [one for one in call("infra", "GET", "/v1/releases").json()["items"] if one["state"] == "challenger"]
    best = next(one["version"] for one in waiting if one["model"] == "lightfm")
    assert call("infra", "POST", f"/v1/releases/{best}/canary", json={"share": 0.5}).status_code == 200
    asking.ask(part)
    assert call("infra", "POST", f"/v1/releases/{best}/promote", json={}).status_code == 200
    until(lambda: policy_now(call)[2] != champion)
    asking.ask(part)
    first = restaurants[0]
    renamed = {name: value for name, value in first.items() if name != "restaurant_id"} | {"name": "Another name"}
    assert call("sales", "PUT", f"/v1/restaurants/{first['restaurant_id']}", json=renamed).status_code in (200, 201)
    advertise(call, restaurants, 90, small_city.market)
    asking.ask(part)
    activate(call, {**EVERYTHING, "exploration": 0.0, "shortlist": 60}, '"1"')
    asking.ask(lists - len(asking.told))
    return asking


def sold(call: Caller) -> bool:
    answer = call("app", "GET", "/v1/recommendations", params={"user_id": "d0-000002", "k": 20}).json()
    return any(item["sponsored"] for item in answer["items"])


def assert_replayed(call: Caller, asking: Asking) -> None:
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    services.served.flush()
    versions, ads = set(), 0
    for request_id, was in asking.told.items():
        made = services.replayer.replay(request_id)
        assert (made.identical, made.sealed, made.differences) == (True, True, ()), (made.differences, was)
        assert made.body == was
        answer = json.loads(was)
        versions.add((answer["policy"]["name"], answer["policy"]["version"], answer["model"]["version"]))
        ads += b'"sponsored":true' in was
    assert len({model for *_, model in versions}) == 2
    assert {(name, version) for name, version, _ in versions} == {("balanced", "1"), ("all", "1"), ("all", "2")}
    assert ads > len(asking.told) // 10
    newest = services.replayer.newest(len(asking.told))
    assert len(newest) == len(asking.told)


def test_past_answers_are_made_again_to_the_byte(call: Caller, small_city: SmallCity) -> None:
    assert_replayed(call, live_through(call, small_city, 200))


def test_records_of_before_are_replayed_and_explained_as_they_were(
    call: Caller, small_city: SmallCity, release_home: Path
) -> None:
    """Documents were JSON once, all of it; a home has them beside those of today."""
    asking = live_through(call, small_city, 60)
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    services.served.flush()
    now = {request_id: explained(call, request_id, was) for request_id, was in asking.told.items()}
    engine = open_database(Settings(home=release_home).resolved_database_url)
    with writing(engine) as connection:
        for row in connection.execute(select(served_lists)).all():
            document = orjson.dumps(read_document(row.document))
            head = (*row[:7], document, bytes(row.inputs))
            this = served_lists.c.request_id == row.request_id
            connection.execute(update(served_lists).where(this).values(document=document))
            sealed = served_seals.c.request_id == row.request_id
            connection.execute(update(served_seals).where(sealed).values(digest=list_digest(*head)))
    engine.dispose()
    assert list(services.anchors.findings()) == []
    assert_replayed(call, asking)
    assert {request_id: explained(call, request_id, was) for request_id, was in asking.told.items()} == now


def explained(call: Caller, request_id: str, was: bytes) -> Any:
    """The last entry's explanation; None for an empty list."""
    items = json.loads(was)["items"]
    if not items:
        return None
    entry = {"request_id": request_id, "restaurant_id": items[-1]["restaurant_id"]}
    answer = call("app", "GET", "/v1/explanations", params=entry)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.long
def test_a_thousand_past_answers_are_made_again_to_the_byte(call: Caller, small_city: SmallCity) -> None:
    assert_replayed(call, live_through(call, small_city, 1_000))


@pytest.fixture
def lived(call: Caller) -> tuple[Caller, str, bytes]:
    """One list that was served."""
    answer = call("app", "GET", "/v1/recommendations", params={"user_id": "d0-000001", "explain": "full"})
    return call, answer.json()["request_id"], answer.content


def test_the_auditor_replays_over_http(lived: tuple[Caller, str, bytes]) -> None:
    call, request_id, was = lived
    for role in ("auditor", "admin"):
        made = call(role, "GET", f"/v1/replays/{request_id}")
        assert made.status_code == 200, made.text
        assert (made.json()["identical"], made.json()["sealed"], made.json()["differences"]) == (True, True, [])
        assert was in made.content
    assert call("auditor", "GET", "/v1/replays/unknown").status_code == 404


def test_an_erased_diners_list_is_gone_and_the_chain_holds(lived: tuple[Caller, str, bytes]) -> None:
    call, request_id, _ = lived
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    services.served.flush()
    assert services.anchors.anchor() == 1
    assert call("app", "DELETE", "/v1/users/d0-000001").status_code == 200
    gone = call("auditor", "GET", f"/v1/replays/{request_id}")
    assert (gone.status_code, "erased" in gone.json()["detail"]) == (410, True)
    assert list(services.anchors.findings()) == []
    assert services.trail.first_broken() is None


def test_a_record_that_was_changed_is_told_apart(lived: tuple[Caller, str, bytes], release_home: Path) -> None:
    call, request_id, _ = lived
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    services.served.flush()
    engine = open_database(Settings(home=release_home).resolved_database_url)
    this = served_lists.c.request_id == request_id
    with reading(engine) as connection:
        was = connection.execute(select(served_lists.c.document).where(this)).scalar_one()
    with writing(engine) as connection:
        connection.execute(update(served_lists).where(this).values(document=was.replace(b'"k":20', b'"k":19')))
    made = call("auditor", "GET", f"/v1/replays/{request_id}").json()
    assert (made["identical"], made["sealed"]) == (False, False)
    assert made["differences"]
    [finding] = services.anchors.findings()
    assert (finding.where, finding.problem) == (request_id, "the list is not what was sealed")
    engine.dispose()


def test_what_is_not_kept_any_more_is_named(lived: tuple[Caller, str, bytes], release_home: Path) -> None:
    call, request_id, _ = lived
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    services.served.flush()
    engine = open_database(Settings(home=release_home).resolved_database_url)
    with writing(engine) as connection:
        connection.execute(delete(replay_blobs).where(replay_blobs.c.kind == "catalogue"))
    gone = call("auditor", "GET", f"/v1/replays/{request_id}")
    assert (gone.status_code, "catalogue" in gone.json()["detail"]) == (410, True)
    engine.dispose()
