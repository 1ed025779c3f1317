"""Releases and freezes over HTTP, and what serving makes of them: one version an answer, whatever moves meanwhile."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from structlog.testing import capture_logs

from services.access.roles import Role
from services.bootstrap import Services
from services.clock import Clock
from services.database.engine import open_database
from services.monitoring.worker_metrics import WorkerMetrics
from services.releases.assignment import in_share
from services.releases.freeze import FreezeStore
from services.releases.jobs import BudgetJob
from services.releases.minutes import ServingMinutes
from services.retraining.supervisor import Supervisor
from services.serving import recommender
from services.settings import Settings
from services.worker import Worker, jobs
from tests.api.conftest import running
from tests.conftest import SmallCity, tablestakes

DINERS = [f"d0-{number:06d}" for number in range(1, 121)]
PATIENCE = 30.0


@pytest.fixture(scope="module")
def three_versions(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion and two challengers."""
    home = tmp_path_factory.mktemp("releases") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    tablestakes("train", str(small_city.dataset), "--model", "popular", home=home)
    tablestakes("train", str(small_city.dataset), "--seed", "3", "--parameter", "epochs=2", home=home)
    return home


@pytest.fixture
def home(three_versions: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(three_versions, copy, ignore=shutil.ignore_patterns("redis"))
    # Paths of artifacts are absolute: these lie in the first home, and no test here writes to them.
    return copy


def worker_of(job: str, engine: Engine, clock: Clock, settings: Settings) -> Worker:
    """A worker that does one job."""
    everything = jobs(engine, clock, settings, Supervisor(engine, clock, settings), WorkerMetrics())
    return Worker([one for one in everything if one.name == job])


class Caller:
    """Calls one running application with any role's key."""

    def __init__(self, client: TestClient, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys

    def __call__(self, role: str, method: str, path: str, **options: Any) -> httpx2.Response:
        return self.client.request(method, path, headers={"Authorization": f"Bearer {self.keys[role]}"}, **options)

    @property
    def services(self) -> Services:
        return self.client.app.state.services  # type: ignore[attr-defined]

    def states(self) -> dict[str, str]:
        """State by version."""
        return {item["version"]: item["state"] for item in self("ml", "GET", "/v1/releases").json()["items"]}

    def version_in(self, state: str) -> str:
        return next(version for version, found in self.states().items() if found == state)

    def move(self, version: str, move: str, **body: Any) -> httpx2.Response:
        return self("infra", "POST", f"/v1/releases/{version}/{move}", json=body)

    def model_of(self, user_id: str = DINERS[0], **query: Any) -> str:
        answer = self("app", "GET", "/v1/recommendations", params={"user_id": user_id, "k": 10, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()["model"]["version"]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def call(home: Path, small_city: SmallCity) -> Iterator[Caller]:
    with running(home, follow_releases_seconds=0.05) as client:
        yield Caller(client, small_city.keys)


def test_a_version_is_promoted_and_rolled_back_on_every_process(
    call: Caller, home: Path, small_city: SmallCity
) -> None:
    first, second = call.version_in("champion"), call.version_in("challenger")
    with running(home, follow_releases_seconds=0.05) as client:
        other = Caller(client, small_city.keys)
        promoted = call.move(second, "promote", reason="better")
        assert (promoted.status_code, promoted.json()["state"]) == (200, "champion"), promoted.text
        for each in (call, other):
            each.until(lambda each=each: each.model_of() == second)
        assert call.move(second, "promote").json()["since"] == promoted.json()["since"]
        back = call.move(first, "rollback", reason="orders fell")
        assert back.json()["state"] == "champion"
        for each in (call, other):
            each.until(lambda each=each: each.model_of() == first)
    assert call.states()[second] == "rolled-back"
    trail = call("auditor", "GET", "/v1/audit-trail", params={"limit": 2}).json()
    assert [item["action"] for item in trail["items"]] == ["release.rollback", "release.promote"]
    assert {item["role"] for item in trail["items"]} == {"infra"}
    assert trail["verified"]


def test_moves_that_cannot_be_made_say_why(call: Caller) -> None:
    champion, challenger = call.version_in("champion"), call.version_in("challenger")
    for version, move, body, status, words in (
        ("lightfm-000000000000", "promote", {}, 404, "has no version"),
        (champion, "canary", {"share": 0.1}, 409, "it is champion"),
        (champion, "reject", {}, 409, "it is champion"),
        (challenger, "rollback", {}, 409, "it is challenger"),
        (challenger, "canary", {}, 422, "share"),
        (challenger, "canary", {"share": 0}, 422, "share"),
        (challenger, "shadow", {"share": 1.5}, 422, "share"),
        (challenger, "promote", {"because": "x"}, 422, "because"),
    ):
        refused = call.move(version, move, **body)
        assert refused.status_code == status, (move, refused.text)
        assert words in refused.text
    assert call("infra", "POST", f"/v1/releases/{challenger}/promote?market=nowhere", json={}).status_code == 404


def test_a_canary_is_shown_to_the_same_diners_always_and_to_nobody_without_a_profile(call: Caller) -> None:
    champion, canary = call.version_in("champion"), call.version_in("challenger")
    call.move(canary, "canary", share=0.3)
    inside = [diner for diner in DINERS if in_share(canary, diner, 0.3)]
    call.until(lambda: call.model_of(inside[0]) == canary)
    for _ in range(2):
        assert {diner: call.model_of(diner) for diner in DINERS} == {
            diner: canary if diner in inside else champion for diner in DINERS
        }
    strangers = [f"never-seen-{number}" for number in range(20)]
    assert [call.model_of(name) == canary for name in strangers] == [in_share(canary, name, 0.3) for name in strangers]
    assert {call.model_of(diner, personalised=False) for diner in DINERS[:10]} == {champion}
    wider = call.move(canary, "canary", share=0.6)
    assert wider.json()["share"] == 0.6
    joined = next(diner for diner in DINERS if in_share(canary, diner, 0.6) and diner not in inside)
    call.until(lambda: call.model_of(joined) == canary)
    assert call.model_of(inside[0]) == canary
    call.move(canary, "withdraw")
    call.until(lambda: call.model_of(inside[0]) == champion)


def test_a_diners_last_actions_and_home_follow_them_to_another_model(call: Caller) -> None:
    champion, other = call.version_in("champion"), call.version_in("challenger")

    def distances() -> dict[str, float]:
        answer = call("app", "GET", "/v1/recommendations", params={"user_id": DINERS[3], "k": 100}).json()
        return {item["restaurant_id"]: item["distance_km"] for item in answer["items"]}

    def recency() -> list[float]:
        query = {"user_id": DINERS[3], "k": 20, "explain": "full"}
        answer = call("app", "GET", "/v1/recommendations", params=query).json()
        return [item["explanation"]["terms"][1]["value"] for item in answer["items"]]

    before = distances()
    order = {"event_id": "o1", "type": "order", "user_id": DINERS[3], "restaurant_id": next(iter(before))}
    call("app", "POST", "/v1/events", json={**order, "at": datetime.now(UTC).isoformat()})
    call.move(other, "promote")
    call.until(lambda: call.model_of(DINERS[3]) == other)
    after = distances()
    assert {name: after[name] for name in before if name in after} == {
        name: distance for name, distance in before.items() if name in after
    }
    if "lightfm" in other:
        assert any(recency())
    call.move(champion, "rollback")


def test_a_shadow_ranks_beside_and_is_never_shown(call: Caller) -> None:
    champion, shadow = call.version_in("champion"), call.version_in("challenger")
    call.move(shadow, "shadow", share=1.0)
    call.until(lambda: next(iter(call.services.state.snapshots.values())).trial is not None)
    assert {call.model_of(diner) for diner in DINERS[:60]} == {champion}

    def score() -> Any:
        items = call("ml", "GET", "/v1/releases").json()["items"]
        return next(item["agreement"] for item in items if item["version"] == shadow)

    call.until(lambda: score() is not None and score()["lists"] >= 20)
    found = score()
    assert found["failures"] == 0
    assert 0.0 <= found["same_first"] <= 1.0
    assert 0.0 < found["shared"] < 1.0
    assert found["milliseconds"] > 0.0


def test_swaps_under_way_fail_no_request_and_mix_no_models(call: Caller) -> None:
    """The short form of `python -m loadtests.releases`: every answer is exactly what its model version makes."""
    champion, other = call.version_in("champion"), call.version_in("challenger")
    expected: dict[str, dict[str, Any]] = {}
    for version in (champion, other):
        if version != champion:
            call.move(version, "promote")
        call.until(lambda version=version: call.model_of() == version)
        expected[version] = {diner: answer_of(call, diner)[1] for diner in DINERS[:30]}
    stop = threading.Event()
    moves = 0

    def swap() -> None:
        nonlocal moves
        while not stop.is_set():
            for version, move in ((champion, "rollback"), (other, "promote")):
                assert call.move(version, move).status_code == 200
                moves += 1

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = set()
    try:
        deadline = time.monotonic() + PATIENCE
        for number in range(100_000):
            diner = DINERS[number % 30]
            version, items = answer_of(call, diner)
            assert items == expected[version][diner]
            seen.add(version)
            if (moves >= 20 and len(seen) == 2 and number >= 200) or time.monotonic() > deadline:
                break
    finally:
        stop.set()
        swapping.join()
    assert moves >= 20
    assert seen == {champion, other}


def answer_of(call: Caller, diner: str) -> tuple[str, list[tuple[str, float]]]:
    answer = call("app", "GET", "/v1/recommendations", params={"user_id": diner, "k": 10})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["model"]["version"], [(item["restaurant_id"], item["score"]) for item in body["items"]]


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
    assert call("admin", "POST", "/v1/policies/balanced/activate", json={}).status_code == 200
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
    home: Path, small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=home, slo_least_requests=40)
    engine, clock = open_database(settings.resolved_database_url), Clock()
    with capture_logs(), running(home, slo_least_requests=40) as client:
        call = Caller(client, small_city.keys)
        for diner in DINERS[:50]:
            call.model_of(diner)

        def broken(*_: object) -> None:
            raise RuntimeError("a planted fault")

        monkeypatch.setattr(recommender, "rank", broken)
        assert call("app", "GET", "/v1/recommendations", params={"user_id": DINERS[0]}).status_code == 500
        monkeypatch.undo()
        call.until(lambda: call("ml", "GET", "/v1/releases").json()["error_budget"]["errors"] == 1)
        Worker(
            [
                job
                for job in jobs(engine, clock, settings, Supervisor(engine, clock, settings), WorkerMetrics())
                if job.name == "error-budget"
            ]
        ).once()
        found = call("ml", "GET", "/v1/freeze").json()
        assert [each["cause"] for each in found["freezes"]] == ["budget"]
        assert found["error_budget"]["left"] == 0.0
        refused = call.move(call.version_in("challenger"), "promote")
        assert refused.status_code == 409
        assert "error budget spent: 1 of 51 lists" in refused.json()["detail"]
    engine.dispose()


def test_a_canary_that_fails_is_rolled_back_and_no_diner_notices(
    home: Path, small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=home)
    engine, clock = open_database(settings.resolved_database_url), Clock()
    # Not printed: structlog, as it is before it is configured, draws all arrays of a trace.
    with capture_logs(), running(home, follow_releases_seconds=0.05) as client:
        call = Caller(client, small_city.keys)
        champion, canary = call.version_in("champion"), call.version_in("challenger")
        call.move(canary, "canary", share=0.3)
        inside = next(diner for diner in DINERS if in_share(canary, diner, 0.3))
        call.until(lambda: call.model_of(inside) == canary)
        snapshot = next(iter(call.services.state.snapshots.values()))
        assert snapshot.trial is not None
        plain, faulty = recommender.rank, snapshot.trial.snapshot.catalogue

        def rank(catalogue: Any, *arguments: Any) -> Any:
            if catalogue is faulty:
                raise RuntimeError("a model that cannot rank")
            return plain(catalogue, *arguments)

        monkeypatch.setattr(recommender, "rank", rank)
        assert {call.model_of(diner) for diner in DINERS} == {champion}
        worker = Worker(
            [
                job
                for job in jobs(engine, clock, settings, Supervisor(engine, clock, settings), WorkerMetrics())
                if job.name == "guardrails"
            ]
        )

        def rolled_back() -> bool:
            worker.once()
            return call.states()[canary] == "rolled-back"

        call.until(rolled_back)
        call.until(lambda: next(iter(call.services.state.snapshots.values())).trial is None)
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
