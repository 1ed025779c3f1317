"""What every answer tells a browser: pages keep to themselves, data is data, and TLS is a setting."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from services.console.routes import _VIEWS
from tests.api.conftest import running

PAGES = [*(view.replace("{number:int}", "1") for view in _VIEWS), "/docs"]
REPORTS = ["/v1/fairness/report", "/v1/model-card?format=html", "/v1/ranking-policy?format=html"]
DATA = [
    "/v1/markets",
    "/v1/recommendations?user_id=d0-000001",
    "/v1/nothing",
    "/openapi.json",
    "/health/live",
    "/metrics",
]


def policy_of(answer: httpx2.Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def is_sealed(answer: httpx2.Response) -> bool:
    policy = policy_of(answer)
    return (
        answer.headers["x-content-type-options"] == "nosniff"
        and answer.headers["referrer-policy"] == "no-referrer"
        and policy["default-src"] == "'none'"
        and policy["frame-ancestors"] == "'none'"
        and "unsafe" not in answer.headers["content-security-policy"]
    )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_the_console_keeps_to_itself(server: TestClient, path: str) -> None:
    answer = server.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert is_sealed(answer)
    assert (
        answer.headers["cross-origin-opener-policy"] == answer.headers["cross-origin-resource-policy"] == "same-origin"
    )
    assert policy_of(answer)["script-src"] == "'self'"


@pytest.mark.parametrize("path", REPORTS)
def test_every_report_keeps_to_itself_and_runs_nothing(
    as_role: Callable[..., Callable[..., httpx2.Response]],
    app: Callable[..., httpx2.Response],
    server: TestClient,
    path: str,
) -> None:
    app("GET", "/v1/recommendations", params={"user_id": "d0-000001"})
    server.app.state.services.served.flush()  # where one diner has had all the lists there are no intervals to tell
    answer = as_role("auditor")("GET", path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert is_sealed(answer)
    assert (
        answer.headers["cross-origin-opener-policy"] == answer.headers["cross-origin-resource-policy"] == "same-origin"
    )
    assert "script-src" not in policy_of(answer)
    assert not re.search(r"<script|\son[a-z]+=|javascript:", answer.text)


def test_no_page_of_the_api_is_left_out(server: TestClient) -> None:
    """Whatever route comes to answer with HTML has to be added above."""
    paths = server.get("/openapi.json").json()["paths"]
    html = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if "text/html" in operation["responses"].get("200", {}).get("content", {})
    }

    assert html == {report.partition("?")[0] for report in REPORTS}


@pytest.mark.parametrize("path", DATA)
def test_answers_of_data_run_nothing_and_are_not_guessed_at(app: Callable[..., httpx2.Response], path: str) -> None:
    answer = app("GET", path)

    assert is_sealed(answer)
    assert "strict-transport-security" not in answer.headers
    assert len(answer.headers.get_list("x-content-type-options")) == 1


@pytest.mark.parametrize("path", ["/", "/v1/markets", "/v1/recommendations?user_id=d0-000001", "/v1/nothing"])
def test_tls_only_is_a_setting(fresh_home: Path, stack: ExitStack, path: str) -> None:
    client = stack.enter_context(running(fresh_home, hsts_seconds=31_536_000))

    assert client.get(path).headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
