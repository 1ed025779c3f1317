"""Every route with malformed, huge, not-a-number, unknown and duplicate input: a clear 4xx, never a 500."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

Call = Callable[..., httpx2.Response]

NASTY = [
    "",
    " ",
    "a b",
    "\x00",
    "%00",
    "../../etc/passwd",
    "x" * 5_000,
    "é\u202e",
    "NaN",
    "Infinity",
    "-1",
    "1e999",
    "9" * 400,
    "[]",
    "{}",
    "null",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
]
PARAMETERS = {
    "/v1/recommendations": ["user_id", "market", "k", "lat", "radius_km", "cuisine", "max_price", "open_at", "exclude",
                            "explain", "personalised", "ads", "policy"],
    "/v1/explanations": ["request_id", "restaurant_id"],
    "/v1/restaurants": ["market", "limit", "cursor"],
    "/v1/restaurants/r0-00001/similar": ["k"],
    "/v1/popular": ["market", "k", "lat", "lon", "radius_km"],
    "/v1/search": ["q", "market", "limit"],
    "/v1/users": ["market", "q", "limit", "cursor"],
}  # fmt: skip
REQUIRED = {"/v1/recommendations": {"user_id": "d0-000001"}, "/v1/search": {"q": "a"}}


def is_clear(answer: httpx2.Response) -> bool:
    """A good answer, or a problem that says what is wrong."""
    if answer.status_code < 400:
        return True
    problem = answer.json()
    return (
        answer.status_code < 500
        and answer.headers["content-type"] == "application/problem+json"
        and problem["status"] == answer.status_code
        and bool(problem["detail"])
        and len(answer.content) < 5_000
    )


@pytest.mark.parametrize("path", list(PARAMETERS))
def test_nasty_query_values(app: Call, path: str) -> None:
    for name in PARAMETERS[path]:
        for value in NASTY:
            answer = app("GET", path, params={**REQUIRED.get(path, {}), name: value})
            assert is_clear(answer), (path, name, value, answer.status_code, answer.text[:300])


@pytest.mark.parametrize("path", ["/v1/restaurants/{}", "/v1/restaurants/{}/similar", "/v1/users/{}"])
def test_nasty_paths(app: Call, path: str) -> None:
    for value in ("%00", "..%2f..%2f", "x" * 5_000, "%ff%fe", "a%20b", "%F0%9F%8D%9C", "unknown"):
        answer = app("GET", path.format(value))
        assert is_clear(answer), (path, value, answer.status_code, answer.text[:300])
        assert answer.status_code in (404, 422), (path, value)


RESTAURANT: dict[str, Any] = {"market": "aldermoor", "name": "A", "lat": 1.0, "lon": 1.0}
DINER: dict[str, Any] = {"market": "aldermoor", "profile": ["a=b"]}


@pytest.mark.parametrize(
    ("role", "path", "good"), [("sales", "/v1/restaurants/new-1", RESTAURANT), ("app", "/v1/users/new-1", DINER)]
)
def test_nasty_bodies(as_role: Callable[[str], Call], role: str, path: str, good: dict[str, Any]) -> None:
    call = as_role(role)
    names = [*good, "extra", "lat", "home_lat", "hours", "tags"]
    values: list[Any] = [None, "x" * 300, [], {}, [[]], 1e308, -1, ["no-equals"], [1] * 500, "\x00"]
    bad = [{**good, name: value} for name in names for value in values]
    for body in [*bad, [], None, 1, "text"]:
        answer = call("PUT", path, json=body)
        assert is_clear(answer), (body, answer.status_code, answer.text[:300])
    for raw in (b"", b"{", b"\xff", b'{"lat": NaN}', b'{"name": "\\ud800"}', b"[" * 50_000, b'{"lat": 1e999}'):
        answer = call("PUT", path, content=raw, headers={"Content-Type": "application/json"})
        assert is_clear(answer), (raw[:40], answer.status_code, answer.text[:300])
        assert answer.status_code in (400, 422), raw[:40]


def test_raw_query_strings(app: Call) -> None:
    for raw in ("user_id=%ff", "user_id=%zz", "&" * 400, "a=b&" * 400, "user_id=a&user_id=b", "user_id", "=", "%00=1"):
        answer = app("GET", f"/v1/recommendations?{raw}")
        assert is_clear(answer), (raw[:40], answer.status_code, answer.text[:300])


def test_unknown_paths_and_methods_are_problems(server: TestClient) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("PATCH", "/v1/events", 405), ("GET", "/v1/events", 405)):
        answer = server.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_huge_body_is_refused_before_it_is_read(server: TestClient, small_city: Any) -> None:
    read = 0

    def endless() -> Any:
        nonlocal read
        for _ in range(200):
            read += 1
            yield b" " * 100_000

    answer = server.post("/v1/events", content=endless(), headers={"Authorization": f"Bearer {small_city.keys['app']}"})

    assert answer.status_code == 413
    assert answer.json()["detail"] == "the body may have 1,000,000 bytes at most"


def test_true_is_no_number_and_a_number_is_no_time(as_role: Callable[[str], Call]) -> None:
    """What no schema says is not taken for what it says."""
    sales, app = as_role("sales"), as_role("app")
    for body in ({**RESTAURANT, "lat": True}, {**RESTAURANT, "opened_at": 0}, {**RESTAURANT, "delivery": 1}):
        assert sales("PUT", "/v1/restaurants/new-1", json=body).status_code == 422, body
    assert app("PUT", "/v1/users/new-1", json={**DINER, "home_lat": 1.0, "home_lon": False}).status_code == 422
    for at in (0, "0", "1767600000", "1e9", True):
        sent = {"event_id": "e", "type": "click", "user_id": "u", "restaurant_id": "r0-00001", "at": at}
        assert app("POST", "/v1/events", json=sent).json()["rejected"], at
        assert app("GET", f"/v1/recommendations?user_id=u&open_at={at}").status_code == 422, at
