"""Sign-offs: all seats or nothing, each for itself, the last one activates, exactly once."""

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from release_records import FRIDAY, MARKET, Watch
from sqlalchemy import Engine

from services.audit.trail import AuditTrail
from services.releases.bounds import ApprovedBounds, DialRange
from services.releases.freeze import FreezeStore
from services.releases.registry import ModelRegistry
from services.stakeholders.policies import NotSigned, PolicyNotFound, PolicyStore, WrongModel
from services.stakeholders.policy import AdPolicy, Policy
from services.stakeholders.seats import signing
from services.stakeholders.sign_offs import SignOffRefused, SignOffStore

SEATS = [seat.name for seat in signing()]


class Table:
    """Everything at which policies are put, signed and activated."""

    def __init__(self, engine: Engine) -> None:
        self.clock = Watch()
        self.trail = AuditTrail(engine, self.clock)
        self.policies = PolicyStore(engine, self.trail, self.clock)
        self.sign_offs = SignOffStore(engine, self.trail, self.clock, self.policies)
        self.freezes = FreezeStore(engine, self.trail, self.clock)

    def put(self, money: float, seen: int | None = None, name: str = "agreed", **dials: object) -> int:
        policy = Policy(name=name, ads=AdPolicy(money=money), **dials)  # type: ignore[arg-type]
        return self.policies.put(MARKET, policy, seen, "sales").policy.version

    def sign(self, *seats: str, version: int = 1) -> list[str]:
        """All these seats in order; who is missing after each."""
        return [
            ",".join(self.sign_offs.sign(MARKET, "agreed", version, seat, f"{seat} agrees").missing) for seat in seats
        ]

    @property
    def active(self) -> tuple[str, int]:
        return self.policies.newest(MARKET)[1]

    def actions(self) -> list[str]:
        return [record.action for record in self.trail.page()][::-1]


@pytest.fixture
def table(engine: Engine) -> Table:
    return Table(engine)


def test_the_last_signature_activates(table: Table) -> None:
    table.put(0.01)
    assert table.sign(*SEATS[:-1])[-1] == SEATS[-1]
    assert table.active == ("balanced", 1)
    last = table.sign_offs.sign(MARKET, "agreed", 1, SEATS[-1], "then I do too")
    assert (last.missing, last.active, last.held_back, table.active) == ((), True, None, ("agreed", 1))
    activation, signature = table.trail.page(limit=2)
    assert (signature.action, signature.role, signature.document["reason"]) == (
        "policy.sign",
        SEATS[-1],
        "then I do too",
    )
    assert (activation.action, activation.role) == ("policy.activate", SEATS[-1])
    assert sorted(activation.document["signed_by"]) == sorted(SEATS)
    assert activation.document["missing"] == []


def test_signing_again_changes_nothing(table: Table) -> None:
    table.put(0.01)
    table.sign("ml")
    table.clock.at += timedelta(hours=1)
    again = table.sign_offs.sign(MARKET, "agreed", 1, "ml", "other words")
    assert [(each.seat, each.reason, each.at) for each in again.signed] == [("ml", "ml agrees", FRIDAY)]
    table.sign(*SEATS)
    before = table.actions()
    assert before.count("policy.activate") == 1
    table.policies.activate(MARKET, "balanced", 1, "infra")
    table.sign(*SEATS)
    assert table.actions() == [*before, "policy.activate"]
    assert table.active == ("balanced", 1)


def test_a_changed_policy_has_no_signatures(table: Table) -> None:
    table.put(0.01)
    table.sign(*SEATS[:-1])
    table.put(0.02, 1)
    assert table.sign_offs.of(MARKET, "agreed").missing == tuple(SEATS)
    assert table.sign_offs.of(MARKET, "agreed", 1).missing == (SEATS[-1],)
    with pytest.raises(NotSigned, match="version 2 is not signed by ml, sales") as refused:
        table.policies.activate(MARKET, "agreed", None, "ml")
    assert refused.value.missing == SEATS


def test_any_signed_version_can_be_gone_back_to_and_no_other(table: Table) -> None:
    for version, money in enumerate((0.01, 0.02, 0.03), 1):
        table.put(money, version - 1 or None)
        if version < 3:
            table.sign(*SEATS, version=version)
    assert table.active == ("agreed", 2)
    table.policies.activate(MARKET, "agreed", 1, "fairness", reason="it was better")
    assert table.active == ("agreed", 1)
    table.policies.activate(MARKET, "balanced", 1, "infra")
    assert table.active == ("balanced", 1)
    with pytest.raises(NotSigned):
        table.policies.activate(MARKET, "agreed", 3, "ml")
    table.policies.activate(MARKET, "agreed", 3, "admin", override=True, reason="a demo")
    override = table.trail.page(limit=1)[0]
    assert (override.action, override.document["reason"], override.document["missing"]) == (
        "policy.override",
        "a demo",
        SEATS,
    )


def test_a_signature_can_be_taken_back_while_the_version_is_not_active(table: Table) -> None:
    table.put(0.01)
    table.sign(*SEATS[:3])
    left = table.sign_offs.withdraw(MARKET, "agreed", 1, SEATS[1], "I read it again")
    assert [each.seat for each in left.signed] == [SEATS[0], SEATS[2]]
    assert table.sign_offs.withdraw(MARKET, "agreed", 1, SEATS[1], "") == left
    assert table.actions().count("policy.withdraw") == 1
    table.sign(*SEATS)
    with pytest.raises(SignOffRefused, match="is active"):
        table.sign_offs.withdraw(MARKET, "agreed", 1, SEATS[0], "")
    table.policies.activate(MARKET, "balanced", 1, "infra")
    table.sign_offs.withdraw(MARKET, "agreed", 1, SEATS[0], "not again")
    with pytest.raises(NotSigned, match=f"not signed by {SEATS[0]}$"):
        table.policies.activate(MARKET, "agreed", 1, SEATS[1])


def test_what_is_not_there_or_needs_none_is_not_signed(table: Table) -> None:
    with pytest.raises(PolicyNotFound):
        table.sign_offs.sign(MARKET, "agreed", 1, "ml", "yes")
    with pytest.raises(PolicyNotFound):
        table.sign_offs.of(MARKET, "balanced", 2)
    with pytest.raises(SignOffRefused, match="needs no signatures"):
        table.sign_offs.sign(MARKET, "balanced", 1, "ml", "yes")
    assert table.sign_offs.of(MARKET, "balanced").missing == ()
    assert table.put(0.5, 1, "balanced") == 2
    assert table.sign_offs.of(MARKET, "balanced").missing == tuple(SEATS)


def test_a_freeze_holds_the_activation_back_and_the_signature_stays(table: Table) -> None:
    table.put(0.5)
    table.sign(*SEATS[:-1])
    table.freezes.put_bounds(MARKET, ApprovedBounds({"ads.money": DialRange(min=0.0, max=0.01)}), "infra")
    table.freezes.freeze(MARKET, "an outage", FRIDAY + timedelta(hours=2), "infra")
    held = table.sign_offs.sign(MARKET, "agreed", 1, SEATS[-1], "yes")
    assert (held.missing, held.active) == ((), False)
    assert held.held_back is not None
    assert "an outage" in held.held_back
    assert table.active == ("balanced", 1)
    table.freezes.lift(MARKET, "infra")
    assert table.sign_offs.of(MARKET, "agreed").missing == ()
    table.policies.activate(MARKET, "agreed", 1, "product")
    assert table.active == ("agreed", 1)


def test_a_policy_for_a_model_waits_for_its_champion(engine: Engine, table: Table) -> None:
    table.put(0.01, model="ease")
    held = [table.sign_offs.sign(MARKET, "agreed", 1, seat, "yes") for seat in SEATS][-1]
    assert held.held_back is not None
    assert "there is no champion" in held.held_back
    registry = ModelRegistry(engine, table.clock)
    registry.register(MARKET, "lightfm-1", "lightfm", "nowhere", {})
    with pytest.raises(WrongModel, match=r"'ease', and the champion is 'lightfm': promote"):
        table.policies.activate(MARKET, "agreed", 1, "ml")
    with pytest.raises(WrongModel):
        table.policies.activate(MARKET, "agreed", 1, "admin", override=True, reason="even so")
    table.put(0.01, 1, model="lightfm")
    table.sign(*SEATS, version=2)
    assert table.active == ("agreed", 2)


def test_seats_that_sign_together_activate_exactly_once(table: Table) -> None:
    table.put(0.01)
    states = []
    threads = [
        threading.Thread(target=lambda seat=seat: states.append(table.sign_offs.sign(MARKET, "agreed", 1, seat, "yes")))
        for seat in SEATS * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(states) == 2 * len(SEATS)
    assert table.active == ("agreed", 1)
    assert table.actions().count("policy.activate") == 1
    assert table.actions().count("policy.sign") == len(SEATS)
    assert table.trail.first_broken() is None


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(["sign", "withdraw"]), st.sampled_from(SEATS)), max_size=25))
def test_active_is_what_had_all_signatures_at_once(engine: Engine, moves: list[tuple[str, str]]) -> None:
    """Against the few lines that say the same of a set."""
    table = Table(engine)
    seen = next(iter(each.policy.version for each in table.policies.versions(MARKET, "agreed")), None)
    version = table.put(0.001 * ((seen or 0) + 3), seen)
    signed: set[str] = set()
    for move, seat in moves:
        if table.active == ("agreed", version):
            break
        step = table.sign_offs.sign if move == "sign" else table.sign_offs.withdraw
        state = step(MARKET, "agreed", version, seat, "a reason")
        signed = signed | {seat} if move == "sign" else signed - {seat}
        assert {each.seat for each in state.signed} == signed
        assert state.active == (len(signed) == len(SEATS))
