"""A latency budget and a caller's deadline: what a list can do without is left out in the stated order, and said."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.api.schemas import Lack
from services.bootstrap import Services
from services.serving.recommender import DEGRADED
from tests.api.conftest import running
from tests.api.release_caller import Caller
from tests.api.test_replay import SELLING, activate, advertise, until
from tests.api.test_second_stage_served import home  # noqa: F401 - a fixture
from tests.conftest import SmallCity

EVERYTHING_LATE = ["features-late", "second-stage-skipped", "ads-skipped", "reasons-skipped"]
SPENT = 1e-6
"""Milliseconds: spent before the first stage ends."""
QUERY = {"user_id": "d0-000003", "k": 20, "explain": "full"}


def codes(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [note["code"] for note in answer.json()["degraded"]]


@pytest.fixture(scope="module")
def call(home: Path, small_city: SmallCity) -> Iterator[Caller]:  # noqa: F811
    """A model with a second stage under a policy that sells places, first without a budget."""
    with running(home, refresh_seconds=0.1) as client:
        found = Caller(client, dict(small_city.keys))
        restaurants = found("app", "GET", "/v1/restaurants", params={"limit": 1000}).json()["items"]
        activate(found, {"ads": SELLING, "exploration": 0.01}, None)
        advertise(found, restaurants, 60, small_city.market)
        until(lambda: any(item["sponsored"] for item in asked(found).json()["items"]))
        yield found


def asked(call: Caller, headers: dict[str, str] | None = None, **query: Any) -> httpx2.Response:
    return call("app", "GET", "/v1/recommendations", params={**QUERY, **query}, headers=headers or {})


def under_budget(call: Caller, milliseconds: float) -> None:
    etag = call("sales", "GET", "/v1/policies/all").headers["etag"]
    activate(call, {"ads": SELLING, "exploration": 0.01, "latency_budget_ms": milliseconds}, etag)


@pytest.fixture
def spent(call: Caller) -> Iterator[None]:
    under_budget(call, SPENT)
    yield
    under_budget(call, 0.0)


def test_a_spent_budget_leaves_out_everything_optional_in_order_and_says_so(call: Caller, spent: None) -> None:
    answer = asked(call)
    assert codes(answer) == EVERYTHING_LATE
    items = answer.json()["items"]
    assert len(items) == 20
    assert not any(item["sponsored"] or item["reasons"] for item in items)
    for item in items:
        terms = {term["name"]: term["value"] for term in item["explanation"]["terms"]}
        assert terms["second_stage"] == 0.0
        assert terms["payment"] == 0.0
        total = 0.0
        for value in terms.values():
            total += value
        assert total == item["score"]


def test_only_what_would_have_been_there_is_said_to_be_left_out(call: Caller, spent: None) -> None:
    assert codes(asked(call, explain="none", ads="false", personalised="false")) == ["second-stage-skipped"]


def test_a_budget_that_is_not_spent_changes_nothing(call: Caller) -> None:
    under_budget(call, 60_000.0)
    answer = asked(call)
    under_budget(call, 0.0)
    assert codes(answer) == []
    assert any(item["sponsored"] for item in answer.json()["items"])
    assert all(item["reasons"] for item in answer.json()["items"])


def test_lists_with_stages_left_out_are_made_again_to_the_byte(call: Caller, spent: None) -> None:
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    for explain in ("none", "reasons", "full"):
        answer = asked(call, explain=explain)
        assert "second-stage-skipped" in codes(answer)
        services.served.flush()
        made = services.replayer.replay(answer.json()["request_id"])
        assert (made.identical, made.sealed, made.differences) == (True, True, ())
        assert made.body == answer.content


def test_an_entry_of_such_a_list_is_explained_exactly(call: Caller, spent: None) -> None:
    answer = asked(call).json()
    named = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]}
    found = call("app", "GET", "/v1/explanations", params=named).json()
    assert found["score"] == answer["items"][0]["score"]
    assert found["exact"] is True
    assert found["second_stage"] == []


@pytest.mark.parametrize("header", ["X-Request-Timeout-Ms", "X-Envoy-Expected-Rq-Timeout-Ms"])
def test_a_caller_who_waits_long_gets_everything(call: Caller, header: str) -> None:
    assert codes(asked(call, {header: "60000"})) == []


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "", "1" * 10, "١"])
def test_a_timeout_that_is_none_is_400_and_named(call: Caller, value: str) -> None:
    refused = asked(call, {b"X-Request-Timeout-Ms": value.encode()})  # type: ignore[dict-item]
    assert refused.status_code == 400
    assert "x-request-timeout-ms" in refused.json()["detail"]
    body = {"user_id": "d0-000003", "restaurant_ids": ["none"]}
    other = call("app", "POST", "/v1/rankings", json=body, headers={b"X-Request-Timeout-Ms": value.encode()})
    assert other.status_code in (400, 422)


def test_a_slow_database_is_not_waited_for_beyond_the_budget_and_what_it_had_is_there_next_time(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    services: Services = call.client.app.state.services  # type: ignore[attr-defined]
    diners, held, loaded = services.recommender._diners, threading.Event(), threading.Event()
    load = diners.load

    def slow(*given: Any) -> Any:
        held.wait(30)
        found = load(*given)
        loaded.set()
        return found

    monkeypatch.setattr(diners, "load", slow)
    under_budget(call, 150.0)
    try:
        began = time.monotonic()
        answer = asked(call, user_id="a-diner-of-no-model")
        assert time.monotonic() - began < 20
        assert codes(answer)[0] == "features-late"
        assert not loaded.is_set()
        held.set()
        assert loaded.wait(20)
        until(lambda: "features-late" not in codes(asked(call, user_id="a-diner-of-no-model")))
    finally:
        held.set()
        under_budget(call, 0.0)


def test_the_contract_names_every_code() -> None:
    assert Lack.model_json_schema()["properties"]["code"]["enum"] == list(DEGRADED)
