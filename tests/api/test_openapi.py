"""The OpenAPI is what the API does: fuzzed from its own description, and its examples are true to it."""

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

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture
def live(fresh_home: Path) -> Iterator[str]:
    """A server in a process of its own; its address."""
    with serving(fresh_home) as (port, _):
        yield f"http://127.0.0.1:{port}"


def fuzz(address: str, key: str, examples: int, folder: Path) -> None:
    """Generated requests against every operation, good and bad ones, with the checks that need no opinion."""
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--checks", CHECKS, "--max-examples", str(examples), "--seed", "1", "--workers", "1", "--no-color"]
    command = [str(program), "run", f"{address}/openapi.json", "-H", f"Authorization: Bearer {key}", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-6000:].replace(key, "…") + done.stderr[-2000:]


def test_the_api_keeps_its_own_promises(live: str, small_city: SmallCity, tmp_path: Path) -> None:
    fuzz(live, small_city.keys["admin"], 15, tmp_path)


@pytest.mark.long
def test_the_api_keeps_its_own_promises_at_length(live: str, small_city: SmallCity, tmp_path: Path) -> None:
    fuzz(live, small_city.keys["admin"], 1_000, tmp_path)


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
