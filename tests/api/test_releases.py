"""Releases over HTTP and in what diners get: one move, one pointer, no request that fails."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.clock import Clock
from services.database.engine import open_database
from services.releases.assignment import in_share
from services.serving import recommender
from services.settings import Settings
from tests.api.conftest import running
from tests.api.release_caller import DINERS, PATIENCE, Caller, worker_of
from tests.conftest import SmallCity


def test_a_version_is_promoted_and_rolled_back_on_every_process(
    call: Caller, release_home: Path, small_city: SmallCity
) -> None:
    first, second = call.version_in("champion"), call.version_in("challenger")
    with running(release_home, follow_releases_seconds=0.05) as client:
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


def test_a_canary_that_fails_is_rolled_back_and_no_diner_notices(
    release_home: Path, small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=release_home)
    engine, clock = open_database(settings.resolved_database_url), Clock()
    # Not printed: structlog, as it is before it is configured, draws all arrays of a trace.
    with capture_logs(), running(release_home, follow_releases_seconds=0.05) as client:
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
        worker = worker_of("guardrails", engine, clock, settings)

        def rolled_back() -> bool:
            worker.once()
            return call.states()[canary] == "rolled-back"

        call.until(rolled_back)
        call.until(lambda: next(iter(call.services.state.snapshots.values())).trial is None)
    engine.dispose()
