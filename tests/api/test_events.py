"""Event intake over HTTP: durable, idempotent, partial, and seen in the next list."""

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.conftest import running
from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]


def event(**fields: Any) -> dict[str, Any]:
    base = {
        "event_id": uuid.uuid4().hex,
        "type": "click",
        "user_id": "d0-000003",
        "restaurant_id": "r0-00001",
        "at": datetime.now(UTC).isoformat(),
    }
    return {**base, **fields}


def orders(count: int, **fields: Any) -> list[dict[str, Any]]:
    """A second apart: of two in one second one counts."""
    now = datetime.now(UTC)
    return [event(type="order", at=(now - timedelta(seconds=n)).isoformat(), **fields) for n in range(count)]


def test_one_event_an_array_and_lines_are_taken(app: Call) -> None:
    lines = "\n".join(json.dumps(event()) for _ in range(3)) + "\n\n"

    one = app("POST", "/v1/events", json=event())
    array = app("POST", "/v1/events", json=[event(), event()])
    ndjson = app("POST", "/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})

    assert [answer.status_code for answer in (one, array, ndjson)] == [202, 202, 202]
    assert [answer.json()["accepted"] for answer in (one, array, ndjson)] == [1, 2, 3]


def test_delivering_twice_counts_once(app: Call) -> None:
    sent = event()

    first, second = app("POST", "/v1/events", json=sent), app("POST", "/v1/events", json=[sent, sent])

    assert first.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert second.json() == {"accepted": 0, "duplicates": 2, "rejected": []}


def test_the_same_id_with_another_content_is_rejected(app: Call) -> None:
    sent = event()
    app("POST", "/v1/events", json=sent)

    answer = app("POST", "/v1/events", json={**sent, "type": "order"}).json()

    assert answer["accepted"] == answer["duplicates"] == 0
    assert answer["rejected"][0]["index"] == 0
    assert "another content" in answer["rejected"][0]["problem"]


BAD: list[tuple[str, Any]] = [
    ("user_id", event(user_id="")),
    ("user_id", event(user_id="a b")),
    ("user_id", event(user_id="x" * 10_000)),
    ("restaurant_id", event(restaurant_id="no-such-restaurant")),
    ("market", event(market="nowhere")),
    ("type", event(type="teleport")),
    ("at", event(at="yesterday")),
    ("at", event(at="2026-01-09T19:00:00")),
    ("at", event(at="2999-01-01T00:00:00Z")),
    ("at", event(at=1e300)),
    ("value", event(type="rating")),
    ("value", event(type="rating", value=6)),
    ("value", event(value=-1)),
    ("value", event(value=2**80)),
    ("unknown", event(unknown="field")),
    ("event_id", {key: value for key, value in event().items() if key != "event_id"}),
    ("", "just a text"),
    ("", None),
    ("", []),
    ("event_id", event(event_id="nul\u0000byte")),
]


@pytest.mark.parametrize(("where", "bad"), BAD)
def test_one_bad_event_never_loses_the_good_ones(app: Call, where: str, bad: Any) -> None:
    answer = app("POST", "/v1/events", json=[event(), bad, event()])

    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["accepted"] == 2
    assert [entry["index"] for entry in body["rejected"]] == [1]
    assert where in body["rejected"][0]["problem"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"value": NaN}', 400),
        (b'{"value": Infinity}', 400),
        (b"\xff\xfe", 400),
        (b'"\\ud800"', 400),
        (b"[" * 100_000, 400),
        (b"[]", 202),
        (b" " * 1_100_000, 413),
        (b"[" + b",".join([b"1"] * 1_001) + b"]", 413),
    ],
)
def test_a_body_that_is_no_events_is_a_clear_problem(app: Call, content: bytes, status: int) -> None:
    answer = app("POST", "/v1/events", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_broken_line_is_rejected_alone(app: Call) -> None:
    lines = [json.dumps(event()), "{broken", '{"value": NaN}', json.dumps(event())]

    answer = app(
        "POST", "/v1/events", content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"}
    ).json()

    assert answer["accepted"] == 2
    assert [entry["index"] for entry in answer["rejected"]] == [1, 2]


def top(app: Call, user: str, k: int = 100) -> list[str]:
    answer = app("GET", "/v1/recommendations", params={"user_id": user, "k": k})
    return [item["restaurant_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize("user", ["d0-000010", "a-diner-nobody-knew"])
def test_an_order_changes_the_next_list_within_a_second(app: Call, user: str) -> None:
    before = top(app, user)
    chosen = before[60]

    app("POST", "/v1/events", json=orders(3, user_id=user, restaurant_id=chosen))
    started = time.monotonic()
    while top(app, user).index(chosen) >= 60 and time.monotonic() - started < 1.0:
        time.sleep(0.02)

    assert top(app, user).index(chosen) < 30
    answer = app("GET", "/v1/recommendations", params={"user_id": user, "explain": "full", "k": 100}).json()
    terms = {item["restaurant_id"]: item["explanation"]["terms"] for item in answer["items"]}[chosen]
    assert {term["name"]: term["value"] for term in terms}["recency"] > 0


def test_a_dismissed_restaurant_is_gone_until_it_is_ordered_from(app: Call) -> None:
    user = "d0-000011"
    unwanted = top(app, user)[0]
    now = datetime.now(UTC)

    app("POST", "/v1/events", json=event(type="dismiss", user_id=user, restaurant_id=unwanted, at=now.isoformat()))
    without = top(app, user)
    later = (now + timedelta(seconds=1)).isoformat()
    app("POST", "/v1/events", json=event(type="order", user_id=user, restaurant_id=unwanted, at=later))

    assert unwanted not in without
    assert unwanted in top(app, user)


def test_what_was_acknowledged_outlives_the_process_and_the_cache(fresh_home: Path, small_city: SmallCity) -> None:
    bearer = {"Authorization": f"Bearer {small_city.keys['app']}"}
    with running(fresh_home) as client:
        query = {"user_id": "d0-000012", "k": 100}
        listed = client.get("/v1/recommendations", params=query, headers=bearer).json()["items"]
        before = [item["restaurant_id"] for item in listed]
        sent = orders(3, user_id="d0-000012", restaurant_id=before[60])
        assert client.post("/v1/events", json=sent, headers=bearer).json()["accepted"] == 3

    with running(fresh_home) as client:
        held = client.get("/v1/users/d0-000012", headers=bearer).json()
        listed = client.get("/v1/recommendations", params=query, headers=bearer).json()["items"]
        after = [item["restaurant_id"] for item in listed]

    assert {entry["event_id"] for entry in held["events"]} == {entry["event_id"] for entry in sent}
    assert after.index(before[60]) < 30
