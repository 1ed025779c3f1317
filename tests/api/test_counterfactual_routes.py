"""Reasons with weights, contrasts in words, and what would have been, over HTTP; and all of it ten releases later."""

import itertools
from typing import Any

import pytest

from services.api.explanation_schemas import Counterfactuals, Explanation
from tests.api.release_caller import Caller
from tests.api.test_taken_apart import explained, listed


def what_if(call: Caller, answer: dict[str, Any], restaurant_id: str, **more: Any) -> dict[str, Any]:
    query = {"request_id": answer["request_id"], "restaurant_id": restaurant_id, **more}
    found = call("app", "GET", "/v1/explanations/counterfactuals", params=query)
    assert found.status_code == 200, found.text
    Counterfactuals.model_validate_json(found.content)
    body: dict[str, Any] = found.json()
    return body


def test_reasons_of_the_list_come_with_what_they_weigh(call: Caller) -> None:
    answer = listed(call)
    for item in answer["items"][:5]:
        body = explained(call, answer, item)
        Explanation.model_validate(body)
        told = [{name: note[name] for name in ("code", "text")} for note in body["reasons"]]
        assert told[:-1] == item["reasons"]
        assert told[-1]["code"] == "others"
        assert all(note["value"] > 0.0 for note in body["reasons"][:-1])


def test_a_contrast_is_told_in_words(call: Caller) -> None:
    answer = listed(call)
    first, second = answer["items"][:2]
    words = explained(call, answer, first, against=second["restaurant_id"])["contrast"]["words"]
    assert words[0].startswith(f"{first['name']} stands 1st with {first['score']:.4f}, {second['name']} 2nd")
    assert any(line.startswith(f"For {first['name']}: ") for line in words)
    assert explained(call, answer, first, against_average="true")["contrast"]["words"] == []


def test_protected_attributes_are_in_no_words(call: Caller) -> None:
    known = call("app", "GET", "/v1/users/d0-000003").json()
    answer = listed(call)
    first, second = answer["items"][:2]
    body = explained(call, answer, first, against=second["restaurant_id"])
    said = " ".join([note["text"] for note in body["reasons"]] + body["contrast"]["words"])
    for tag in (*known["profile"], *known["protected"]):
        assert tag not in said
        assert f"{tag.partition('=')[0]}=" not in said


def test_where_it_would_have_stood(call: Caller) -> None:
    event = {"event_id": "what-if-order", "type": "order", "user_id": "d0-000003", "value": 2000}
    before = listed(call)
    event |= {"restaurant_id": before["items"][4]["restaurant_id"], "at": before["as_of"]}
    assert call("app", "POST", "/v1/events", json=event).json()["accepted"] == 1
    answer, anybody = listed(call), listed(call, personalised="false")
    ids = [item["restaurant_id"] for item in anybody["items"]]
    for item in answer["items"][::6]:
        found = what_if(call, answer, item["restaurant_id"])
        assert found["now"] == {"rank": item["rank"], "organic_rank": item["organic_rank"]}
        mine = item["restaurant_id"]
        assert found["without_personalisation"]["rank"] == (ids.index(mine) + 1 if mine in ids else None)
        assert "recency" in {one["term"] for one in found["without_terms"]}
    own = found["own_actions"]
    assert (own["considered"], own["top"]) == (1, answer["items"][0]["restaurant_id"])


def test_a_restaurant_that_was_not_in_the_list_may_be_asked_about(call: Caller) -> None:
    answer = listed(call, k=3)
    shown = {item["restaurant_id"] for item in answer["items"]}
    other = next(name for name in call.services.state.snapshots[answer["market"]].catalogue.ids if name not in shown)
    found = what_if(call, answer, other, rank=3)
    assert found["now"]["rank"] is None
    assert found["to_reach"]["rank"] == 3


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"restaurant_id": "nowhere"}, 404, "the market had no restaurant 'nowhere' when that list was made"),
        ({"request_id": "unknown"}, 404, "no list with the request id 'unknown' is on record"),
        ({"rank": 0}, 422, "rank"),
        ({"rank": 101}, 422, "rank"),
        ({"rank": "first"}, 422, "rank"),
        ({"restaurant_id": "a b"}, 422, "restaurant_id"),
    ],
)
def test_bad_questions_get_clear_problems(call: Caller, query: dict[str, Any], status: int, says: str) -> None:
    answer = listed(call, k=1)
    asked = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"], **query}
    found = call("app", "GET", "/v1/explanations/counterfactuals", params=asked)
    assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json")
    assert says in found.text


def test_an_erased_diners_list_is_gone(call: Caller) -> None:
    answer = listed(call, user_id="d0-000009", k=1)
    query = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]}
    call.services.served.flush()
    assert call("app", "DELETE", "/v1/users/d0-000009").status_code == 200
    assert call("app", "GET", "/v1/explanations/counterfactuals", params=query).status_code in (404, 410)


def test_everything_is_the_same_to_the_byte_after_ten_releases(call: Caller) -> None:
    event = {"event_id": "lately", "type": "order", "user_id": "d0-000003", "value": 2000}
    before = listed(call)
    event |= {"restaurant_id": before["items"][-1]["restaurant_id"], "at": before["as_of"]}
    assert call("app", "POST", "/v1/events", json=event).json()["accepted"] == 1
    answer = listed(call)
    first, second = (item["restaurant_id"] for item in answer["items"][:2])
    query = {"request_id": answer["request_id"], "restaurant_id": first}
    asked = [
        ("/v1/explanations", query),
        ("/v1/explanations", {**query, "against": second}),
        ("/v1/explanations", {**query, "against_average": "true"}),
        ("/v1/explanations/counterfactuals", {**query, "rank": 1}),
        ("/v1/explanations/counterfactuals", {**query, "restaurant_id": second, "rank": 1}),
    ]
    told = [call("app", "GET", path, params=params) for path, params in asked]
    assert [found.status_code for found in told] == [200] * len(asked)
    served = [answer["model"]["version"]]
    for _ in range(10):
        version = call.version_in("challenger") if len(served) < 3 else served[-2]
        assert call.move(version, "promote", reason="a test").status_code == 200
        call.until(lambda wanted=version: call.model_of() == wanted)
        served.append(version)
    assert len(set(served)) == 3
    assert all(one != other for one, other in itertools.pairwise(served))
    again = [call("app", "GET", path, params=params) for path, params in asked]
    assert [found.content for found in again] == [found.content for found in told]
