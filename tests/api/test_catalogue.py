"""Restaurants over HTTP."""

import time
from collections.abc import Callable

import httpx2

from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]


def test_a_new_restaurant_can_be_recommended_within_two_seconds(
    as_role: Callable[[str], Call], app: Call, small_city: SmallCity
) -> None:
    model = app("GET", "/v1/restaurants", params={"limit": 1}).json()["items"][0]
    body = {name: model[name] for name in ("market", "lat", "lon", "cuisines", "price_level", "district", "tags")}

    put = as_role("sales")("PUT", "/v1/restaurants/brand-new", json={**body, "name": "Brand New"})
    deadline = time.monotonic() + 5
    found: list[str] = []
    while not found and time.monotonic() < deadline:
        query = {"user_id": "d0-000001", "restaurant_ids": ["brand-new"]}
        answer = app("POST", "/v1/rankings", json=query)
        found = [item["name"] for item in answer.json().get("items", [])]
        time.sleep(0.05)

    assert put.status_code == 200
    assert found == ["Brand New"]


def test_search_finds_words_of_name_and_cuisine(app: Call) -> None:
    place = app("GET", "/v1/restaurants", params={"limit": 5}).json()["items"][3]

    by_name = app("GET", "/v1/search", params={"q": place["name"].upper()}).json()["items"]
    by_cuisine = app("GET", "/v1/search", params={"q": place["cuisines"][0]}).json()["items"]

    assert place["restaurant_id"] in [item["restaurant_id"] for item in by_name]
    assert all(place["cuisines"][0] in item["cuisines"] for item in by_cuisine)
    assert app("GET", "/v1/search", params={"q": "zzzzqqq"}).json()["items"] == []


def test_similar_is_sorted_and_without_itself(app: Call) -> None:
    items = app("GET", "/v1/restaurants/r0-00001/similar", params={"k": 10}).json()["items"]

    scores = [item["score"] for item in items]
    assert len(items) == 10
    assert scores == sorted(scores, reverse=True)
    assert all(-1.001 <= score <= 1.001 for score in scores)
    assert "r0-00001" not in [item["restaurant_id"] for item in items]


def test_popular_is_sorted_and_bounded_by_a_place(app: Call) -> None:
    everywhere = app("GET", "/v1/popular", params={"k": 50}).json()["items"]
    at = {"lat": everywhere[0]["lat"], "lon": everywhere[0]["lon"]}
    near = app("GET", "/v1/popular", params={"k": 50, "radius_km": 1.0, **at}).json()["items"]

    scores = [item["score"] for item in everywhere]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert near[0]["restaurant_id"] == everywhere[0]["restaurant_id"]
    assert len(near) < 50 or near != everywhere
    assert app("GET", "/v1/popular", params={"lat": 1.0}).status_code == 422
