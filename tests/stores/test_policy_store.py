"""Policies in the database: versions that stay, one that is active, and a record of every write."""

import contextlib
import threading

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import DBAPIError

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.schema import active_policies, audit_trail, policies
from services.database.transactions import reading, writing
from services.stakeholders.policies import PolicyNotFound, PolicyStore, PolicyVersionMismatch
from services.stakeholders.policy import AdPolicy, Policy

MARKET = "aldermoor"


@pytest.fixture
def trail(engine: Engine) -> AuditTrail:
    """An empty one."""
    return AuditTrail(engine, Clock())


@pytest.fixture
def store(engine: Engine, trail: AuditTrail) -> PolicyStore:
    """Without any policy."""
    return PolicyStore(engine, trail, Clock())


def greedy(money: float) -> Policy:
    return Policy(name="greedy", ads=AdPolicy(money=money))


def test_a_market_has_the_default_policy_from_the_beginning(store: PolicyStore) -> None:
    assert store.of(MARKET) == ({"balanced": Policy()}, "balanced")
    newest, active = store.newest(MARKET)
    assert [each.policy for each in newest] == [Policy()]
    assert active == ("balanced", 1)
    assert [each.policy for each in store.versions(MARKET, "balanced")] == [Policy()]
    assert store.versions(MARKET, "greedy") == []


def test_every_version_stays_and_the_same_content_makes_none(store: PolicyStore, trail: AuditTrail) -> None:
    first = store.put(MARKET, greedy(0.01), None, "sales")
    second = store.put(MARKET, greedy(0.02), 1, "sales")
    assert store.put(MARKET, greedy(0.02), 2, "sales") == second
    assert [each.policy.version for each in store.versions(MARKET, "greedy")] == [2, 1]
    assert first.policy.ads.money == store.versions(MARKET, "greedy")[1].policy.ads.money == 0.01
    assert store.of(MARKET)[0]["greedy"].version == 2
    assert [record.action for record in trail.page()] == ["policy.put"] * 2
    assert trail.page()[0].document["before"]["ads"]["money"] == 0.01
    assert trail.page()[0].document["after"]["ads"]["money"] == 0.02


def test_who_has_not_seen_the_newest_version_writes_nothing(store: PolicyStore, trail: AuditTrail) -> None:
    store.put(MARKET, greedy(0.01), None, "sales")
    for seen in (None, 2, 0):
        with pytest.raises(PolicyVersionMismatch, match="version 1 is the newest"):
            store.put(MARKET, greedy(0.5), seen, "sales")
    with pytest.raises(PolicyVersionMismatch, match="it is not there"):
        store.put(MARKET, Policy(name="other"), 1, "sales")
    assert len(trail.page()) == 1


def test_the_active_version_serves_until_another_is_activated(store: PolicyStore, trail: AuditTrail) -> None:
    store.put(MARKET, greedy(0.01), None, "sales")
    store.activate(MARKET, "greedy", None, "admin", override=True)
    store.put(MARKET, greedy(0.02), 1, "sales")
    policies, active = store.of(MARKET)
    assert (active, policies["greedy"].ads.money) == ("greedy", 0.01)
    store.activate(MARKET, "greedy", None, "admin", override=True)
    assert store.of(MARKET)[0]["greedy"].ads.money == 0.02
    store.activate(MARKET, "greedy", 1, "admin", override=True)
    assert store.of(MARKET)[0]["greedy"].ads.money == 0.01
    store.activate(MARKET, "greedy", 1, "admin", override=True)
    assert [record.action for record in trail.page()].count("policy.override") == 3
    assert store.of("bramble") == ({"balanced": Policy()}, "balanced")


def test_the_default_can_be_changed_and_gone_back_to(store: PolicyStore) -> None:
    changed = store.put(MARKET, Policy(shortlist=300), 1, "product")
    assert changed.policy.version == 2
    assert store.of(MARKET)[0]["balanced"] == Policy()
    store.activate(MARKET, "balanced", 2, "admin", override=True)
    assert store.of(MARKET)[0]["balanced"].shortlist == 300
    store.activate(MARKET, "balanced", 1, "admin", override=True)
    assert store.of(MARKET)[0]["balanced"] == Policy()
    store.activate("bramble", "balanced", None, "admin", override=True)


def test_what_is_not_there_cannot_be_activated(store: PolicyStore) -> None:
    with pytest.raises(PolicyNotFound, match="no policy 'greedy'"):
        store.activate(MARKET, "greedy", None, "admin", override=True)
    store.put(MARKET, greedy(0.01), None, "sales")
    with pytest.raises(PolicyNotFound, match="no version 7 of policy 'greedy'"):
        store.activate(MARKET, "greedy", 7, "admin", override=True)


def test_of_writers_who_saw_the_same_version_one_wins(store: PolicyStore) -> None:
    store.put(MARKET, greedy(0.01), None, "sales")
    won: list[float] = []

    def work(money: float) -> None:
        with contextlib.suppress(PolicyVersionMismatch):
            won.append(store.put(MARKET, greedy(money), 1, "sales").policy.ads.money)

    threads = [threading.Thread(target=work, args=(0.1 + number / 100,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert [each.policy.ads.money for each in store.versions(MARKET, "greedy")] == [won[0], 0.01]


def test_without_a_record_there_is_no_lever(engine: Engine, store: PolicyStore) -> None:
    store.put(MARKET, greedy(0.01), None, "sales")
    with writing(engine) as connection:
        audit_trail.drop(connection)
    for lever in (
        lambda: store.put(MARKET, greedy(0.02), 1, "sales"),
        lambda: store.put(MARKET, Policy(shortlist=300), 1, "sales"),
        lambda: store.activate(MARKET, "greedy", None, "admin", override=True),
    ):
        with pytest.raises((StorageUnavailable, DBAPIError)):
            lever()
    with reading(engine) as connection:
        assert connection.execute(select(policies.c.name, policies.c.version)).all() == [("greedy", 1)]
        assert connection.execute(select(func.count()).select_from(active_policies)).scalar() == 0


def test_a_document_from_before_a_dial_was_there_has_its_default(engine: Engine, store: PolicyStore) -> None:
    old = '{"name":"greedy","version":1,"shortlist":300,"ads":{"money":0.01}}'
    row = {"market": MARKET, "name": "greedy", "version": 1, "document": old, "created_at": Clock().now()}
    with writing(engine) as connection:
        connection.execute(insert(policies), row)
    expected = Policy(name="greedy", shortlist=300, ads=AdPolicy(money=0.01))
    assert store.of(MARKET)[0]["greedy"] == expected
    assert store.put(MARKET, expected, 1, "sales").policy.version == 1
    assert store.activate(MARKET, "greedy", None, "admin", override=True).policy == expected
