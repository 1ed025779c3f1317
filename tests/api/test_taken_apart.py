"""Explanations of past lists on a running server: what made the relevance, to the bit, and the same ever after."""

import functools
import operator
from typing import Any

import pytest
from sqlalchemy import update

from services.database.schema import model_versions
from services.database.transactions import writing
from tests.api.release_caller import Caller


def listed(call: Caller, **query: Any) -> dict[str, Any]:
    params = {"user_id": "d0-000003", "k": 20, "explain": "full", **query}
    answer = call("app", "GET", "/v1/recommendations", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def explained(call: Caller, answer: dict[str, Any], item: dict[str, Any], **more: str) -> dict[str, Any]:
    query = {"request_id": answer["request_id"], "restaurant_id": item["restaurant_id"], **more}
    found = call("app", "GET", "/v1/explanations", params=query)
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


def added_up(lines: list[dict[str, Any]]) -> float:
    return functools.reduce(operator.add, (line["value"] for line in lines), 0.0)


def check(explanation: dict[str, Any]) -> None:
    """The lines of each list add up to their term bit for bit, and what is rounded away is next to nothing."""
    terms = {term["name"]: term["value"] for term in explanation["terms"]}
    for lines, term in (
        (explanation["features"], "relevance"),
        (explanation["shapley"], "relevance"),
        (explanation["second_stage"], "second_stage"),
    ):
        assert added_up(lines) == terms[term]
        assert len(lines) <= 22
        size = sum(abs(line["value"]) for line in lines)
        rounding = [line["value"] for line in lines if "rounding" in line.values()]
        assert all(abs(value) <= 1e-6 * size for value in rounding)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"personalised": "false"},
        {"user_id": "a-stranger", "lat": 52.62, "lon": -1.43},
        {"user_id": "d0-000007", "k": 1},
    ],
)
def test_the_relevance_of_every_entry_is_taken_apart_to_the_bit(call: Caller, query: dict[str, Any]) -> None:
    answer = listed(call, **query)
    assert answer["items"]
    for item in answer["items"]:
        explanation = explained(call, answer, item)
        check(explanation)
        assert explanation["exact"] is True
        assert explanation["method"].startswith("lightfm: cells")
        assert explanation["terms"] == item["explanation"]["terms"]


def test_what_a_diner_is_made_of_is_their_profile_and_themselves(call: Caller) -> None:
    answer = listed(call)
    found = {line["diner_feature"] for item in answer["items"] for line in explained(call, answer, item)["features"]}
    profile = call("app", "GET", "/v1/users/d0-000003").json()
    assert found & set(profile["profile"]) or any(str(name).startswith("home_district=") for name in found)
    assert found <= {*profile["profile"], "this diner", "others", "rounding", None} | {
        name for name in found if str(name).startswith("home_district=")
    }
    assert not found & set(profile["protected"])


def test_what_a_diner_did_since_is_in_another_term(call: Caller) -> None:
    before = listed(call)
    event = {
        "event_id": "taken-apart-order",
        "type": "order",
        "user_id": "d0-000003",
        "restaurant_id": before["items"][-1]["restaurant_id"],
        "at": before["as_of"],
        "value": 2000,
    }
    assert call("app", "POST", "/v1/events", json=event).json()["accepted"] == 1
    after = listed(call)
    explanation = explained(call, after, after["items"][0])
    assert {term["name"]: term["value"] for term in explanation["terms"]}["recency"] != 0.0
    check(explanation)


def test_a_newcomer_is_told_by_the_profile(call: Caller) -> None:
    known = call("app", "GET", "/v1/users/d0-000003").json()
    body = {name: known[name] for name in ("market", "home_lat", "home_lon", "profile")}
    assert call("app", "PUT", "/v1/users/a-newcomer", json=body).status_code in (200, 201)
    answer = listed(call, user_id="a-newcomer")
    explanation = explained(call, answer, answer["items"][0])
    check(explanation)
    assert explanation["exact"] is True
    told = {line["feature"] for line in explanation["shapley"] if line["of"] == "diner"}
    assert "any diner" in told
    assert "this diner" not in told


def test_a_profile_that_is_not_that_of_then_is_no_explanation(call: Caller) -> None:
    """The record keeps the vector that a newcomer's profile gave; which profile that was, only the same one tells."""
    known = call("app", "GET", "/v1/users/d0-000003").json()
    body = {name: known[name] for name in ("market", "home_lat", "home_lon", "profile")}
    call("app", "PUT", "/v1/users/a-newcomer", json=body)
    answer = listed(call, user_id="a-newcomer")
    call("app", "PUT", "/v1/users/a-newcomer", json={**body, "profile": known["profile"][:1]})
    explanation = explained(call, answer, answer["items"][0])
    check(explanation)
    assert explanation["exact"] is False
    assert {line["feature"] for line in explanation["shapley"] if line["of"] == "diner"} == {"not taken apart"}


def test_a_new_restaurant_is_told_by_its_tags_as_they_were_then(call: Caller) -> None:
    answer = listed(call)
    old = call("app", "GET", f"/v1/restaurants/{answer['items'][0]['restaurant_id']}").json()
    new = {name: value for name, value in old.items() if name != "restaurant_id"}
    assert call("admin", "PUT", "/v1/restaurants/just-opened", json=new).status_code in (200, 201)
    call.until(lambda: call.services.state.snapshots[old["market"]].catalogue.row_of.get("just-opened") is not None)
    body = {"user_id": "d0-000003", "restaurant_ids": ["just-opened"], "k": 1}
    ranked = call("app", "POST", "/v1/rankings", json=body).json()
    before = explained(call, ranked, ranked["items"][0])
    check(before)
    told = {line["feature"] for line in before["shapley"] if line["of"] == "restaurant"}
    assert {f"cuisine={name}" for name in old["cuisines"]} <= told
    assert "this restaurant" not in told
    etag = call("app", "GET", "/v1/restaurants/just-opened").headers.get("etag")
    headers = {"If-Match": etag} if etag else {}
    changed = call("admin", "PUT", "/v1/restaurants/just-opened", json={**new, "cuisines": []}, headers=headers)
    assert changed.status_code == 200
    assert explained(call, ranked, ranked["items"][0]) == before


def test_protected_attributes_are_never_named(call: Caller) -> None:
    known = call("app", "GET", "/v1/users/d0-000003").json()
    attribute = known["profile"][0].partition("=")[0] + "="
    body = {name: known[name] for name in ("market", "home_lat", "home_lon", "profile")}
    answer = listed(call)
    before = explained(call, answer, answer["items"][0])
    assert any(str(line["diner_feature"]).startswith(attribute) for line in before["features"])
    call("app", "PUT", "/v1/users/d0-000003", json={**body, "protected": [f"{attribute}anything"]})
    explanation = explained(call, answer, answer["items"][0])
    check(explanation)
    assert not any(str(line["diner_feature"]).startswith(attribute) for line in explanation["features"])
    assert not any(line["feature"].startswith(attribute) for line in explanation["shapley"] if line["of"] == "diner")


def test_two_restaurants_are_told_apart_to_the_bit(call: Caller) -> None:
    answer = listed(call)
    first, second = answer["items"][:2]
    relevance = [item["explanation"]["terms"][0]["value"] for item in (first, second)]
    found, turned = (
        explained(call, answer, one, against=other["restaurant_id"])["contrast"]
        for one, other in ((first, second), (second, first))
    )
    assert found["against"] == second["restaurant_id"]
    assert added_up(found["features"]) == relevance[0] - relevance[1]
    assert added_up(turned["features"]) == relevance[1] - relevance[0]
    assert explained(call, answer, first)["contrast"] is None
    average = explained(call, answer, first, against_average="true")["contrast"]
    assert average["against"] is None
    assert len(average["features"]) > 2
    size = sum(abs(line["value"]) for line in average["features"])
    assert all(abs(line["value"]) < 1e-6 * size for line in average["features"] if line["feature"] == "rounding")


def test_only_what_was_in_the_list_is_compared_with(call: Caller) -> None:
    answer = listed(call, k=2)
    query = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]}
    found = call("app", "GET", "/v1/explanations", params={**query, "against": "somewhere-else"})
    assert found.status_code == 404
    assert "'somewhere-else' was not in that list" in found.json()["detail"]


def test_an_explanation_is_the_same_after_two_further_releases(call: Caller) -> None:
    answer = listed(call)
    query = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]}
    before = call("app", "GET", "/v1/explanations", params=query).content
    versions = {answer["model"]["version"]}
    for _ in range(2):
        version = call.version_in("challenger")
        assert call.move(version, "promote", reason="a test").status_code == 200
        call.until(lambda wanted=version: call.model_of() == wanted)
        versions.add(version)
    assert len(versions) == 3
    assert call("app", "GET", "/v1/explanations", params=query).content == before


def test_a_model_that_is_gone_is_said(call: Caller) -> None:
    answer = listed(call)
    with writing(call.services.served._engine) as connection:
        connection.execute(update(model_versions).values(path="/nowhere"))
    query = {"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]}
    found = call("app", "GET", "/v1/explanations", params=query)
    assert found.status_code == 410
    assert answer["model"]["version"] in found.json()["detail"]
