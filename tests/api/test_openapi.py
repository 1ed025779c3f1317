"""The OpenAPI is what the API does: fuzzed from its own description, and its examples are true to it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import serving
from tests.conftest import SmallCity

SETTINGS = """
# Two checks know less than the contract. What a schema cannot say (a latitude comes with a longitude, a version that
# exists needs If-Match) is refused in words;
[checks]
positive_data_acceptance.enabled = false

# and an event that is none is rejected by its place in the delivery, so that it does not lose the good ones beside it.
[[operations]]
include-operation-id = "postEvents"
checks.negative_data_rejection.enabled = false
"""
CASES = re.compile(r"([\d,]+) generated")


@pytest.fixture
def live(fresh_home: Path) -> Iterator[str]:
    """A server in a process of its own; its address."""
    with serving(fresh_home) as (port, _):
        yield f"http://127.0.0.1:{port}"


def fuzz(address: str, key: str, examples: int, folder: Path) -> int:
    """Requests generated for every operation, good and bad ones, under all checks but two; how many there were."""
    (folder / "schemathesis.toml").write_text(SETTINGS)
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples", str(examples), "--seed", "1", "--workers", "1", "--no-color"]
    command = [str(program), "run", f"{address}/openapi.json", "-H", f"Authorization: Bearer {key}", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3_000)
    assert done.returncode == 0, done.stdout[-6000:].replace(key, "…") + done.stderr[-2000:]
    found = CASES.search(done.stdout)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_the_api_keeps_its_own_promises(live: str, small_city: SmallCity, tmp_path: Path) -> None:
    assert fuzz(live, small_city.keys["admin"], 3, tmp_path) > 1_000


@pytest.mark.long
def test_the_api_keeps_its_own_promises_at_length(live: str, small_city: SmallCity, tmp_path: Path) -> None:
    assert fuzz(live, small_city.keys["admin"], 400, tmp_path) >= 20_000


def test_a_method_that_is_not_there_is_answered_with_those_that_are(server: TestClient) -> None:
    assert server.patch("/v1/users/x").headers["allow"] == "DELETE, GET, PUT"
    assert server.put("/v1/events").headers["allow"] == "POST"


def documented(server: TestClient) -> dict[str, Any]:
    return server.get("/openapi.json").json()


def test_examples_fit_their_schemas(server: TestClient) -> None:
    document = documented(server)
    seen = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (body.get("content", {}).get("application/json", {}) for body in bodies):
                if "example" in content and "schema" in content:
                    jsonschema_rs.validate(
                        {**content["schema"], "components": document["components"]}, content["example"]
                    )
                    seen += 1
    assert seen >= 10


def test_every_operation_has_an_id_a_summary_and_problem_answers(server: TestClient) -> None:
    operations = [operation for methods in documented(server)["paths"].values() for operation in methods.values()]

    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        for status, answer in operation["responses"].items():
            if status.startswith("4"):
                assert list(answer["content"]) == ["application/problem+json"], (operation["operationId"], status)


def test_references_lead_somewhere(server: TestClient) -> None:
    document = documented(server)
    names = set(document["components"]["schemas"])

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    used = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert used <= names
    assert names <= used
