"""Profiles, what is held, and erasure."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from services.audit.pseudonyms import pseudonym
from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]


def put(app: Call, market: str, **fields: Any) -> str:
    user = f"new-{uuid.uuid4().hex[:8]}"
    answer = app("PUT", f"/v1/users/{user}", json={"market": market, **fields})
    assert answer.status_code == 200, answer.text
    return user


def test_a_profile_is_stored_and_shapes_the_list(app: Call, small_city: SmallCity) -> None:
    known = app("GET", "/v1/users", params={"limit": 50}).json()["items"]
    profiles = {tuple(diner["profile"]) for diner in known}

    lists = set()
    for profile in list(profiles)[:5]:
        user = put(app, small_city.market, profile=list(profile))
        items = app("GET", "/v1/recommendations", params={"user_id": user, "k": 10}).json()["items"]
        lists.add(tuple(item["restaurant_id"] for item in items))

    assert len(lists) > 1


def test_a_home_makes_distances(app: Call, small_city: SmallCity) -> None:
    place = app("GET", "/v1/restaurants", params={"limit": 1}).json()["items"][0]
    user = put(app, small_city.market, home_lat=place["lat"], home_lon=place["lon"])

    items = app("GET", "/v1/recommendations", params={"user_id": user}).json()["items"]

    assert all(item["distance_km"] is not None for item in items)


def test_erasure_leaves_nothing(app: Call, small_city: SmallCity) -> None:
    user = put(app, small_city.market, profile=["budget=low"], protected=["age_group=25-34"])
    answer = app("GET", "/v1/recommendations", params={"user_id": user}).json()
    event = {
        "event_id": uuid.uuid4().hex,
        "type": "order",
        "user_id": user,
        "restaurant_id": answer["items"][0]["restaurant_id"],
        "request_id": answer["request_id"],
        "at": datetime.now(UTC).isoformat(),
    }
    app("POST", "/v1/events", json=event)
    held = app("GET", f"/v1/users/{user}").json()
    assert (len(held["events"]), held["served_lists"], held["protected"]) == (1, 1, ["age_group=25-34"])

    erased = app("DELETE", f"/v1/users/{user}").json()

    assert erased == {"user_id": user, "events": 1, "served_lists": 1, "exports": 0}
    assert app("GET", f"/v1/users/{user}").status_code == 404
    query = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]}
    assert app("GET", "/v1/explanations", params=query).status_code == 404
    terms = app("GET", "/v1/recommendations", params={"user_id": user, "explain": "full"}).json()["items"][0]
    assert {term["name"]: term["value"] for term in terms["explanation"]["terms"]}["recency"] == 0


def test_an_erasure_is_in_the_trail_and_the_diner_is_not(
    as_role: Callable[[str], Call], api_home: Path, small_city: SmallCity
) -> None:
    app = as_role("app")
    user = put(app, small_city.market, profile=["budget=low"])
    assert app("DELETE", f"/v1/users/{user}").status_code == 200
    assert app("DELETE", f"/v1/users/{user}").status_code == 404

    answer = as_role("auditor")("GET", "/v1/audit-trail", params={"limit": 1_000})
    secret = (api_home / "pseudonym.secret").read_bytes()
    records = [item for item in answer.json()["items"] if item["subject"] == pseudonym(secret, user)]
    assert [(item["action"], item["role"], item["market"], item["document"]) for item in records] == [
        (
            "diner.erase",
            "app",
            small_city.market,
            {"before": {"events": 0, "served_lists": 0}, "after": None, "reason": ""},
        )
    ]
    assert user not in answer.text
    assert answer.json()["verified"] is True


def test_protected_attributes_are_not_listed(app: Call) -> None:
    assert all(diner["protected"] == [] for diner in app("GET", "/v1/users", params={"limit": 100}).json()["items"])


def test_pages_join_without_gap_or_repeat(app: Call) -> None:
    whole = [diner["user_id"] for diner in app("GET", "/v1/users", params={"limit": 30}).json()["items"]]
    paged: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = app("GET", "/v1/users", params={"limit": 10, **cursor}).json()
        paged += [diner["user_id"] for diner in page["items"]]
        cursor = {"cursor": page["next"]}

    assert paged == whole
