"""Any history of events costs what the rules, told plainly, say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from billing_oracle import Oracle
from happenings import NOON, event
from hypothesis import HealthCheck, given, settings
from records import ALDERMOOR
from selling_records import StoppedClock, campaign, keep, place
from sqlalchemy import Engine, delete, insert, select

from data.columns import EventType
from services.ads.ledger import Ledger
from services.ads.settlement import Settler
from services.database.schema import (
    billing_queue,
    campaign_days,
    campaigns,
    markets,
    settlements,
)
from services.database.transactions import reading, upsert_into, writing
from services.events.log import EventLog

CLICK, ORDER, CANCELLED = EventType.CLICK, EventType.ORDER, EventType.ORDER_CANCELLED
WAIT = timedelta(seconds=5)
USERS, REQUESTS = ("d1", "d2"), range(6)
CAMPAIGNS = {"c1": ("r1", "click"), "c2": ("r2", "order"), "c3": ("r2", "order")}
PRICES = st.sampled_from([0, 1, 400_000, 1_000_000, 1_500_001])
PLACES = st.tuples(
    st.just("sell"),
    st.sampled_from(REQUESTS),
    st.sampled_from(sorted(CAMPAIGNS)),
    st.sampled_from([0, 1, 24, 47]),
    PRICES,
)
# Mostly what a sold place may have earned: an event drawn at random from all there can be would hardly ever be billed.
EVENTS = st.fixed_dictionaries(
    {
        "number": st.integers(0, 60),
        "kind": st.sampled_from(
            [(CLICK, "r1"), (CLICK, "r1"), (ORDER, "r2"), (ORDER, "r2"), (ORDER, "r1"), (CLICK, "r2")]
        ),
        "cancels": st.sampled_from([False, False, True]),
        "viewed": st.sampled_from([False] * 9 + [True]),
        "list": st.sampled_from(REQUESTS),
        "names_it": st.booleans(),
        "by_another": st.sampled_from([False] * 9 + [True]),
        "order_id": st.sampled_from(["o1", "o2", "o3", None]),
        "hours": st.sampled_from([-1, 0, 1, 2, 25, 26, 48, 49, 50, 168, 169, 24 * 9, 24 * 9 + 1]),
    }
)
STEPS = st.lists(
    st.one_of(
        PLACES,
        st.tuples(st.just("deliver"), st.lists(EVENTS, min_size=1, max_size=8)),
        st.tuples(st.just("deliver"), st.lists(EVENTS, min_size=1, max_size=8)),
        st.tuples(st.just("budget"), st.sampled_from(sorted(CAMPAIGNS)), st.integers(0, 8), st.integers(0, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, 4, 5, 3_600])),
        st.tuples(st.just("settle"), st.sampled_from([1, 2, 500])),
    ),
    min_size=8,
    max_size=40,
)
BEGIN = datetime.fromisoformat("2026-03-27T23:30:00+00:00")  # the clock changes two nights later
ROUNDS = iter(range(1_000_000))


class Both:
    """The system and the oracle side by side, in a market of their own: examples share the database."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.name = engine, f"m{next(ROUNDS)}"
        self.clock = StoppedClock(BEGIN + timedelta(days=9))
        self.log, self.settler = EventLog(engine, self.clock), Settler(engine, self.clock)
        self.oracle = Oracle("Europe/London")
        row = {**ALDERMOOR.__dict__, "market": self.name, "catalogue_version": 1}
        with writing(engine) as connection:
            connection.execute(delete(billing_queue))
            connection.execute(insert(markets), row)
        for number, campaign_id in enumerate(CAMPAIGNS):
            self.budget(campaign_id, 2, 1)
            for request in REQUESTS[number::2]:
                self.sell(request, campaign_id, 0, 700_000)

    def sell(self, request: int, campaign_id: str, hours: int, price: int) -> None:
        key = (f"q{request}", campaign_id)
        if key not in {(sold["request_id"], sold["campaign_id"]) for sold in self.oracle.places}:
            restaurant, billing = CAMPAIGNS[campaign_id]
            row = {"campaign_id": campaign_id, "restaurant_id": restaurant, "billing": billing, "price": price}
            user, at = USERS[request % 2], BEGIN + timedelta(hours=hours)
            sold = place(f"q{request}", at, market=self.name, user_id=user, **row)
            self.oracle.places.append(sold)
            keep(self.engine, ad_impressions=[sold])

    def deliver(self, described: list[dict[str, Any]]) -> None:
        events = []
        for one in described:
            kind, restaurant_id = one["kind"]
            if one["cancels"] or one["viewed"]:
                kind = CANCELLED if one["cancels"] else EventType.IMPRESSION
            fields = {
                "type": kind,
                "restaurant_id": restaurant_id,
                "user_id": USERS[(one["list"] + one["by_another"]) % 2],
                "request_id": f"q{one['list']}" if one["names_it"] else None,
                "order_id": one["order_id"],
                "at": BEGIN + timedelta(hours=one["hours"]),
            }
            events.append(event(f"{one['number']:02}", market=self.name, **fields))
        self.log.append(events)
        self.oracle.deliver(events, self.clock.at)

    def budget(self, campaign_id: str, total: int, daily: int) -> None:
        terms = {"market": self.name, "campaign_id": campaign_id, "total_budget": total, "daily_budget": daily}
        row = {"version": 1, "created_at": NOON, "updated_at": NOON, "closed_at": None}
        with writing(self.engine) as connection:
            connection.execute(upsert_into(self.engine, campaigns), {**campaign(1, **terms).__dict__, **row})
        self.oracle.budgets[campaign_id] = (total, daily)

    def wait(self, seconds: int) -> None:
        self.clock.at += timedelta(seconds=seconds)

    def settle(self, limit: int) -> None:
        assert self.settler.settle(limit) == self.oracle.settle(self.clock.at, WAIT, limit)

    def compare(self) -> None:
        mine, of = settlements.c, campaign_days.c
        names = ("event_id", "outcome", "amount", "campaign_id", "request_id")
        with reading(self.engine) as connection:
            settled = connection.execute(select(*(mine[name] for name in names)).where(mine.market == self.name)).all()
            days = connection.execute(select(of.campaign_id, of.day, of.spent).where(of.market == self.name)).all()
        bills = self.oracle.bills
        assert sorted(map(tuple, settled)) == sorted(
            (bill.event.event_id, bill.outcome, bill.amount, bill.campaign, bill.request) for bill in bills
        )
        assert all(spent == self.oracle.spent(campaign_id, day) for campaign_id, day, spent in days)
        spent = Ledger(self.engine).spent(self.name)
        assert spent == {name: self.oracle.spent(name) for name in spent}
        balances = Ledger(self.engine).balances(self.name)
        assert sum(balances.values()) == 0
        assert {name.removeprefix("campaign:"): amount for name, amount in balances.items() if name != "fees"} == spent


@given(steps=STEPS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_history_costs_what_the_rules_say(engine: Engine, steps: list[tuple[Any, ...]]) -> None:
    both = Both(engine)
    for name, *arguments in steps:
        step: Callable[..., None] = getattr(both, name)
        step(*arguments)
    both.wait(5)
    both.settle(500)
    both.compare()
