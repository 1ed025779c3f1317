"""Lists over HTTP: what is in them, what filters do, and that the fast lane is the documented route."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from data.geo import distance_km
from services.api.schemas import Recommendations
from tests.api.conftest import running
from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]
DINER = "d0-000001"


def items(app: Call, **query: Any) -> list[dict[str, Any]]:
    answer = app("GET", "/v1/recommendations", params={"user_id": DINER, **query})
    assert answer.status_code == 200, answer.text
    Recommendations.model_validate_json(answer.content)
    return answer.json()["items"]


def test_a_list_is_ranked_by_score_and_names_what_made_it(app: Call, small_city: SmallCity) -> None:
    answer = app("GET", "/v1/recommendations", params={"user_id": DINER, "k": 7})

    body = answer.json()
    scores = [item["score"] for item in body["items"]]
    assert [item["rank"] for item in body["items"]] == list(range(1, 8))
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert len({item["restaurant_id"] for item in body["items"]}) == 7
    assert (body["market"], body["policy"]["name"], body["degraded"]) == (small_city.market, "balanced", [])
    assert body["model"]["version"].startswith("lightfm-")
    assert {"features", "ranking", "ads", "presentation"} == {
        stage.split(";")[0].strip() for stage in answer.headers["server-timing"].split(",")
    }


def test_the_list_is_personal(app: Call) -> None:
    lists = {tuple(item["restaurant_id"] for item in items(app, user_id=f"d0-{i:06d}", k=5)) for i in range(1, 21)}

    assert len(lists) > 10


def test_without_personalisation_everybody_gets_the_same(app: Call) -> None:
    users = (DINER, "d0-000002", "never-seen")
    lists = [items(app, user_id=user, personalised=False, explain="full") for user in users]

    assert lists[0] == lists[1] == lists[2]


def test_an_unknown_diner_gets_the_cold_start_answer(app: Call) -> None:
    assert len(items(app, user_id="nobody-knows-me")) == 20


def test_filters_filter(app: Call) -> None:
    cuisine = items(app)[0]["cuisines"][0]

    assert all(cuisine in item["cuisines"] for item in items(app, cuisine=cuisine.upper()))
    assert all(item["price_level"] <= 2 for item in items(app, max_price=2, k=100))
    assert all(item["open_now"] for item in items(app, open_at="now", k=100))
    assert items(app, cuisine="no such cuisine") == []
    best = [item["restaurant_id"] for item in items(app, k=3)]
    assert items(app, k=3, exclude=best[:2])[0]["restaurant_id"] == best[2]
    assert not set(best) & {item["restaurant_id"] for item in items(app, k=100, exclude=best)}


def test_a_place_bounds_the_list(app: Call) -> None:
    first = items(app, k=1)[0]
    place = {"lat": first["lat"], "lon": first["lon"]}

    near = items(app, k=100, radius_km=1.0, **place)

    assert first["restaurant_id"] in [item["restaurant_id"] for item in near]
    for item in near:
        km = float(distance_km(place["lat"], place["lon"], item["lat"], item["lon"]))
        assert km <= 1.0
        assert item["distance_km"] == pytest.approx(km, abs=1e-3)


def test_opening_hours_are_the_markets_own(app: Call, small_city: SmallCity) -> None:
    day = {item["restaurant_id"] for item in items(app, open_at="2026-01-09T12:30:00Z", k=100)}
    night = {item["restaurant_id"] for item in items(app, open_at="2026-01-09T04:00:00Z", k=100)}

    assert day != night
    assert day


def test_explanations_add_up_bit_for_bit(app: Call) -> None:
    answer = app("GET", "/v1/recommendations", params={"user_id": DINER, "explain": "full"}).json()

    for item in answer["items"]:
        total = 0.0
        for term in item["explanation"]["terms"]:
            total += term["value"]
        assert total == item["score"]
        query = {"request_id": answer["request_id"], "restaurant_id": item["restaurant_id"]}
        logged = app("GET", "/v1/explanations", params=query).json()
        assert logged["terms"] == item["explanation"]["terms"]
        assert (logged["score"], logged["rank"]) == (item["score"], item["rank"])
    assert logged["against_next"] == []


def test_reasons_are_few_and_not_always_the_same(app: Call) -> None:
    reasons = [item["reasons"] for item in items(app, explain="reasons")]

    assert all(len(listed) <= 3 for listed in reasons)
    assert any(listed for listed in reasons)
    assert all(item["reasons"] == [] for item in items(app))


def test_named_candidates_are_ranked_like_the_list(app: Call) -> None:
    ids = [item["restaurant_id"] for item in items(app, k=100)]

    body = {"user_id": DINER, "restaurant_ids": sorted(ids)[:50], "k": 50}
    ranked = app("POST", "/v1/rankings", json=body).json()["items"]

    assert [item["restaurant_id"] for item in ranked] == [name for name in ids if name in set(sorted(ids)[:50])]
    body["restaurant_ids"] = ["not-here"]
    assert app("POST", "/v1/rankings", json=body).status_code == 422


def test_request_ids_go_in_and_out(app: Call) -> None:
    given = app("GET", "/v1/recommendations", params={"user_id": DINER}, headers={"X-Request-ID": "mine-1"})
    nasty = app("GET", "/v1/recommendations", params={"user_id": DINER}, headers={"X-Request-ID": "a b<c>"})

    assert given.headers["x-request-id"] == "mine-1"
    assert nasty.headers["x-request-id"] not in ("", "a b<c>")
    assert given.json()["request_id"] != nasty.json()["request_id"]


QUERIES: list[dict[str, Any]] = [
    {"user_id": DINER},
    {"user_id": DINER, "k": 3, "explain": "full", "exclude": ["r0-00001", "r0-00002"]},
    {"user_id": DINER, "lat": 1},
    {"user_id": DINER, "k": 0},
    {"user_id": DINER, "k": "many"},
    {"user_id": DINER, "lat": "nan", "lon": "inf"},
    {"user_id": DINER, "unknown": "field"},
    {"user_id": DINER, "policy": "nope"},
    {"user_id": DINER, "market": "nowhere"},
    {"user_id": "a b"},
    {"user_id": ""},
    {"user_id": "x" * 129},
    {"user_id": DINER, "open_at": "2026-01-09T19:00:00"},
    {"user_id": DINER, "personalised": "perhaps"},
    {},
]


def test_the_fast_lane_answers_like_the_documented_route(fresh_home: Path, small_city: SmallCity) -> None:
    """Everything but the ids and times of the request is the same, on good and on bad input."""
    bearer = {"Authorization": f"Bearer {small_city.keys['app']}", "X-Request-ID": "same"}
    answers: list[list[tuple[int, str, Any]]] = []
    for hot_path in (True, False):
        with running(fresh_home, hot_path=hot_path) as client:
            got = [client.get("/v1/recommendations", params=query, headers=bearer) for query in QUERIES]
            got.append(client.get("/v1/recommendations", params=QUERIES[0]))
            got.append(client.get("/v1/recommendations", params=QUERIES[0], headers={"Authorization": "Bearer no"}))
        answers.append([(one.status_code, one.headers["content-type"], _comparable(one.json())) for one in got])

    for query, fast, documented in zip([*QUERIES, "no key", "bad key"], *answers, strict=True):
        assert fast == documented, query
    assert [status for status, _, _ in answers[0]].count(200) == 2


def _comparable(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("request_id", "as_of")}


def test_scores_survive_json(app: Call) -> None:
    assert all(math.isfinite(item["score"]) for item in items(app, k=100))
