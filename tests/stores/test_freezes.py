"""Freezes in the database, what they refuse, and the worker's jobs that make and end them."""

from datetime import datetime, timedelta

import pytest
from release_records import FRIDAY, MARKET, Watch, assert_consistent, register, save_versions, states, store_of
from sqlalchemy import Engine, insert

from data.columns import EventType
from models.artifacts import Artifact
from services.audit.trail import AuditTrail
from services.database.schema import markets, serving_minutes
from services.database.transactions import writing
from services.events.log import Event, EventLog
from services.releases.assignment import in_share
from services.releases.bounds import ApprovedBounds, DialRange
from services.releases.budget import Objectives
from services.releases.calendar import Calendar, Window
from services.releases.freeze import Cause, FreezeStore, Frozen, OutsideBounds
from services.releases.guardrails import Promises
from services.releases.jobs import BudgetJob, GuardrailJob
from services.releases.minutes import ServingMinutes
from services.releases.overview import price_of
from services.releases.states import Move
from services.settings import Settings
from services.stakeholders.policies import PolicyStore
from services.stakeholders.policy import AdPolicy, Policy
from services.stakeholders.scorecard.card import text_lines
from services.stakeholders.scorecard.store import Scorecards

PROMISED = Objectives(availability=0.999, fast=0.99, slow_ms=100.0, window_days=28, least_requests=1_000)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> list[Artifact]:
    return save_versions(tmp_path_factory.mktemp("freezes"), 3)


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def freezes(engine: Engine, clock: Watch) -> FreezeStore:
    return FreezeStore(engine, AuditTrail(engine, clock), clock)


@pytest.fixture
def versions(engine: Engine, saved: list[Artifact], clock: Watch) -> list[str]:
    place = {"title": "", "time_zone": "Europe/London", "currency": "GBP", "lat": 52.0, "lon": 0.0}
    with writing(engine) as connection:
        connection.execute(insert(markets), {"market": MARKET, **place, "catalogue_version": 1})
    return [register(engine, artifact, clock=clock) for artifact in saved]


def promote(engine: Engine, version: str, clock: Watch, role: str = "admin") -> str:
    return store_of(engine, clock).move(MARKET, version, Move.PROMOTE, role=role).state


def test_a_freeze_by_hand_refuses_until_it_ends_and_names_what_waits(
    engine: Engine, versions: list[str], freezes: FreezeStore, clock: Watch
) -> None:
    freezes.freeze(MARKET, "an outage", FRIDAY + timedelta(hours=2), "infra")
    for move in (Move.PROMOTE, Move.CANARY, Move.SHADOW):
        with pytest.raises(Frozen, match=r"an outage .hand, until 2026-01-09 20:00 UTC.; waiting: ") as caught:
            store_of(engine, clock).move(MARKET, versions[1], move, role="admin", share=0.1)
        assert sorted(caught.value.queue) == sorted(versions[1:])
        assert [freeze.cause for freeze in caught.value.freezes] == [Cause.HAND]
    clock.at = FRIDAY + timedelta(hours=2)
    assert freezes.active(MARKET) == []
    assert promote(engine, versions[1], clock) == "champion"


def test_the_scorecard_says_what_a_freeze_costs(
    engine: Engine, saved: list[Artifact], versions: list[str], freezes: FreezeStore, clock: Watch
) -> None:
    cards = Scorecards(engine, clock, Settings().objectives)
    assert cards.fresh(MARKET).standstill is None
    clock.at += timedelta(days=3)
    freezes.freeze(MARKET, "an outage", clock.at + timedelta(hours=2), "infra")
    said = "frozen (an outage): 3.0 days stale, nDCG@10 lost 0.0200, 2 waiting"
    assert text_lines(cards.fresh(MARKET))[-1] == said
    store = store_of(engine, clock)
    price = price_of(store.releases(MARKET), clock.at)
    assert (price.champion_ndcg, price.best_queued) == (0.2, versions[2])
    store.move(MARKET, versions[2], Move.REJECT, role="infra")
    store.move(MARKET, versions[1], Move.REJECT, role="infra")
    assert price_of(store.releases(MARKET), clock.at).ndcg_lost is None


def test_a_rollback_a_withdrawal_and_training_go_on_while_it_is_frozen(
    engine: Engine, saved: list[Artifact], versions: list[str], freezes: FreezeStore, clock: Watch
) -> None:
    promote(engine, versions[1], clock)
    store = store_of(engine, clock)
    store.move(MARKET, versions[2], Move.CANARY, role="infra", share=0.1)
    freezes.freeze(MARKET, "an outage", FRIDAY + timedelta(hours=2), "infra")
    assert store.move(MARKET, versions[2], Move.WITHDRAW, role="infra").state == "challenger"
    assert store.move(MARKET, versions[0], Move.ROLLBACK, role="infra").state == "champion"
    assert register(engine, save_versions(saved[0].path.parents[1], 4)[3]) in states(engine)
    assert_consistent(engine)


def test_a_calendar_freezes_by_the_markets_own_clock(
    engine: Engine, versions: list[str], freezes: FreezeStore, clock: Watch
) -> None:
    window = Window(days=("fri",), starts="17:00", ends="23:00", reason="the rush")
    freezes.put_calendar(MARKET, Calendar((window,)), "infra")
    assert freezes.put_calendar(MARKET, Calendar((window,)), "infra") == freezes.calendar(MARKET)
    with pytest.raises(Frozen, match=r"the rush .calendar, until 2026-01-09 23:00"):
        promote(engine, versions[1], clock)
    assert [each.cause for each in freezes.lift(MARKET, "infra")] == [Cause.CALENDAR]
    clock.at = FRIDAY + timedelta(hours=6)
    assert promote(engine, versions[1], clock) == "champion"
    assert [record.action for record in AuditTrail(engine, clock).page(MARKET)].count("freeze.calendar") == 1


def test_dials_move_inside_approved_bounds_and_not_outside(
    engine: Engine, versions: list[str], freezes: FreezeStore, clock: Watch
) -> None:
    policies = PolicyStore(engine, AuditTrail(engine, clock), clock)
    freezes.put_bounds(MARKET, ApprovedBounds({"ads.money": DialRange(min=0.0, max=0.004)}), "infra")
    free = policies.put(MARKET, Policy(name="greedy", ads=AdPolicy(money=0.5)), None, "sales").policy
    freezes.freeze(MARKET, "an outage", FRIDAY + timedelta(hours=2), "infra")
    inside = policies.put(MARKET, Policy(ads=AdPolicy(money=0.003)), 1, "sales").policy
    assert policies.activate(MARKET, "balanced", inside.version, "admin", override=True).policy.ads.money == 0.003
    for ads in (AdPolicy(money=0.0041), AdPolicy(money=0.003, cap=5)):
        with pytest.raises(OutsideBounds, match=r"ads\.(money|cap)"):
            policies.put(MARKET, Policy(ads=ads), 2, "sales")
    with pytest.raises(OutsideBounds, match=r"'greedy'.*0\.5 is outside 0 to 0\.004"):
        policies.activate(MARKET, "greedy", free.version, "admin", override=True)
    assert policies.of(MARKET)[1] == "balanced"
    assert policies.activate(MARKET, "balanced", 1, "admin", override=True).policy.version == 1  # 0.002 is inside too
    freezes.lift(MARKET, "infra")
    assert policies.activate(MARKET, "greedy", None, "admin", override=True).policy.ads.money == 0.5


def test_each_freeze_and_each_rule_is_on_record(engine: Engine, freezes: FreezeStore, clock: Watch) -> None:
    until = FRIDAY + timedelta(hours=2)
    first = freezes.freeze(MARKET, "an outage", until, "infra")
    clock.at += timedelta(minutes=1)
    assert freezes.freeze(MARKET, "an outage", until, "admin") == first
    freezes.freeze(MARKET, "a long outage", until, "admin")
    freezes.put_bounds(MARKET, ApprovedBounds({"ads.cap": DialRange(min=0, max=3)}), "infra")
    freezes.lift(MARKET, "infra")
    freezes.lift(MARKET, "infra")
    trail = AuditTrail(engine, clock).page(MARKET)[::-1]
    assert [record.action for record in trail] == ["freeze.put", "freeze.put", "freeze.bounds", "freeze.lift"]
    assert trail[1].document["before"]["reason"] == "an outage"
    assert trail[3].document["after"] is None
    assert AuditTrail(engine, clock).first_broken() is None


def answered(engine: Engine, at: datetime, requests: int, errors: int, trial: int = 0, version: str = "v") -> None:
    row = {"market": MARKET, "minute": int(at.timestamp() // 60), "model_version": version, "trial": trial}
    with writing(engine) as connection:
        connection.execute(insert(serving_minutes), {**row, "requests": requests, "errors": errors, "slow": 0})


def test_a_spent_budget_freezes_by_itself_and_thaws_when_it_has_recovered(
    engine: Engine, versions: list[str], freezes: FreezeStore, clock: Watch
) -> None:
    job = BudgetJob(engine, freezes, ServingMinutes(engine, clock), PROMISED)
    answered(engine, FRIDAY - timedelta(days=27), 10_000, 3)
    job.run()
    assert freezes.active(MARKET) == []
    answered(engine, FRIDAY - timedelta(minutes=5), 10_000, 20)  # the planted fault: 23 of 20,000, 20 may fail
    job.run()
    job.run()
    with pytest.raises(Frozen, match=r"error budget spent: 23 of 20,000 lists in 28 days failed, 0\.10% may .budget"):
        promote(engine, versions[1], clock)
    assert freezes.lift(MARKET, "infra") == []
    job.run()
    assert freezes.active(MARKET) == []  # lifted for this time
    answered(engine, FRIDAY - timedelta(minutes=3), 10_000, 0)
    job.run()
    answered(engine, FRIDAY - timedelta(minutes=2), 1_000, 50)
    job.run()
    assert [freeze.role for freeze in freezes.active(MARKET)] == ["worker"]  # recovered, and spent again
    clock.at = FRIDAY + timedelta(days=29)
    job.run()
    assert freezes.active(MARKET) == []
    assert ServingMinutes(engine, clock).budget(MARKET, PROMISED).requests == 0
    trail = [record.action for record in AuditTrail(engine, clock).page(MARKET)]
    assert trail.count("freeze.put") == trail.count("freeze.lift") == 2


def ordered(engine: Engine, at: datetime, diners: list[str]) -> None:
    EventLog(engine).append(
        [
            Event(
                event_id=f"{at.timestamp()}-{diner}",
                type=EventType.ORDER,
                market=MARKET,
                user_id=diner,
                restaurant_id="r1",
                at=at,
            )
            for diner in diners
        ]
    )


def guardrails(engine: Engine, clock: Watch) -> GuardrailJob:
    minutes = ServingMinutes(engine, clock)
    return GuardrailJob(engine, store_of(engine, clock), minutes, clock, 0.05, Promises(0.001, 0.01))


def test_a_canary_that_fails_is_rolled_back_by_the_worker_and_an_equal_one_is_not(
    engine: Engine, versions: list[str], clock: Watch
) -> None:
    store, job = store_of(engine, clock), guardrails(engine, clock)
    first, second, _ = versions
    trial = store.move(MARKET, second, Move.CANARY, role="infra", share=0.1).trial
    answered(engine, clock.at, 9_000, 9, trial, first)
    answered(engine, clock.at, 1_000, 1, trial, second)
    assert job.run() == 0
    on_trial = store.lineups()[MARKET].trial
    assert on_trial is not None
    assert on_trial.evidence["errors"]["canary"] == 1
    clock.at += timedelta(minutes=1)
    answered(engine, clock.at, 9_000, 9, trial, first)
    answered(engine, clock.at, 1_000, 30, trial, second)
    answered(engine, clock.at, 50_000, 0, 0, first)  # whoever asks without a profile has no part in it
    assert job.run() == 1
    assert states(engine)[second] == "rolled-back"
    record = AuditTrail(engine, clock).page(MARKET)[0]
    assert (record.role, record.action) == ("worker", "release.rollback")
    assert record.document["reason"].startswith("guardrail errors: 31 of 49 hits are the canary's, which has 10.0%")
    assert job.run() == 0
    assert_consistent(engine)


@pytest.mark.parametrize("restart", [False, True])
def test_a_canary_with_fewer_orders_is_rolled_back_and_each_diner_counts_once(
    engine: Engine, versions: list[str], clock: Watch, restart: bool
) -> None:
    store, job = store_of(engine, clock), guardrails(engine, clock)
    second = versions[1]
    store.move(MARKET, second, Move.CANARY, role="infra", share=0.2)
    arms: dict[bool, list[str]] = {True: [], False: []}
    for number in range(2_000):
        arms[in_share(second, f"d{number}", 0.2)].append(f"d{number}")
    ordered(engine, clock.at - timedelta(minutes=1), arms[False][300:600])  # before the trial
    ended = 0
    for look in range(6):
        clock.at += timedelta(minutes=1)
        ordered(engine, clock.at, arms[False][: 50 + 50 * look] + arms[True][: 3 + 3 * look])
        if restart:
            job = guardrails(engine, clock)
        ended += job.run()
        evidence = next(each for each in store.releases(MARKET) if each.version.version == second).evidence
        assert evidence["orders"]["champion"] <= 50 + 50 * look
        if ended:
            break
    assert ended == 1
    assert states(engine)[second] == "rolled-back"
    assert "guardrail orders" in AuditTrail(engine, clock).page(MARKET)[0].document["reason"]


def test_a_shadow_is_not_watched(engine: Engine, versions: list[str], clock: Watch) -> None:
    store_of(engine, clock).move(MARKET, versions[1], Move.SHADOW, role="infra", share=1.0)
    ordered(engine, clock.at, [f"d{number}" for number in range(500)])
    assert guardrails(engine, clock).run() == 0
    assert states(engine)[versions[1]] == "shadow 1"
