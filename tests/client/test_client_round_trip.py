"""What the API says is what the typed client holds: every example of the OpenAPI, and live answers of every kind."""

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import tablestakes_client.models
from tablestakes_client import UNSET, ProblemError

from tests.client.conftest import ROOT, Api, comparable

DOCUMENT = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text())
OPERATIONS = [(method, path, one) for path, methods in DOCUMENT["paths"].items() for method, one in methods.items()]


def module_of(operation: dict[str, Any]) -> Any:
    name = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", operation["operationId"]).lower()
    return importlib.import_module(f"tablestakes_client.api.{operation['tags'][0]}.{name}")


def example_answers() -> Iterator[Any]:
    for _, _, operation in OPERATIONS:
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                if "example" in content and isinstance(content["example"], dict):
                    name = f"{operation['operationId']}-{status}"
                    yield pytest.param(operation, int(status), content["example"], id=name)


def example_requests() -> Iterator[Any]:
    for _, _, operation in OPERATIONS:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            options = content["schema"].get("oneOf", [content["schema"]])
            name = options[0]["$ref"].rpartition("/")[2]
            yield pytest.param(name, content["example"], id=operation["operationId"])


def test_every_operation_is_there() -> None:
    for _, _, operation in OPERATIONS:
        module = module_of(operation)
        assert {"sync", "sync_detailed", "asyncio", "asyncio_detailed"} <= set(vars(module))


@pytest.mark.parametrize(("operation", "status", "example"), [*example_answers()])
def test_an_example_answer_comes_back_as_it_was(operation: dict[str, Any], status: int, example: Any) -> None:
    request = httpx.Request("GET", "http://api/")
    answer = httpx.Response(status, json=example, request=request)
    if status < 400:
        assert comparable(module_of(operation)._parse_response(answer).to_dict()) == comparable(example)
        return
    with pytest.raises(ProblemError) as raised:
        module_of(operation)._parse_response(answer)
    assert raised.value.status_code == status
    if operation["operationId"] != "getReadiness":
        assert raised.value.problem is not None
        assert raised.value.problem.to_dict() == example


@pytest.mark.parametrize(("name", "example"), [*example_requests()])
def test_an_example_request_comes_back_as_it_was(name: str, example: Any) -> None:
    model = getattr(tablestakes_client.models, name)
    assert comparable(model.from_dict(example).to_dict()) == comparable(example)


def test_live_answers_come_back_as_they_were(api: Api) -> None:
    """Every GET that this home can answer, with ids that are found on the way."""
    client = api.client("admin")
    found: dict[str, Any] = {
        "market": api.market,
        "name": "balanced",
        "number": 1,
        "seat": "sales",
        "before": 1,
        "after": 1,
        "limit": 5,
        "explain": "full",
    }
    raw = client.get_httpx_client()
    listed = raw.get("/v1/recommendations", params={"user_id": "somebody", "explain": "full"}).json()
    found |= {"request_id": listed["request_id"], "restaurant_id": listed["items"][0]["restaurant_id"]}
    found["user_id"] = raw.get("/v1/users", params={"market": api.market}).json()["items"][0]["user_id"]
    found["front_id"] = raw.get("/v1/fronts", params={"market": api.market}).json()["items"][0]["front_id"]
    put = {"limits": [{"measure": "orders_per_1000", "at_least": 700}]}
    api.client("sales").get_httpx_client().put("/v1/demands/sales", json=put).raise_for_status()
    read, refused = [], dict[str, int]()
    for method, path, operation in OPERATIONS:
        sync = module_of(operation).sync_detailed
        parameters = inspect.signature(sync).parameters
        needed = {name for name, one in parameters.items() if one.default is inspect.Parameter.empty} - {"client"}
        if method != "get" or not needed <= found.keys() | {"q"}:
            continue
        known = {name: found[name] for name in parameters if name in found}
        given = known | ({"q": "a"} if "q" in parameters and path == "/v1/search" else {})
        if path == "/v1/measurements/{name}":
            given["name"] = "ladder"
        try:
            answer = sync(client=client, **given)
        except ProblemError as error:
            refused[path] = error.status_code
            continue
        if answer.headers["content-type"].startswith("application/json"):
            assert comparable(answer.parsed.to_dict()) == comparable(json.loads(answer.content)), path
            read.append(path)
    assert set(refused.values()) <= {404, 410}, refused
    assert len(read) >= 35, read
    assert {"/v1/recommendations", "/v1/explanations", "/v1/model-card", "/v1/fronts/{front_id}"} <= set(read)


def test_what_is_not_said_is_not_sent() -> None:
    from tablestakes_client.models import PolicyDials

    assert PolicyDials().to_dict() == {}
    assert PolicyDials(shortlist=UNSET, model=None).to_dict() == {"model": None}
