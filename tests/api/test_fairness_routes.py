"""Fairness over HTTP: the live report, its page, a restaurant's view, and that protected words change no list."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def auditor(as_role: Callable[[str], Call], app: Call, server: Any) -> Call:
    """An auditor, after fifty diners had lists and most of them ordered."""
    call = as_role("auditor")
    users = [f"d0-{number:06d}" for number in range(1, 51)]
    for number, user in enumerate(users):
        listed = app("GET", "/v1/recommendations", params={"user_id": user, "k": 10}).json()
        chosen = listed["items"][number % 3]["restaurant_id"]
        event = {
            "event_id": f"fair-{user}",
            "type": "order",
            "user_id": user,
            "restaurant_id": chosen,
            "request_id": listed["request_id"],
            "at": listed["as_of"],
        }
        assert app("POST", "/v1/events", json=event).status_code == 202
    server.app.state.services.served.flush()  # a report is kept for a minute: none shall be made of half of them
    return call


def test_groups_of_restaurants_and_diners_are_compared(auditor: Call) -> None:
    answer = auditor("GET", "/v1/fairness")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["ok"], body["findings"]) == (None, None)
    assert body["about"]["lists"] >= 50
    assert {one["side"] for one in body["comparisons"]} == {"restaurants", "diners"}
    assert "kind" in {one["attribute"] for one in body["comparisons"]}
    assert all(group["n"] >= 5 for one in body["comparisons"] for group in one["groups"])
    assert 0.0 < body["metrics"]["coverage"]["value"] <= 1.0


def test_the_page_says_the_same_to_people(auditor: Call) -> None:
    page = auditor("GET", "/v1/fairness/report")

    assert page.headers["content-type"].startswith("text/html")
    assert "<svg" in page.text
    assert "not looked for in live lists" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "What this cannot say" in page.text


def test_a_restaurant_sees_why_it_is_shown(auditor: Call, app: Call) -> None:
    shown = app("GET", "/v1/recommendations", params={"user_id": "d0-000001", "k": 10}).json()["items"][0]

    body = auditor("GET", f"/v1/restaurants/{shown['restaurant_id']}/exposure").json()

    assert body["shown"] > 0
    assert {one["attribute"] for one in body["groups"]} <= {"kind", "district", "price level", "cuisine"}
    assert body["words"]


def test_who_is_not_there_is_not_found(auditor: Call) -> None:
    for path in (
        "/v1/restaurants/nobody/exposure",
        "/v1/fairness?market=nowhere",
        "/v1/fairness/report?market=nowhere",
    ):
        assert auditor("GET", path).status_code == 404, path


def test_a_protected_word_changes_no_list(app: Call, small_city: SmallCity) -> None:
    """The same newcomer twice, but for who they are."""
    profile = {"market": small_city.market, "profile": ["budget=low", "likes=thai"]}
    lists = []
    for origin in ("local", "eastern"):
        user = "flipped-diner"
        put = app("PUT", f"/v1/users/{user}", json={**profile, "protected": [f"origin={origin}"]})
        assert put.status_code == 200
        answer = app("GET", "/v1/recommendations", params={"user_id": user, "k": 20, "explain": "full"}).json()
        lists.append([(one["restaurant_id"], one["score"]) for one in answer["items"]])

    assert lists[0] == lists[1]
