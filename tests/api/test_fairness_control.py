"""A policy that controls exposure, over HTTP: off leaves no trace, on is a term that replays, and Redis may go."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from redis import Redis
from sqlalchemy import select

from services.audit.documents import read_document
from services.database.engine import open_database
from services.database.schema import served_lists
from services.database.transactions import reading
from services.features import EmbeddedRedis
from services.ranking.fairness import lifts
from services.serving import live
from services.serving.fair_share import Counting, list_ledger
from services.settings import Settings
from services.simulation.walk_in import ApiClient
from services.stakeholders.policy import FairnessPolicy, GroupedBy
from tests.api.conftest import running, serving
from tests.api.release_caller import Caller
from tests.conftest import SmallCity

FAIR = {"control": "fairco", "gain": 0.02, "max_lift": 0.05, "newcomer_quota": 0.1, "quality_floor": 0.01}
COUNTING = Counting(GroupedBy.KIND, FairnessPolicy().half_life_days)


def key_now(market: str) -> bytes:
    return COUNTING.key(market, COUNTING.epoch(time.time()))


def owe(redis: Redis, market: str) -> None:
    """Let independents be owed looks, as of now."""
    weight = COUNTING.weight(time.time(), COUNTING.epoch(time.time()))
    sums = {"e:chain": 900.0, "m:chain": 90.0, "e:independent": 100.0, "m:independent": 90.0, "n": 1.0, "l": 300.0}
    redis.delete(key_now(market))
    redis.hset(key_now(market), mapping={"since": 0.0, **{name: value * weight for name, value in sums.items()}})


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ask(call: Caller, number: int, **query: Any) -> dict[str, Any]:
    params = {"user_id": f"d0-{number:06d}", "policy": "fair", "explain": "full", "k": 10, **query}
    answer = call("app", "GET", "/v1/recommendations", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def terms(answer: dict[str, Any]) -> list[dict[str, float]]:
    return [{term["name"]: term["value"] for term in item["explanation"]["terms"]} for item in answer["items"]]


@pytest.fixture
def fair(call: Caller, small_city: SmallCity) -> tuple[Caller, Redis]:
    """The application with a policy `fair`, whose control has seen that independents are owed."""
    redis = _redis_of(call)
    owe(redis, small_city.market)
    assert call("sales", "PUT", "/v1/policies/fair", json={"fairness": FAIR}).status_code == 200
    known = {"user_id": "d0-000001", "policy": "fair"}
    until(lambda: call("app", "GET", "/v1/recommendations", params=known).status_code == 200)
    until(lambda: any(one["fairness"] for one in terms(ask(call, 1))))
    return call, redis


def _redis_of(call: Caller) -> Redis:
    settings = call.services.settings
    return Redis.from_url(settings.redis_url or (settings.home / "redis" / "redis.url").read_text())


def test_the_term_lifts_who_is_owed_and_the_score_is_the_sum(fair: tuple[Caller, Redis]) -> None:
    call, _ = fair
    answer = ask(call, 7)
    assert answer["degraded"] == []
    for item, found in zip(answer["items"], terms(answer), strict=True):
        assert list(found) == [
            "relevance",
            "recency",
            "second_stage",
            "calibration",
            "fairness",
            "exploration",
            "payment",
        ]
        assert reduce(add, found.values(), 0.0) == item["score"]
        assert found["fairness"] >= 0.0
    explained = call(
        "app",
        "GET",
        "/v1/explanations",
        params={"request_id": answer["request_id"], "restaurant_id": answer["items"][0]["restaurant_id"]},
    ).json()
    assert explained["terms"] == answer["items"][0]["explanation"]["terms"]


def test_what_a_control_made_is_made_again_whatever_the_ledgers_say_now(
    fair: tuple[Caller, Redis], small_city: SmallCity
) -> None:
    call, redis = fair
    told = [ask(call, number) for number in range(20)]
    redis.delete(key_now(small_city.market))
    call.services.served.flush()
    for answer in told:
        made = call.services.replayer.replay(answer["request_id"])
        assert (made.identical, made.differences) == (True, ())
        assert json.loads(made.body) == answer


def test_without_a_control_no_list_names_one(fair: tuple[Caller, Redis], release_home: Path) -> None:
    """Also beside a policy that has one: the answer is to the byte what it was before there were controls."""
    call, _ = fair
    answer = ask(call, 3, policy="balanced")
    assert all(list(found) == [*list(found)[:4], "exploration", "payment"] for found in terms(answer))
    call.services.served.flush()
    engine = open_database(Settings(home=release_home).resolved_database_url)
    with reading(engine) as connection:
        chosen = select(served_lists.c.document).where(served_lists.c.request_id == answer["request_id"])
        document = read_document(connection.execute(chosen).scalar_one())
    engine.dispose()
    assert "fairness" not in document
    assert "fairness" not in document["term_names"]
    assert call.services.replayer.replay(answer["request_id"]).identical


def test_no_request_waits_for_lifts_to_be_made(fair: tuple[Caller, Redis], monkeypatch: pytest.MonkeyPatch) -> None:
    """A new policy is served with lifts that its refresh made, off the loop that answers."""
    call, _ = fair
    on_the_loop: list[bool] = []

    def watched(policy: FairnessPolicy, *given: Any) -> Any:
        if policy.gain == 0.03:
            on_the_loop.append(asyncio._get_running_loop() is not None)
        return lifts(policy, *given)

    monkeypatch.setattr(live, "lifts", watched)
    assert call("sales", "PUT", "/v1/policies/fairer", json={"fairness": {**FAIR, "gain": 0.03}}).status_code == 200
    known = {"user_id": "d0-000001", "policy": "fairer"}
    until(lambda: call("app", "GET", "/v1/recommendations", params=known).status_code == 200)
    assert any(one["fairness"] for one in terms(ask(call, 1, policy="fairer")))
    assert on_the_loop
    assert not any(on_the_loop)


def test_what_was_counted_is_in_redis_when_the_process_has_ended(
    release_home: Path, small_city: SmallCity, tmp_path: Path, stack: ExitStack
) -> None:
    url = stack.enter_context(EmbeddedRedis(tmp_path / "redis")).url
    redis = stack.enter_context(Redis.from_url(url))
    with running(release_home, redis_url=url) as client:
        call = Caller(client, small_city.keys)
        assert call("sales", "PUT", "/v1/policies/fair", json={"fairness": FAIR}).status_code == 200
        until(lambda: bool(redis.hexists(key_now(small_city.market), "since")))
        known = {"user_id": "d0-000001", "policy": "fair"}
        until(lambda: call("app", "GET", "/v1/recommendations", params=known).status_code == 200)
        counted = call.services.shares.count
        told = []
        call.services.shares.count = lambda *given: (told.append(given), counted(*given))[1]  # type: ignore[method-assign]
        before = float(redis.hget(key_now(small_city.market), "l") or 0.0)
        for number in range(30):
            ask(call, number)
    lists = float(redis.hget(key_now(small_city.market), "l") or 0.0) - before
    assert len(told) == 30
    assert lists / COUNTING.weight(time.time(), COUNTING.epoch(time.time())) >= len(told) - 0.1


def test_paid_places_pay_no_debt(fair: tuple[Caller, Redis]) -> None:
    """What a list counts for is what the examination curve gives its places that were not sold, no more."""
    call, _ = fair
    shares = call.services.shares
    counted: list[Any] = []
    count, shares.count = shares.count, lambda *given: counted.append(given) or {}  # type: ignore[method-assign]
    ask(call, 5)
    shares.count = count  # type: ignore[method-assign]
    [(asked, ranked, shown, _)] = counted
    theta = asked.snapshot.artifact.calibration.examination_at(np.arange(1, 11))
    whole = list_ledger(asked, ranked, shown, GroupedBy.KIND)
    sold = list_ledger(asked, ranked, replace(shown, sponsors={1: 0, 5: 0}), GroupedBy.KIND)
    assert whole.exposure.sum() == pytest.approx(theta.sum())
    assert sold.exposure.sum() == pytest.approx(theta.sum() - theta[1] - theta[5])
    assert sold.merit.tolist() == whole.merit.tolist()


def test_where_redis_is_away_nobody_is_lifted_and_the_answer_says_so(release_home: Path, small_city: SmallCity) -> None:
    with running(release_home, redis_url="redis://127.0.0.1:1", redis_timeout_ms=50) as client:
        call = Caller(client, small_city.keys)
        assert call("sales", "PUT", "/v1/policies/fair", json={"fairness": FAIR}).status_code == 200
        until(
            lambda: (
                call("app", "GET", "/v1/recommendations", params={"user_id": "d0-000001", "policy": "fair"})
                .json()
                .get("policy", {})
                .get("name")
                == "fair"
            )
        )
        answer = ask(call, 2)
        assert "fairness-away" in [one["code"] for one in answer["degraded"]]
        assert all(found["fairness"] == 0.0 for found in terms(answer))
        call.services.served.flush()
        assert call.services.replayer.replay(answer["request_id"]).identical


def test_two_servers_count_every_list_once(fresh_home: Path, small_city: SmallCity, stack: ExitStack) -> None:
    ports = [stack.enter_context(serving(fresh_home))[0] for _ in range(2)]
    apps = [stack.enter_context(closing(ApiClient("127.0.0.1", port, small_city.keys["app"]))) for port in ports]
    sales = stack.enter_context(closing(ApiClient("127.0.0.1", ports[0], small_city.keys["sales"])))
    sales.call("PUT", "/v1/policies/fair", {"fairness": FAIR})
    redis = stack.enter_context(EmbeddedRedis(fresh_home / "redis"))
    client = stack.enter_context(Redis.from_url(redis.url))

    def lists() -> float:
        weight = COUNTING.weight(time.time(), COUNTING.epoch(time.time()))
        return float(client.hget(key_now(small_city.market), "l") or -weight) / weight

    until(lambda: client.hexists(key_now(small_city.market), "since"))
    time.sleep(2.5)  # both servers have seen the policy, or count nothing for it
    before = lists()
    for number in range(120):
        apps[number % 2].call("GET", f"/v1/recommendations?user_id=d0-{number:06d}&k=10")
    until(lambda: round(lists() - before) >= 120)
    time.sleep(1.5)
    assert lists() - before == pytest.approx(120, rel=1e-3)
