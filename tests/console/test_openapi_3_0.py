"""The reference's document: 3.1 told in the words of 3.0."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.api.app import create_app
from services.console.openapi_3_0 import as_openapi_3_0
from services.settings import Settings


def schema_as_3_0(schema: dict[str, Any]) -> dict[str, Any]:
    document = {"openapi": "3.1.0", "components": {"schemas": {"It": schema}}}
    return as_openapi_3_0(document)["components"]["schemas"]["It"]


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (
            {"anyOf": [{"type": "integer", "maximum": 4}, {"type": "null"}], "title": "Price"},
            {"type": "integer", "maximum": 4, "title": "Price", "nullable": True},
        ),
        (
            {"anyOf": [{"$ref": "#/components/schemas/Sponsor"}, {"type": "null"}]},
            {"allOf": [{"$ref": "#/components/schemas/Sponsor"}], "nullable": True},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        ),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0, "exclusiveMinimum": True}),
        ({"type": "number", "exclusiveMaximum": 1.5}, {"type": "number", "maximum": 1.5, "exclusiveMaximum": True}),
        ({"type": "null", "title": "Sponsor"}, {"enum": [None], "nullable": True, "title": "Sponsor"}),
        ({"const": "now", "type": "string"}, {"enum": ["now"], "type": "string"}),
        ({"type": "string", "examples": ["thai", "greek"]}, {"type": "string", "example": "thai"}),
        (
            {"type": "object", "properties": {"const": {"type": "string"}, "examples": {"type": "array"}}},
            {"type": "object", "properties": {"const": {"type": "string"}, "examples": {"type": "array"}}},
        ),
        (
            {"type": "object", "example": {"const": 1, "examples": []}},
            {"type": "object", "example": {"const": 1, "examples": []}},
        ),
    ],
)
def test_each_difference(newer: dict[str, Any], older: dict[str, Any]) -> None:
    assert schema_as_3_0(newer) == older


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """All objects of a document but those inside examples and defaults."""
    if isinstance(node, list):
        for item in node:
            yield from nodes(item)
    elif isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in ("example", "default", "examples"):
                yield from nodes(value)


def test_nothing_of_3_1_is_left_in_the_applications_document(tmp_path: Path) -> None:
    exact = create_app(Settings(home=tmp_path)).openapi()
    told = as_openapi_3_0(exact)

    assert exact["openapi"].startswith("3.1")
    assert told["openapi"] == "3.0.3"
    assert told["paths"].keys() == exact["paths"].keys()
    for node in nodes(told):
        assert node.get("type") != "null"
        assert not isinstance(node.get("type"), list)
        assert not isinstance(node.get("const"), str)
        assert node.get("exclusiveMinimum") in (None, True)
        assert node.get("exclusiveMaximum") in (None, True)
        assert "$ref" not in node or len(node) == 1
