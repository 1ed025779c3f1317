"""Demands, fronts and negotiations in the database: versions, the trail, what is kept and what is not."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select, update

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database import schema, stakeholder_tables
from services.database.transactions import reading, writing
from services.releases.freeze import FreezeStore
from services.stakeholders.demands import DemandStore, DemandVersionMismatch
from services.stakeholders.fronts import FrontError, FrontStore
from services.stakeholders.negotiation.demand import Bound, Demand
from services.stakeholders.negotiations import NegotiationStore
from services.stakeholders.policies import PolicyStore
from tests.stakeholders.fronts import front, town

MARKET = "aldermoor"
MODEST = Demand(limits=(Bound(measure="orders_per_1000", at_least=700.0),))
IMMODEST = Demand(limits=(Bound(measure="fee_revenue_per_1000", at_least=1e9),))


class Stores:
    """All of them over one database."""

    def __init__(self, engine: Engine) -> None:
        clock = Clock()
        self.engine, self.trail = engine, AuditTrail(engine, clock)
        self.demands, self.fronts = DemandStore(engine, self.trail, clock), FrontStore(engine, self.trail)
        self.policies = PolicyStore(engine, self.trail, clock)
        self.freezes = FreezeStore(engine, self.trail, clock)
        parts = engine, self.trail, clock, self.fronts, self.demands, self.policies
        self.negotiations = NegotiationStore(*parts)

    def actions(self) -> list[str]:
        return [record.action for record in self.trail.page()][::-1]


@pytest.fixture
def stores(engine: Engine) -> Stores:
    return Stores(engine)


def test_a_demand_has_versions_and_each_is_in_the_trail(stores: Stores) -> None:
    first = stores.demands.put(MARKET, "product", MODEST, None, "product")
    assert (first.version, stores.demands.of(MARKET)) == (1, {"product": first})
    assert stores.demands.put(MARKET, "product", MODEST, 1, "product") == first
    second = stores.demands.put(MARKET, "product", IMMODEST, 1, "product")
    assert second.version == 2
    for seen in (None, 1, 3):
        with pytest.raises(DemandVersionMismatch, match="version 2 is stored"):
            stores.demands.put(MARKET, "product", MODEST, seen, "product")
    with pytest.raises(DemandVersionMismatch, match="there is none"):
        stores.demands.put(MARKET, "sales", MODEST, 1, "sales")
    assert stores.demands.of("elsewhere") == {}
    newest = stores.trail.page()[0]
    assert (newest.action, newest.role, newest.subject) == ("demand.put", "product", "product")
    assert (newest.document["before"]["version"], newest.document["after"]["version"]) == (1, 2)
    assert stores.trail.first_broken() is None


def test_the_newest_front_is_taken_and_none_is_changed(stores: Stores) -> None:
    old = front(town(8))
    new = old.model_copy(update={"front_id": "1" * 16, "created_at": old.created_at + timedelta(days=1)})
    with pytest.raises(FrontError, match=r"no front yet: `tablestakes negotiate --market aldermoor` evaluates one"):
        stores.fronts.get(MARKET)
    for one in (new, old, old.model_copy(update={"active": "another"})):
        stores.fronts.put(MARKET, one, "admin")
    assert stores.fronts.get(MARKET) == new
    assert stores.fronts.get(MARKET, old.front_id) == old
    with pytest.raises(FrontError, match="no front 2222"):
        stores.fronts.get(MARKET, "2" * 16)
    with pytest.raises(FrontError, match="no front yet"):
        stores.fronts.get("elsewhere")


def test_a_front_that_was_assumed_gives_way_to_the_same_that_is_not(stores: Stores) -> None:
    assumed, own = (
        front(town(8)).model_copy(update={"assumed": assumed, "provenance": {"setting": {"seed": 1}}})
        for assumed in (True, False)
    )
    found = []
    for one in (assumed, assumed, own, own, assumed):
        stores.fronts.put(MARKET, one, "admin", "for the winter")
        found.append(stores.fronts.get(MARKET).assumed)
    assert found == [True, True, False, False, False]
    second, first = stores.trail.page()
    assert {(each.action, each.role, each.subject) for each in (first, second)} == {
        ("front.put", "admin", own.front_id)
    }
    sha = hashlib.sha256(b'{"setting":{"seed":1}}').hexdigest()
    assert first.document["after"] == {"front_id": own.front_id, "assumed": True, "provenance": sha}
    assert (first.document["before"], first.document["reason"]) == (None, "for the winter")
    assert second.document["before"] == first.document["after"]
    assert second.document["after"] == {**first.document["after"], "assumed": False}


def test_the_trail_keeps_why_a_seat_demands_and_negotiates(stores: Stores) -> None:
    stores.fronts.put(MARKET, front(town()), "admin")
    noted = MODEST.model_copy(update={"note": "the winter target"})
    stores.demands.put(MARKET, "product", noted, None, "product")
    stores.demands.put(MARKET, "product", MODEST, 1, "product", "less wordy")
    stores.demands.put(MARKET, "product", IMMODEST, 2, "product")
    stores.demands.put(MARKET, "product", MODEST, 3, "product", "too much")
    stores.negotiations.settle(MARKET, None, "product", "the winter menu")
    reasons = [(record.action, record.document["reason"]) for record in stores.trail.page()][::-1]
    assert reasons[1:] == [
        ("demand.put", "the winter target"),
        ("demand.put", "less wordy"),
        ("demand.put", ""),
        ("demand.put", "too much"),
        ("policy.put", "the winter menu"),
        ("negotiation.settle", "the winter menu"),
    ]


def test_a_front_of_another_version_of_the_program_is_refused_in_words(stores: Stores, engine: Engine) -> None:
    stores.fronts.put(MARKET, front(town(8)), "admin")
    with writing(engine) as connection:
        document = front(town(8)).model_dump_json().replace('"shortlist":200', '"shortlisted":200', 1)
        connection.execute(update(stakeholder_tables.fronts).values(document=document))
    with pytest.raises(FrontError, match=r"of another version of the program \(wide\.policies\.0\.policy\.shortlisted"):
        stores.fronts.get(MARKET)


def test_a_negotiation_is_kept_with_its_reasons_and_its_settlement_is_a_policy(stores: Stores) -> None:
    stores.fronts.put(MARKET, front(town()), "admin")
    stores.demands.put(MARKET, "product", MODEST, None, "product")
    found = stores.negotiations.settle(MARKET, None, "product")
    assert found.negotiation_id is not None
    assert found.result.settlement is not None
    assert found.policy is not None
    name, version = found.policy
    [stored] = stores.policies.versions(MARKET, name)
    assert (stored.policy.version, version) == (1, 1)
    assert name == f"settlement-{found.negotiation_id[:12]}"
    settled = found.result.settlement.policy
    assert stored.policy == settled.model_copy(update={"name": name, "version": 1})
    assert stores.policies.newest(MARKET)[1] == ("balanced", 1)  # Kept is not active.
    assert stores.actions() == ["front.put", "demand.put", "policy.put", "negotiation.settle"]
    record = stores.trail.page()[0]
    assert record.document["front_id"] == found.front_id
    assert record.document["demands"] == {"product": MODEST.model_dump(mode="json")}
    assert record.document["settlement"]["shares"] == found.result.settlement.shares
    assert stores.negotiations.get(MARKET, found.negotiation_id) == found
    assert stores.negotiations.newest(MARKET, 10) == [found]
    assert stores.negotiations.get("elsewhere", found.negotiation_id) is None


def test_the_same_again_is_the_same_negotiation_and_other_demands_are_another(stores: Stores) -> None:
    stores.fronts.put(MARKET, front(town()), "admin")
    one = stores.negotiations.settle(MARKET, None, "product")
    assert stores.negotiations.settle(MARKET, one.front_id, "sales") == one
    stores.demands.put(MARKET, "product", MODEST, None, "product")
    other = stores.negotiations.settle(MARKET, None, "product")
    assert other.negotiation_id != one.negotiation_id
    assert [kept.negotiation_id for kept in stores.negotiations.newest(MARKET, 1)] == [other.negotiation_id]
    assert stores.actions().count("negotiation.settle") == 2


def test_a_negotiation_over_a_front_that_is_no_longer_assumed_says_so(stores: Stores) -> None:
    evaluated = front(town())
    stores.fronts.put(MARKET, evaluated.model_copy(update={"assumed": True}), "admin")
    first = stores.negotiations.settle(MARKET, None, "product")
    stores.fronts.put(MARKET, evaluated, "admin")
    second = stores.negotiations.settle(MARKET, None, "sales")
    assert (first.assumed, second.assumed) == (True, False)
    assert (first.negotiation_id, first.result, first.policy) == (second.negotiation_id, second.result, second.policy)
    assert stores.negotiations.settle(MARKET, None, "product") == second
    assert stores.negotiations.newest(MARKET, 10) == [second]


def test_a_blocked_negotiation_is_kept_without_a_policy(stores: Stores) -> None:
    stores.fronts.put(MARKET, front(town()), "admin")
    stores.demands.put(MARKET, "sales", IMMODEST, None, "sales")
    found = stores.negotiations.settle(MARKET, None, "sales")
    assert (found.policy, found.result.settlement) == (None, None)
    assert stores.trail.page()[0].document["blocking"] == ["sales"]
    assert found.negotiation_id is not None
    assert stores.negotiations.get(MARKET, found.negotiation_id) == found


def test_a_what_if_leaves_no_trace(stores: Stores, engine: Engine) -> None:
    stores.fronts.put(MARKET, front(town()), "admin")
    stores.demands.put(MARKET, "product", MODEST, None, "product")
    before = stores.actions()
    found = stores.negotiations.what_if(MARKET, None, {"sales": IMMODEST}, "sales")
    assert (found.negotiation_id, set(found.demands)) == (None, {"product", "sales"})
    assert found.result.infeasible is not None
    changed = stores.negotiations.what_if(MARKET, None, {"product": Demand()}, "sales")
    assert changed.demands == {"product": Demand()}
    assert stores.demands.of(MARKET)["product"].demand == MODEST
    assert stores.actions() == before
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(stakeholder_tables.negotiations)).scalar() == 0


def test_in_a_freeze_the_settlement_is_told_but_waits(stores: Stores, engine: Engine) -> None:
    with writing(engine) as connection:
        row = {"market": MARKET, "title": "", "time_zone": "UTC", "currency": "EUR", "lat": 0.0, "lon": 0.0}
        connection.execute(insert(schema.markets), {**row, "catalogue_version": 1})
    stores.fronts.put(MARKET, front(town()).model_copy(update={"wide": moved()}), "admin")
    stores.freezes.freeze(MARKET, "the holidays", datetime.now(UTC) + timedelta(days=1), "infra")
    found = stores.negotiations.settle(MARKET, None, "ml")
    assert found.result.settlement is not None
    assert found.policy is None
    assert found.held is not None
    assert "the holidays" in found.held
    assert found.negotiation_id is not None
    assert stores.negotiations.get(MARKET, found.negotiation_id) == found
    assert stores.negotiations.settle(MARKET, None, "ml") == found
    assert stores.actions().count("negotiation.settle") == 1

    stores.freezes.lift(MARKET, "infra")
    freed = stores.negotiations.settle(MARKET, None, "sales")
    assert (freed.negotiation_id, freed.held, freed.result) == (found.negotiation_id, None, found.result)
    assert freed.policy is not None
    assert stores.negotiations.newest(MARKET, 10) == [freed]
    assert stores.actions()[-2:] == ["policy.put", "negotiation.settle"]


def test_two_who_negotiate_at_once_get_one_negotiation(stores: Stores) -> None:
    stores.fronts.put(MARKET, front(town(16)), "admin")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda role: stores.negotiations.settle(MARKET, None, role), ("ml", "sales") * 4))
    assert len({(one.negotiation_id, one.policy) for one in found}) == 1
    assert len({one.created_at for one in found}) == 1
    assert stores.actions() == ["front.put", "policy.put", "negotiation.settle"]
    assert stores.trail.first_broken() is None


def moved() -> object:
    """A stage of policies that differ from the active one."""
    stage = town(8)
    policies = tuple(
        one.model_copy(update={"policy": one.policy.model_copy(update={"shortlist": 50})}) for one in stage.policies
    )
    return stage.model_copy(update={"policies": policies})
