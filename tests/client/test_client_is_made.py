"""The generated client is what the kept OpenAPI makes it, and nobody's hand has been in it."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.client.conftest import ROOT


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("client_script", ROOT / "scripts" / "client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_client_is_made_from_the_kept_openapi(script: ModuleType) -> None:
    assert script.stale() == [], "run: make client"


def test_what_it_is_not_made_from_any_more_is_said(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "package"
    shutil.copytree(script.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(script, "PACKAGE", package)
    assert script.main(["--check"]) == 0

    with (package / "models" / "lack.py").open("a") as file:
        file.write("# by hand\n")
    document = json.loads(script.OPENAPI.read_text())
    document["components"]["schemas"]["Lack"]["properties"]["since"] = {"type": "string"}
    monkeypatch.setattr(script, "OPENAPI", tmp_path / "openapi.json")
    script.OPENAPI.write_text(json.dumps(document))
    assert script.main(["--check"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [("not what it was made from" in line, "by hand" in line) for line in said] == [(True, False), (False, True)]

    (package / "made-from.json").unlink()
    assert script.stale() == ["there is none"]


def test_an_example_alone_makes_no_new_client(script: ModuleType) -> None:
    document = json.loads(script.OPENAPI.read_text())
    operation = document["paths"]["/v1/recommendations"]["get"]
    before = script.prepared(document)
    operation["responses"]["200"]["content"]["application/json"]["example"]["user_id"] = "somebody else"
    assert script.prepared(document) == before


DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things": {
            "put": {
                "operationId": "putThing",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingWrite"}}}
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "state": {"anyOf": [{"type": "string", "enum": ["on", "off"]}, {"type": "null"}]},
                    "drawn": {
                        "oneOf": [{"$ref": "#/components/schemas/Line"}],
                        "discriminator": {"propertyName": "kind"},
                    },
                },
            },
            "Line": {"type": "object", "properties": {"kind": {"const": "line"}}},
            "ThingWrite": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"state": {"type": "string", "enum": ["on", "off"]}},
            },
        }
    },
}


def test_what_is_read_is_open_and_what_is_sent_is_not(script: ModuleType) -> None:
    made = script.prepared(DOCUMENT)
    schemas = made["components"]["schemas"]
    assert schemas["Thing"]["properties"]["state"]["anyOf"] == [
        {"$ref": "#/components/schemas/ThingState"},
        {"type": "string"},
        {"type": "null"},
    ]
    assert {"$ref": "#/components/schemas/Unknown"} in schemas["Thing"]["properties"]["drawn"]["oneOf"]
    assert "additionalProperties" not in schemas["Thing"]
    assert schemas["ThingWrite"]["additionalProperties"] is False
    assert schemas["ThingWrite"]["properties"]["state"] == {"$ref": "#/components/schemas/ThingWriteState"}
    assert schemas["ThingState"]["enum"] == ["on", "off"]
    assert list(made["paths"]["/things"]["put"]["responses"]) == ["200"]


def test_two_schemas_that_would_have_one_name_are_refused(script: ModuleType) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    document["components"]["schemas"]["ThingState"] = {"type": "object"}
    with pytest.raises(ValueError, match="two schemas would be called ThingState"):
        script.prepared(document)


def test_every_name_of_the_api_is_a_name_and_no_artefact() -> None:
    document = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text())
    for name, schema in document["components"]["schemas"].items():
        assert name.isalnum(), name
        assert schema["title"] == name
        assert not name.endswith(("Input", "Output")), name
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names) > 70
    assert all(name.isalnum() and name[0].islower() for name in names)
    assert all(len(one["tags"]) == 1 for one in operations)
