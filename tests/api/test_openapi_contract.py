"""What breaks a client is found and said, and what does not is let through."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from services.api.app import create_app
from services.api.contract import breaks
from services.settings import Settings

Document = dict[str, Any]

SAMPLE: Document = {
    "paths": {
        "/things/{id}": {
            "get": {
                "operationId": "getThing",
                "x-roles": ["app", "ml"],
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string", "maxLength": 64}},
                    {"in": "query", "name": "k", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
                    {"in": "query", "name": "sort", "schema": {"enum": ["new", "old"], "type": "string"}},
                ],
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"content": {"application/problem+json": {}}},
                },
            },
            "put": {
                "operationId": "putThing",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingWrite"}}}
                },
                "responses": {"204": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name", "state"],
                "properties": {
                    "name": {"type": "string", "maxLength": 10},
                    "state": {"type": "string", "enum": ["open", "shut"]},
                    "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
                    "count": {"type": "integer"},
                    "inside": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                },
            },
            "ThingWrite": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "price": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                    "tags": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
                    "when": {"type": "string"},
                },
            },
        }
    },
}
GET, PUT = "GET /things/{id}", "PUT /things/{id}"


def get(document: Document) -> Any:
    return document["paths"]["/things/{id}"]["get"]


def put(document: Document) -> Any:
    return document["paths"]["/things/{id}"]["put"]


def read(document: Document) -> Any:
    return document["components"]["schemas"]["Thing"]


def written(document: Document) -> Any:
    return document["components"]["schemas"]["ThingWrite"]


BREAKS: dict[str, tuple[Callable[[Document], Any], str]] = {
    "operation": (lambda d: d["paths"]["/things/{id}"].pop("put"), f"{PUT} is gone"),
    "path": (lambda d: d["paths"].clear(), f"{GET} is gone"),
    "name": (
        lambda d: get(d).update(operationId="readThing"),
        f"{GET}: its operationId was getThing and is readThing",
    ),
    "role": (lambda d: get(d).update({"x-roles": ["ml"]}), f"{GET}: app may no longer call it"),
    "parameter gone": (lambda d: get(d)["parameters"].pop(1), f"{GET}: query k is gone"),
    "parameter needed": (
        lambda d: get(d)["parameters"][1].update(required=True),
        f"{GET}: query k must now be there",
    ),
    "parameter new": (
        lambda d: get(d)["parameters"].append({"in": "query", "name": "why", "required": True, "schema": {}}),
        f"{GET}: query why is new and must be there",
    ),
    "bound": (
        lambda d: get(d)["parameters"][1]["schema"].update(maximum=50),
        f"{GET}: query k: maximum was 100 and is 50",
    ),
    "bound new": (
        lambda d: written(d)["properties"]["name"].update(maxLength=9),
        f"{PUT}: body.name: maxLength was not bounded and is 9",
    ),
    "pattern": (
        lambda d: written(d)["properties"]["name"].update(pattern="^a"),
        f"{PUT}: body.name: pattern was not asked for and is ^a",
    ),
    "items": (
        lambda d: written(d)["properties"]["tags"].update(maxItems=4),
        f"{PUT}: body.tags: maxItems was 5 and is 4",
    ),
    "value gone": (
        lambda d: get(d)["parameters"][2]["schema"].update(enum=["new"]),
        f"{GET}: query sort: no longer takes 'old'",
    ),
    "value asked for": (
        lambda d: written(d)["properties"]["when"].update(enum=["now"]),
        f"{PUT}: body.when: takes only 'now'",
    ),
    "type of items": (
        lambda d: written(d)["properties"]["tags"]["items"].update(type="integer"),
        f"{PUT}: body.tags[]: no longer takes string",
    ),
    "null": (
        lambda d: written(d)["properties"].update(price={"type": "number"}),
        f"{PUT}: body.price: no longer takes null",
    ),
    "whole": (
        lambda d: written(d)["properties"].update(price={"type": ["integer", "null"]}),
        f"{PUT}: body.price: no longer takes number",
    ),
    "format": (
        lambda d: written(d)["properties"]["when"].update(format="date-time"),
        f"{PUT}: body.when: no longer takes string",
    ),
    "field needed": (
        lambda d: written(d)["required"].append("price"),
        f"{PUT}: body.price must now be there",
    ),
    "field new and needed": (
        lambda d: (written(d)["properties"].update(who={}), written(d)["required"].append("who")),
        f"{PUT}: body.who must now be there",
    ),
    "written field gone": (lambda d: written(d)["properties"].pop("when"), f"{PUT}: body.when is gone"),
    "closed": (
        lambda d: written(d).update(additionalProperties=False),
        f"{PUT}: body: takes no other fields any more",
    ),
    "body needed": (
        lambda d: put(d)["requestBody"].update(required=True),
        f"{PUT}: a body must now be there",
    ),
    "body gone": (lambda d: put(d).pop("requestBody"), f"{PUT}: takes no body any more"),
    "body's form": (
        lambda d: put(d)["requestBody"].update(content={"text/csv": {}}),
        f"{PUT}: a body of application/json is no longer taken",
    ),
    "status": (
        lambda d: put(d).update(responses={"200": {}}),
        f"{PUT}: 204 is no longer answered",
    ),
    "header": (
        lambda d: get(d)["responses"]["200"].pop("headers"),
        f"{GET}: 200 comes without the header ETag",
    ),
    "answer's form": (
        lambda d: get(d)["responses"]["200"].update(content={"text/csv": {}}),
        f"{GET}: 200 is no longer answered as application/json",
    ),
    "read field gone": (lambda d: read(d)["properties"].pop("count"), f"{GET}: 200.count is gone"),
    "read field not promised": (
        lambda d: read(d)["required"].remove("name"),
        f"{GET}: 200.name need no longer be there",
    ),
    "read value new": (
        lambda d: read(d)["properties"]["state"]["enum"].append("ajar"),
        f"{GET}: 200.state: may now be 'ajar'",
    ),
    "read values open": (
        lambda d: read(d)["properties"]["state"].pop("enum"),
        f"{GET}: 200.state: was only 'open', 'shut'",
    ),
    "read type": (
        lambda d: read(d)["properties"]["count"].update(type="number"),
        f"{GET}: 200.count: may now be number",
    ),
    "read null": (
        lambda d: read(d)["properties"].update(count={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        f"{GET}: 200.count: may now be null",
    ),
    "read format": (
        lambda d: read(d)["properties"]["at"]["anyOf"][0].pop("format"),
        f"{GET}: 200.at: may now be string",
    ),
}

HARMLESS: dict[str, Callable[[Document], Any]] = {
    "nothing": lambda d: None,
    "an operation more": lambda d: d["paths"].update({"/more": {"get": {"responses": {}}}}),
    "a role more": lambda d: get(d)["x-roles"].append("sales"),
    "a parameter that may be left out": lambda d: get(d)["parameters"].append(
        {"in": "query", "name": "x", "schema": {}}
    ),
    "a wider bound": lambda d: get(d)["parameters"][1]["schema"].update(maximum=200, minimum=0),
    "no bound": lambda d: get(d)["parameters"][1]["schema"].pop("maximum"),
    "a value more that is taken": lambda d: get(d)["parameters"][2]["schema"]["enum"].append("best"),
    "a field that may be sent": lambda d: written(d)["properties"].update(colour={"type": "string"}),
    "a field that need not be sent": lambda d: written(d)["required"].clear(),
    "a type more that is taken": lambda d: written(d)["properties"].update(when={"type": ["string", "integer"]}),
    "a field more to read": lambda d: read(d)["properties"].update(colour={"type": "string"}),
    "a field more that is promised": lambda d: read(d)["required"].append("count"),
    "a value fewer to read": lambda d: read(d)["properties"]["state"].update(enum=["open"]),
    "never null any more": lambda d: read(d)["properties"].update(at={"type": "string", "format": "date-time"}),
    "another text": lambda d: get(d).update(summary="Something", description="else"),
    "another problem": lambda d: get(d)["responses"].update({"409": {}}),
    "the same elsewhere": lambda d: d["components"]["schemas"].update(
        Thing=copy.deepcopy(read(d)) | {"title": "A thing"}
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_break_is_said_in_words(case: str) -> None:
    change, words = BREAKS[case]
    new = copy.deepcopy(SAMPLE)
    change(new)

    assert words in breaks(SAMPLE, new)


@pytest.mark.parametrize("case", HARMLESS)
def test_what_breaks_no_client_is_let_through(case: str) -> None:
    new = copy.deepcopy(SAMPLE)
    HARMLESS[case](new)

    assert breaks(SAMPLE, new) == []


def test_a_wider_bound_is_harmless_one_way_and_a_break_back() -> None:
    new = copy.deepcopy(SAMPLE)
    get(new)["parameters"][1]["schema"].update(maximum=200)

    assert breaks(SAMPLE, new) == []
    assert breaks(new, SAMPLE) == [f"{GET}: query k: maximum was 200 and is 100"]


def test_the_api_breaks_nothing_of_itself_and_each_operation_that_goes_is_missed() -> None:
    document = create_app(Settings()).openapi()
    assert breaks(document, document) == []

    operations = [(path, method) for path, methods in document["paths"].items() for method in methods]
    for path, method in operations:
        less = {**document, "paths": {**document["paths"], path: {**document["paths"][path]}}}
        del less["paths"][path][method]
        assert breaks(document, less) == [f"{method.upper()} {path} is gone"]
