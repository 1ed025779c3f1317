"""Lessons over HTTP: what was recorded at once, runs behind it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from services.clock import Clock
from services.database.engine import open_database
from services.lessons.lesson import Outcome
from services.lessons.registry import LESSONS
from services.lessons.runs import LEASE, LessonRuns
from services.retraining.lease import Leases
from services.settings import Settings
from tests.api.conftest import running

Call = Callable[..., httpx2.Response]


@pytest.fixture
def call(fresh_home: Any, small_city: Any, stack: Any) -> Call:
    """Calls as a role, over a home of this test's own."""
    client = stack.enter_context(running(fresh_home))

    def call(role: str, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {small_city.keys[role]}"}
        return client.request(method, f"/v1/lessons{path}", headers=headers, **options)

    return call


@pytest.fixture
def store(fresh_home: Any) -> Iterator[tuple[LessonRuns, Leases]]:
    engine = open_database(Settings(home=fresh_home).resolved_database_url)
    yield LessonRuns(engine, Clock()), Leases(engine, Clock())
    engine.dispose()


def test_all_lessons_are_listed_with_their_questions(as_role: Any) -> None:
    for role in ("app", "ml", "auditor"):
        items = as_role(role)("GET", "/v1/lessons").json()["items"]
        assert [item["number"] for item in items] == list(LESSONS)
        assert all(item["question"] and item["recorded"] and item["holds"] for item in items)
        assert items[2]["command"] == "tablestakes lesson 3"


def test_what_was_recorded_is_shown_at_once(as_role: Any) -> None:
    for number, lesson in LESSONS.items():
        body = as_role("app")("GET", f"/v1/lessons/{number}").json()
        assert (body["title"], body["would_change"]) == (lesson.title, list(lesson.would_change))
        outcome = Outcome.model_validate_json(json.dumps(body["outcome"]))
        assert outcome.lesson == number
        assert {figure.kind for figure in outcome.figures} <= {"lines", "bars", "scatter", "table", "lists"}


def test_a_run_is_queued_told_and_done(call: Call, store: tuple[LessonRuns, Leases]) -> None:
    runs, leases = store
    asked = call("auditor", "POST", "/3/runs", json={"short": True})
    assert asked.status_code == 202
    run = asked.json()
    assert asked.headers["location"] == f"/v1/lessons/3/runs/{run['run_id']}"
    assert (run["state"], run["short"], run["seeds"], run["requested_by"]) == ("queued", True, 2, "auditor")
    assert call("sales", "POST", "/3/runs", json={"short": True}).json()["run_id"] == run["run_id"]

    lease = leases.acquire(LEASE, "tests", 600.0)
    assert lease is not None
    taken = runs.take(lease)
    assert taken is not None
    runs.tell(lease, taken, "living with slower answers", 0.25)
    told = call("app", "GET", f"/3/runs/{run['run_id']}").json()
    assert (told["state"], told["progress"], told["doing"]) == ("running", 0.25, "living with slower answers")
    lesson = call("app", "GET", "/3").json()
    assert lesson["under_way"]["run_id"] == run["run_id"]
    assert lesson["last_run"] is None
    assert lesson["outcome"]["lesson"] == 3, "what was recorded stays while another run is under way"

    runs.done(lease, taken, Outcome.model_validate_json(json.dumps(lesson["outcome"])))
    lesson = call("app", "GET", "/3").json()
    assert lesson["under_way"] is None
    assert lesson["last_run"]["state"] == "done"
    assert lesson["last_run"]["outcome"] == lesson["outcome"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/9/runs", {}, 404, "there is no lesson 9"),
        ("/3/runs", {"seeds": 1}, 422, "body.seeds"),
        ("/3/runs", {"seeds": 21}, 422, "body.seeds"),
        ("/3/runs", {"speed": 1}, 422, "body.speed"),
        ("/x/runs", {}, 422, "number"),
    ],
)
def test_a_run_that_cannot_be_is_refused(
    as_role: Any, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = as_role("ml")("POST", f"/v1/lessons{path}", json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_what_is_not_there_is_404(as_role: Any) -> None:
    assert as_role("app")("GET", "/v1/lessons/9").status_code == 404
    assert as_role("app")("GET", f"/v1/lessons/3/runs/{'0' * 32}").status_code == 404
    assert as_role("app")("POST", "/v1/lessons/3/runs", json={}).status_code == 403
