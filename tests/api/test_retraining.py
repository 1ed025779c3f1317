"""Asking for a retraining run, and looking at it."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.retraining.job import RetrainingJob
from services.settings import Settings
from tests.api.conftest import running

Call = Callable[..., httpx2.Response]


@pytest.fixture
def ml(fresh_home: Any, small_city: Any, stack: Any) -> Call:
    """The ML seat over a home of this test's own."""
    client = stack.enter_context(running(fresh_home))
    headers = {"Authorization": f"Bearer {small_city.keys['ml']}"}

    def call(method: str, path: str, **options: Any) -> httpx2.Response:
        return client.request(method, f"/v1/retraining/runs{path}", headers=headers, **options)

    return call


def test_a_run_is_queued_done_and_shown(ml: Call, fresh_home: Any, small_city: Any) -> None:
    asked = ml("POST", "", json={"models": ["popular"]})
    assert asked.status_code == 202
    run = asked.json()
    assert asked.headers["location"] == f"/v1/retraining/runs/{run['run_id']}"
    assert (run["state"], run["requested_by"], run["models"]) == ("queued", "ml", ["popular"])
    waiting = ml("GET", f"/{run['run_id']}").json()
    assert (waiting["progress"], waiting["log"], waiting["versions"]) == (0.0, [], [])
    assert {step["state"] for step in waiting["steps"]} == {"waiting"}

    again = ml("POST", "", json={})
    assert again.status_code == 409
    assert again.json()["run"] == run

    # The home of this test has no events: the job must say so, and the run must not stay open.
    settings = Settings(home=fresh_home)
    engine = open_database(settings.resolved_database_url)
    RetrainingJob(engine, settings, Clock()).work()
    engine.dispose()
    over = ml("GET", f"/{run['run_id']}", params={"log": 3}).json()
    assert over["state"] == "failed"
    assert "0 positive events" in over["reasons"][0]
    assert len(over["log"]) == 3
    assert over["log"][-1]["event"] == "run_over"
    done = {step["step"]: step for step in over["steps"] if step["state"] == "done"}
    assert list(done) == ["snapshot", "validate"]
    assert str(fresh_home) not in str(done), "the server's folders are its own"
    assert ml("POST", "", json={}).json()["models"] == ["lightfm"]
    listed = ml("GET", "", params={"limit": 1}).json()
    assert listed["items"][0]["run_id"] > run["run_id"]
    following = ml("GET", "", params={"cursor": listed["next"]}).json()
    assert [item["run_id"] for item in following["items"]] == [run["run_id"]]
    assert following["next"] is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"models": ["martian"]}, "no model 'martian'"),
        ({"models": ["popular", "popular"]}, "each model once"),
        ({"models": []}, "body.models"),
        ({"seed": -1}, "body.seed"),
        ({"speed": 1}, "body.speed"),
    ],
)
def test_a_run_that_cannot_be_is_refused(as_role: Any, body: dict[str, Any], words: str) -> None:
    answer = as_role("ml")("POST", "/v1/retraining/runs", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_a_run_that_is_not_there(as_role: Any) -> None:
    assert as_role("auditor")("GET", f"/v1/retraining/runs/{'0' * 32}").status_code == 404
    assert as_role("auditor")("GET", "/v1/retraining/runs/nothing").status_code == 422
    assert as_role("ml")("POST", "/v1/retraining/runs?market=nowhere", json={}).status_code == 404


def test_a_request_is_in_the_audit_trail(ml: Call, fresh_home: Any) -> None:
    run = ml("POST", "", json={"models": ["popular"]}).json()
    engine = open_database(Settings(home=fresh_home).resolved_database_url)
    record = AuditTrail(engine, Clock()).page(limit=1)[0]
    engine.dispose()
    assert (record.role, record.action, record.subject) == ("ml", "retraining.request", run["run_id"])
