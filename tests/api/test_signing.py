"""Sign-offs over HTTP: each seat for itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from services.access.roles import SEATS, Role
from tests.api.conftest import running
from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]
PATH = "/v1/policies/agreed"


@pytest.fixture
def seat(fresh_home: Path, small_city: SmallCity) -> Iterator[Callable[[str], Call]]:
    """`seat("ml")("GET", "/v1/policies")`, over a home of the test's own."""
    with running(fresh_home) as client:

        def of(role: str) -> Call:
            def call(method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx2.Response:
                bearer = {"Authorization": f"Bearer {small_city.keys[role]}"}
                return client.request(method, path, headers={**bearer, **(headers or {})}, **options)

            return call

        assert of("sales")("PUT", PATH, json={"ads": {"money": 0.004}}).status_code == 200
        yield of


def sign(call: Call, version: int = 1, **more: Any) -> httpx2.Response:
    return call("POST", f"{PATH}/sign-offs", json={"version": version, "reason": "agreed at the table", **more})


def test_a_version_is_active_when_all_seats_have_signed(seat: Callable[[str], Call]) -> None:
    assert seat("auditor")("GET", f"{PATH}/sign-offs").json()["missing"] == [role.value for role in SEATS]
    for number, role in enumerate(SEATS, 1):
        refused = seat("ml")("POST", f"{PATH}/activate", json={})
        assert refused.status_code == 409
        assert refused.json()["missing"] == [each.value for each in SEATS[number - 1 :]]
        signed = sign(seat(role))
        assert signed.status_code == 200, signed.text
        assert [each["seat"] for each in signed.json()["signed"]] == [each.value for each in SEATS[:number]]
    assert signed.json()["active"] is True
    assert seat("ml")("GET", "/v1/policies").json()["active"] == {"name": "agreed", "version": 1}
    back = seat("infra")("POST", "/v1/policies/balanced/activate", json={"version": 1, "reason": "a quiet night"})
    assert (back.status_code, back.json()["active"]) == (200, True)
    trail = seat("auditor")("GET", "/v1/audit-trail", params={"action": "policy.activate", "role": "infra"}).json()
    assert [item["document"]["reason"] for item in trail["items"]] == ["a quiet night"]


def test_a_seat_signs_and_withdraws_for_nobody_else(seat: Callable[[str], Call]) -> None:
    """Each seat for each other one: there is no way to name it, and one's own key moves one's own signature only."""
    for role in SEATS:
        assert sign(seat(role)).status_code == 200 if role is not Role.FAIRNESS else True
    signed = [role.value for role in SEATS if role is not Role.FAIRNESS]
    for role in Role:
        for other in SEATS:
            named = sign(seat(role), seat=other.value)
            assert named.status_code == (422 if role in SEATS else 403), (role, other)
    for role in (Role.APP, Role.AUDITOR, Role.ADMIN):
        assert sign(seat(role)).status_code == 403
        assert seat(role)("DELETE", f"{PATH}/sign-offs", params={"version": 1}).status_code == 403
    left = seat("fairness")("DELETE", f"{PATH}/sign-offs", params={"version": 1})
    assert [each["seat"] for each in left.json()["signed"]] == signed
    left = seat("ml")(
        "DELETE", f"{PATH}/sign-offs", params={"version": 1}, headers={"X-Reason": quote("später, „nein“")}
    )
    assert [each["seat"] for each in left.json()["signed"]] == signed[1:]
    latest = seat("auditor")("GET", "/v1/audit-trail", params={"subject": "agreed", "limit": 1}).json()["items"][0]
    assert (latest["action"], latest["role"], latest["document"]["reason"]) == (
        "policy.withdraw",
        "ml",
        "später, „nein“",
    )


def test_only_the_admin_goes_without_signatures_and_says_why(seat: Callable[[str], Call]) -> None:
    body = {"override": True, "reason": "the demo begins"}
    for role in SEATS:
        assert seat(role)("POST", f"{PATH}/activate", json=body).status_code == 403
    assert seat("admin")("POST", f"{PATH}/activate", json={"override": True, "reason": " "}).status_code == 422
    assert seat("admin")("POST", f"{PATH}/activate", json={}).status_code == 409
    assert seat("admin")("POST", f"{PATH}/activate", json=body).json()["active"] is True
    assert seat("ml")("DELETE", f"{PATH}/sign-offs", params={"version": 1}).status_code == 200  # had not signed


def test_a_policy_for_another_model_is_a_conflict(seat: Callable[[str], Call]) -> None:
    assert seat("ml")("PUT", "/v1/policies/heavy", json={"model": "ease"}).status_code == 200
    body = {"override": True, "reason": "a try"}
    refused = seat("admin")("POST", "/v1/policies/heavy/activate", json=body)
    assert refused.status_code == 409
    assert "promote a version of 'ease' first" in refused.json()["detail"]


def test_the_differences_are_told_in_words(seat: Callable[[str], Call]) -> None:
    changed = seat("sales")("PUT", PATH, json={"ads": {"money": 0.02}, "shortlist": 90}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    found = seat("fairness")("GET", f"{PATH}/versions/1/diff/2").json()
    assert [(each["dial"], each["before"], each["after"]) for each in found["items"]] == [
        ("shortlist", 200, 90),
        ("ads.money", 0.004, 0.02),
    ]
    assert found["items"][1]["text"].endswith("from 0.004 to 0.02 order probability a minor unit of fee")
    assert seat("ml")("GET", f"{PATH}/versions/1/diff/1").json()["items"] == []
    other = seat("ml")("GET", f"{PATH}/versions/1/diff/1", params={"against": "balanced"}).json()
    assert [each["dial"] for each in other["items"]] == ["ads.money"]
    for path in ("versions/1/diff/3", "versions/9/diff/1"):
        assert seat("ml")("GET", f"{PATH}/{path}").status_code == 404


def test_a_reason_that_cannot_be_read_is_refused(seat: Callable[[str], Call]) -> None:
    for reason in ("%ff", "x" * 501, "%00"):
        refused = seat("ml")("PUT", "/v1/policies/other", json={}, headers={"X-Reason": reason})
        assert (refused.status_code, "X-Reason" in refused.text) == (422, True), reason
