"""OpenAPI 3.1 told in the words of 3.0, the newest form that the packaged Swagger UI draws.

`/openapi.json` stays the contract; this is for reading. The differences that FastAPI's documents use (OpenAPI
Initiative, "Migrating from OpenAPI 3.0 to 3.1.0"): null is a type in 3.1 and a flag in 3.0; an exclusive bound is a
number in 3.1 and a flag beside the bound in 3.0; `const` and a schema's `examples` are `enum` of one and `example`; a
`$ref` has no neighbours.
"""

from typing import Any, Final

_NULL: Final = {"enum": [None], "nullable": True}
"""What is always null, in the words of 3.0."""


def as_openapi_3_0(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of an OpenAPI 3.1 document in OpenAPI 3.0; what 3.0 cannot say is left out."""
    converted: dict[str, Any] = _converted(document)
    converted["openapi"] = "3.0.3"
    return converted


def _converted(node: Any) -> Any:
    if isinstance(node, list):
        return [_converted(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: node[key] if key in ("example", "default") else _converted(value) for key, value in node.items()}
    if copy.get("type") == "null":
        copy = {**{key: value for key, value in copy.items() if key != "type"}, **_NULL}
    if isinstance(copy.get("anyOf"), list):
        copy = _nullable(copy)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if _is_number(copy.get(exclusive)):
            copy[bound], copy[exclusive] = copy[exclusive], True
    if "const" in copy and _is_schema(copy):
        copy["enum"] = [copy.pop("const")]
    if isinstance(copy.get("examples"), list):
        copy.setdefault("example", next(iter(copy.pop("examples")), None))
    if isinstance(copy.get("$ref"), str) and len(copy) > 1:
        copy["allOf"] = [{"$ref": copy.pop("$ref")}]
    return copy


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """`anyOf: [X, null]` as X that may be null."""
    options = [option for option in schema["anyOf"] if option != _NULL]
    if len(options) == len(schema["anyOf"]):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(options) > 1:
        return {**rest, "anyOf": options, "nullable": True}
    return {**options[0], **rest, "nullable": True}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_schema(node: dict[str, Any]) -> bool:
    """Whether `const` is the keyword here and not the name of a property."""
    return not isinstance(node["const"], dict)
