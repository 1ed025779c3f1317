"""Policies and the audit trail over HTTP."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx2
from sqlalchemy import update

from services.database.engine import open_database
from services.database.schema import audit_trail
from services.database.transactions import writing
from services.settings import Settings
from tests.api.conftest import running
from tests.conftest import SmallCity

Call = Callable[..., httpx2.Response]
OVERRIDE = {"override": True, "reason": "set-up"}
DIALS = {"shortlist": 90, "ads": {"money": 0.0}}


def test_a_policy_is_made_changed_and_activated(as_role: Callable[[str], Call]) -> None:
    ml, admin, app = as_role("ml"), as_role("admin"), as_role("app")
    made = ml("PUT", "/v1/policies/quiet", json=DIALS)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"'), made.text
    assert (made.json()["active"], made.json()["shortlist"], made.json()["ads"]["cap"]) == (False, 90, 3)

    assert ml("PUT", "/v1/policies/quiet", json=DIALS).status_code == 428
    stale = ml("PUT", "/v1/policies/quiet", json=DIALS, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert '"1"' in stale.json()["detail"]
    changed = ml("PUT", "/v1/policies/quiet", json={"shortlist": 95}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert [item["version"] for item in ml("GET", "/v1/policies/quiet/versions").json()["items"]] == [2, 1]

    def policy_of_lists() -> tuple[str, str]:
        answer = app("GET", "/v1/recommendations", params={"user_id": "d0-000001"}).json()
        return answer["policy"]["name"], answer["policy"]["version"]

    assert policy_of_lists() == ("balanced", "1")
    assert admin("POST", "/v1/policies/quiet/activate", json={"version": 1, **OVERRIDE}).json()["active"] is True
    deadline = time.monotonic() + 20
    while policy_of_lists() != ("quiet", "1"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    listed = ml("GET", "/v1/policies").json()
    assert {item["name"]: (item["version"], item["active"]) for item in listed["items"]}["quiet"] == (2, False)
    assert listed["active"] == {"name": "quiet", "version": 1}
    assert [item["active"] for item in ml("GET", "/v1/policies/quiet/versions").json()["items"]] == [False, True]
    admin("POST", "/v1/policies/balanced/activate", json={})
    while policy_of_lists() != ("balanced", "1"):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert ml("GET", "/v1/policies").json()["active"] == {"name": "balanced", "version": 1}

    trail = as_role("auditor")("GET", "/v1/audit-trail", params={"limit": 2}).json()
    assert trail["verified"] is True
    assert [(item["action"], item["role"]) for item in trail["items"]] == [
        ("policy.activate", "admin"),
        ("policy.override", "admin"),
    ]
    assert [item["document"]["reason"] for item in trail["items"]] == ["", "set-up"]
    older = as_role("auditor")("GET", "/v1/audit-trail", params={"limit": 2, "cursor": trail["next"]}).json()
    assert {item["seq"] for item in older["items"]} < set(range(trail["items"][-1]["seq"]))


def test_bad_dials_are_named(as_role: Callable[[str], Call]) -> None:
    ml = as_role("ml")
    for body, words in (
        ({"shortlist": 1}, "shortlist"),
        ({"ads": {"cap": -1}}, "ads.cap"),
        ({"ads": {"monney": 1}}, "monney"),
        ({"ads": {"pricing": "free"}}, "pricing"),
        ({"name": "x"}, "name"),
    ):
        refused = ml("PUT", "/v1/policies/bad", json=body)
        assert refused.status_code == 422, refused.text
        assert words in refused.text
    assert ml("GET", "/v1/policies/bad").status_code == 404
    assert ml("PUT", "/v1/policies/Bad_Name", json={}).status_code == 422
    assert as_role("admin")("POST", "/v1/policies/bad/activate", json={}).status_code == 404


def test_the_trail_is_of_one_market_where_one_is_named(as_role: Callable[[str], Call], small_city: SmallCity) -> None:
    assert as_role("ml")("PUT", "/v1/policies/for-the-trail", json={}).status_code == 200
    auditor = as_role("auditor")
    of_market = auditor("GET", "/v1/audit-trail", params={"market": small_city.market}).json()["items"]
    assert ("policy.put", "for-the-trail", "ml") in {
        (item["action"], item["subject"], item["role"]) for item in of_market
    }
    assert {item["market"] for item in of_market} == {small_city.market}
    elsewhere = auditor("GET", "/v1/audit-trail", params={"market": "nowhere"}).json()
    assert (elsewhere["items"], elsewhere["next"], elsewhere["verified"]) == ([], None, True)


def test_a_change_of_the_past_is_reported(fresh_home: Path, small_city: SmallCity) -> None:
    """By a process that has not looked at the chain within the minute; the others say when they did."""

    def bearer(role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {small_city.keys[role]}"}

    with running(fresh_home) as client:
        for name in ("one", "two"):
            assert client.put(f"/v1/policies/{name}", json={}, headers=bearer("sales")).status_code == 200
        trail = client.get("/v1/audit-trail", headers=bearer("auditor")).json()
        assert (trail["verified"], trail["broken_at"]) == (True, None)
        number, looked = trail["items"][1]["seq"], trail["verified_at"]
        engine = open_database(Settings(home=fresh_home).resolved_database_url)
        with writing(engine) as connection:
            connection.execute(update(audit_trail).where(audit_trail.c.seq == number).values(role="ml"))
        engine.dispose()
        trail = client.get("/v1/audit-trail", headers=bearer("auditor")).json()
        assert (trail["verified"], trail["verified_at"]) == (True, looked)
    with running(fresh_home) as client:
        trail = client.get("/v1/audit-trail", headers=bearer("auditor")).json()
        assert (trail["verified"], trail["broken_at"]) == (False, number)
        assert datetime.fromisoformat(trail["verified_at"]) > datetime.fromisoformat(looked)
