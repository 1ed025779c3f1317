"""Freezes over HTTP: who may do what meanwhile, what they cost, and the budget that brings one about."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from services.access.roles import Role
from services.clock import Clock
from services.database.engine import open_database
from services.releases.freeze import FreezeStore
from services.releases.jobs import BudgetJob
from services.releases.minutes import ServingMinutes
from services.serving import recommender
from services.settings import Settings
from tests.api.conftest import running
from tests.api.release_caller import DINERS, Caller, worker_of
from tests.conftest import SmallCity


def test_in_a_freeze_nobody_releases_and_everybody_sees_what_it_costs(call: Caller) -> None:
    challenger = call.version_in("challenger")
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    frozen = call("infra", "PUT", "/v1/freeze", json={"reason": "the outage of Tuesday", "until": until})
    assert frozen.status_code == 200, frozen.text
    for role in Role:
        for move, body in (("promote", {}), ("canary", {"share": 0.1}), ("shadow", {"share": 0.1})):
            refused = call(role, "POST", f"/v1/releases/{challenger}/{move}", json=body)
            if role in (Role.INFRA, Role.ADMIN):
                assert refused.status_code == 409, (role, move)
                problem = refused.json()
                assert "the outage of Tuesday" in problem["detail"]
                assert [each["cause"] for each in problem["freezes"]] == ["hand"]
                assert len(problem["queue"]) == 2
            else:
                assert refused.status_code == 403, (role, move)
    assert sorted(call.states().values()) == ["challenger", "challenger", "champion"]
    for role in Role:
        seen = call(role, "GET", "/v1/freeze")
        if role is Role.APP:
            assert seen.status_code == 403
            continue
        body = seen.json()
        assert body["frozen"] is True
        assert {item["version"] for item in body["queue"]} < set(call.states())
        assert body["price"]["staleness_days"] > 0.0
        assert body["price"]["ndcg_lost"] >= 0.0
        assert body["price"]["best_queued"] in {item["version"] for item in body["queue"]}
    past = call("infra", "PUT", "/v1/freeze", json={"reason": "x", "until": "2020-01-01T00:00:00Z"})
    assert (past.status_code, "is over" in past.text) == (422, True)
    assert call("infra", "DELETE", "/v1/freeze").json()["frozen"] is False
    assert call.move(challenger, "promote").status_code == 200


def test_lambda_moves_inside_its_bound_and_not_outside_while_it_is_frozen(call: Caller) -> None:
    bounds = {"ads.money": {"min": 0.0, "max": 0.004}}
    assert call("admin", "PUT", "/v1/freeze/bounds", json=bounds).status_code == 403
    assert call("infra", "PUT", "/v1/freeze/bounds", json=bounds).json() == bounds
    assert call("sales", "GET", "/v1/freeze/bounds").json() == bounds
    bad = call("infra", "PUT", "/v1/freeze/bounds", json={"ads.monney": {"min": 0, "max": 1}})
    assert (bad.status_code, "ads.monney" in bad.text) == (422, True)
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    call("infra", "PUT", "/v1/freeze", json={"reason": "an outage", "until": until})

    def put(money: float, **dials: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {call.keys['sales']}"}
        known = call("sales", "GET", "/v1/policies/balanced")
        if known.status_code == 200:
            headers["If-Match"] = known.headers["etag"]
        return call.client.put("/v1/policies/balanced", json={"ads": {"money": money}, **dials}, headers=headers)

    inside = put(0.003)
    assert inside.status_code == 200, inside.text
    assert (
        call("admin", "POST", "/v1/policies/balanced/activate", json={"override": True, "reason": "set-up"}).status_code
        == 200
    )
    for refused in (put(0.005), put(0.003, shortlist=300)):
        assert refused.status_code == 409
        assert "an outage" in refused.json()["detail"]
    call("infra", "DELETE", "/v1/freeze")
    assert put(0.005).status_code == 200


def test_a_calendar_is_kept(call: Caller) -> None:
    everyday = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "starts": "00:00", "ends": "00:00"}
    window = {**everyday, "reason": "always"}
    assert call("ml", "PUT", "/v1/freeze/calendar", json={"windows": [window]}).status_code == 403
    assert call("infra", "PUT", "/v1/freeze/calendar", json={"windows": [window]}).json() == {"windows": [window]}
    assert call("ml", "GET", "/v1/freeze/calendar").json() == {"windows": [window]}
    refused = call.move(call.version_in("challenger"), "promote")
    assert (refused.status_code, refused.json()["freezes"][0]["cause"]) == (409, "calendar")
    call("infra", "PUT", "/v1/freeze/calendar", json={"windows": []})
    assert call("ml", "GET", "/v1/freeze").json()["frozen"] is False


def test_a_budget_that_a_fault_has_spent_freezes_by_itself(
    release_home: Path, small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=release_home, slo_least_requests=40)
    engine, clock = open_database(settings.resolved_database_url), Clock()
    with capture_logs(), running(release_home, slo_least_requests=40) as client:
        call = Caller(client, small_city.keys)
        for diner in DINERS[:50]:
            call.model_of(diner)

        def broken(*_: object) -> None:
            raise RuntimeError("a planted fault")

        monkeypatch.setattr(recommender, "rank", broken)
        assert call("app", "GET", "/v1/recommendations", params={"user_id": DINERS[0]}).status_code == 500
        monkeypatch.undo()
        call.until(lambda: call("ml", "GET", "/v1/releases").json()["error_budget"]["errors"] == 1)
        worker_of("error-budget", engine, clock, settings).once()
        found = call("ml", "GET", "/v1/freeze").json()
        assert [each["cause"] for each in found["freezes"]] == ["budget"]
        assert found["error_budget"]["left"] == 0.0
        refused = call.move(call.version_in("challenger"), "promote")
        assert refused.status_code == 409
        assert "error budget spent: 1 of 51 lists" in refused.json()["detail"]
    engine.dispose()


def test_a_freeze_of_the_store_is_what_the_api_sees(call: Caller) -> None:
    market = next(iter(call.services.state.snapshots))
    engine = open_database(call.services.settings.resolved_database_url)
    freezes = FreezeStore(engine, call.services.trail, Clock())
    BudgetJob(engine, freezes, ServingMinutes(engine, Clock()), call.services.settings.objectives).run()
    assert call("ml", "GET", "/v1/freeze").json()["frozen"] is False
    freezes.freeze(market, "by command", datetime.now(UTC) + timedelta(hours=1), "admin")
    assert call("ml", "GET", "/v1/freeze").json()["freezes"][0]["reason"] == "by command"
    engine.dispose()
