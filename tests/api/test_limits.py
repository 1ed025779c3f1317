"""Requests that are too large in any way are refused with a problem before work is done, on every route alike."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from services.api.limits import RequestLimits, deeper_than
from services.settings import Settings

Call = Callable[..., httpx2.Response]
FAST, SLOW = "/v1/recommendations", "/v1/popular"
lanes = pytest.mark.parametrize("path", [FAST, SLOW])


def refused(answer: httpx2.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    return str(answer.json()["detail"])


@lanes
def test_a_long_address_is_414(app: Call, path: str) -> None:
    assert app("GET", f"{path}?user_id={'x' * 30_000}").status_code == (422 if path == FAST else 200)

    assert "32,768 bytes" in refused(app("GET", f"{path}?user_id={'x' * 33_000}"), 414)


@lanes
def test_a_query_of_many_fields_is_400(app: Call, path: str) -> None:
    excluded = "&exclude=r" * 200
    assert app("GET", f"{path}?user_id=d0-000001{excluded}").status_code == 200

    assert "300 fields" in refused(app("GET", f"{path}?user_id=d{'&a=1' * 300}"), 400)


@lanes
def test_many_headers_are_431(app: Call, path: str) -> None:
    many = {f"x-{number}": "1" for number in range(101)}

    assert "100 headers" in refused(app("GET", path, headers=many), 431)


@lanes
def test_large_headers_are_431_even_without_a_key(server: TestClient, path: str) -> None:
    assert server.get(path, headers={"x-large": "y" * 15_000}).status_code == 401

    assert "16,384 bytes" in refused(server.get(path, headers={"x-large": "y" * 17_000}), 431)


@pytest.mark.parametrize(
    ("role", "method", "path"), [("app", "POST", "/v1/events"), ("sales", "PUT", "/v1/restaurants/r")]
)
@pytest.mark.parametrize("size", ["declared", "found out"])
def test_a_large_body_is_413_whoever_parses_it(
    as_role: Callable[[str], Call], role: str, method: str, path: str, size: str
) -> None:
    body = b'{"a": "' + b"x" * 1_000_100 + b'"}'
    content: Any = body if size == "declared" else iter([body[:600_000], body[600_000:]])

    answer = as_role(role)(method, path, content=content, headers={"Content-Type": "application/json"})

    assert "1,000,000 bytes" in refused(answer, 413)


@pytest.mark.parametrize(
    ("role", "method", "path"), [("app", "POST", "/v1/events"), ("sales", "PUT", "/v1/restaurants/r")]
)
@pytest.mark.parametrize("pair", ["[]", ("{", "}")])
def test_deep_json_is_400_whoever_parses_it(
    as_role: Callable[[str], Call], role: str, method: str, path: str, pair: Any
) -> None:
    opening = "[" if pair == "[]" else '{"a":'
    for levels in (33, 1_000, 100_000):
        body = opening * levels + "1" + pair[1] * levels
        answer = as_role(role)(method, path, content=body, headers={"Content-Type": "application/json"})

        assert "32 arrays and objects" in refused(answer, 400), levels


def test_a_length_of_thousands_of_digits_is_too_large(app: Call) -> None:
    refused(app("POST", "/v1/events", headers={"Content-Length": "9" * 5_000}), 413)


def test_a_limit_is_a_setting(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, max_headers=20)
    from services.api.app import _limits

    assert _limits(settings) == RequestLimits(headers=20)
    assert _limits(Settings(home=tmp_path)) == RequestLimits()


def levels_of(value: Any) -> int:
    """The oracle: how deep a value goes."""
    inner: Iterator[Any] = iter(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    return 1 + max(map(levels_of, inner), default=0) if isinstance(value, dict | list) else 0


texts = st.text(st.sampled_from('[]{}"\\a\n,é'), max_size=8)
documents = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=30,
)


@given(documents, st.integers(0, 8), st.booleans())
def test_depth_is_what_a_parser_finds(document: Any, levels: int, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode()

    assert deeper_than(body, levels) == (levels_of(document) > levels)
