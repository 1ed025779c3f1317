"""A client goes on when its server is newer: fields, words and kinds that it does not know."""

import json
from typing import Any

import attrs
import pytest
import tablestakes_client.models as models
from tablestakes_client.models import FreezeBody, Outcome, PolicyBody, Recommendations, ReleaseBody, Unknown

from tests.client.conftest import ROOT, comparable

DOCUMENT = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text())


def example(method: str, path: str, status: str = "200") -> Any:
    content = DOCUMENT["paths"][path][method]["responses"][status]["content"]["application/json"]
    return json.loads(json.dumps(content["example"]))


def with_more(body: Any) -> Any:
    """A field more in every object that has fields of its own."""
    if isinstance(body, list):
        return [with_more(one) for one in body]
    if isinstance(body, dict):
        return {key: with_more(value) for key, value in body.items()} | {"since_v9": {"deep": [1, None]}}
    return body


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (Recommendations, example("get", "/v1/recommendations")),
        (PolicyBody, example("get", "/v1/policies/{name}")),
        (models.RestaurantPage, example("get", "/v1/restaurants")),
        (models.EventReceipt, example("post", "/v1/events", "202")),
    ],
)
def test_a_field_more_is_kept(model: Any, body: Any) -> None:
    newer = with_more(body)
    read = model.from_dict(newer)
    assert read.additional_properties == {"since_v9": {"deep": [1, None]}}
    assert comparable(read.to_dict()) == comparable(newer)


def test_a_word_that_is_not_known_is_a_string() -> None:
    body = example("get", "/v1/recommendations")
    body["degraded"] = [{"code": "weather-away", "text": "It is not known whether it rains."}]
    read = Recommendations.from_dict(body)
    assert read.degraded[0].code == "weather-away"
    assert comparable(read.to_dict()) == comparable(body)
    policy = example("get", "/v1/policies/{name}")
    policy["ads"]["pricing"] = "english"
    assert PolicyBody.from_dict(policy).ads.pricing == "english"
    release = example("get", "/v1/releases")["items"][0] | {"state": "paused"}
    assert ReleaseBody.from_dict(release).state == "paused"
    freeze = example("get", "/v1/freeze")
    for one in freeze["freezes"]:
        one["cause"] = "flood"
    assert [one.cause for one in FreezeBody.from_dict(freeze).freezes] == ["flood"] * len(freeze["freezes"])


def test_a_figure_of_a_new_kind_is_unknown_and_the_others_are_not() -> None:
    outcome = example("get", "/v1/lessons/{number}")["outcome"]
    new = {"kind": "violins", "title": "Spread", "bodies": [[1, 2]]}
    known = [type(figure).__name__ for figure in Outcome.from_dict(outcome).figures]
    assert known
    assert "Unknown" not in known
    read = Outcome.from_dict(outcome | {"figures": [*outcome["figures"], new]})
    assert [type(figure).__name__ for figure in read.figures] == [*known, "Unknown"]
    assert isinstance(read.figures[-1], Unknown)
    assert read.figures[-1]["bodies"] == [[1, 2]]
    assert read.figures[-1].to_dict() == new


def reachable(node: Any, found: set[str]) -> set[str]:
    if isinstance(node, list):
        for one in node:
            reachable(one, found)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name and name not in found:
            found.add(name)
            reachable(DOCUMENT["components"]["schemas"][name], found)
        for value in node.values():
            reachable(value, found)
    return found


def test_everything_that_is_read_has_room_for_more() -> None:
    operations = [one for methods in DOCUMENT["paths"].values() for one in methods.values()]
    read = set[str]()
    for operation in operations:
        reachable([answer.get("content", {}) for answer in operation["responses"].values()], read)
    checked = 0
    for name in sorted(read):
        model = getattr(models, name)
        if attrs.has(model):
            assert "additional_properties" in {field.name for field in attrs.fields(model)}, name
            checked += 1
    assert checked > 150


def test_what_is_only_sent_has_none() -> None:
    for model in (models.EventWrite, models.PolicyDials, models.CampaignWrite, models.NegotiationRequest):
        assert "additional_properties" not in {field.name for field in attrs.fields(model)}
    with pytest.raises(TypeError, match="Unexpected value 'ordr'"):
        models.EventWrite.from_dict(
            {"event_id": "1", "type": "ordr", "user_id": "d", "restaurant_id": "r", "at": "2026-01-09T19:05:00Z"}
        )
