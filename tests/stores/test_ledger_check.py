"""The check of the books finds every kind of fault, and none where there is none."""

from datetime import timedelta
from typing import Any

import pytest
from happenings import NOON, event
from records import ALDERMOOR, diners, restaurants
from selling_records import StoppedClock, campaign, keep, place, settlement
from sqlalchemy import Engine, text

from data.columns import Billing, EventType
from services.ads.campaign import MICRO
from services.ads.campaigns import CampaignStore
from services.ads.ledger import Ledger
from services.ads.ledger_check import check
from services.ads.settlement import Settler
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.database.transactions import writing
from services.events.log import EventLog


@pytest.fixture
def books(engine: Engine) -> Engine:
    """An order that is charged and cancelled, another one that stands, and a click that found nothing."""
    clock = StoppedClock(NOON)
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A"), diners("d1"))
    store = CampaignStore(engine, AuditTrail(engine, clock), clock)
    store.put(campaign(1, billing=Billing.ORDER, daily_budget=20, total_budget=40), None, "sales")
    sold = NOON - timedelta(hours=1)
    keep(engine, ad_impressions=[place(f"q{n}", sold, billing=Billing.ORDER, price=15 * MICRO) for n in (1, 2)])
    order, cancel = {"type": EventType.ORDER}, {"type": EventType.ORDER_CANCELLED}
    EventLog(engine, clock).append(
        [
            event(1, **order, order_id="o1", request_id="q1"),
            event(2, **cancel, order_id="o1"),
            event(3, **order, order_id="o2", request_id="q2"),
            event(4, request_id="q9"),
        ]
    )
    assert Settler(engine, clock, 0.0).settle() == 4
    assert Ledger(engine).spent("aldermoor") == {"c1": 15 * MICRO}
    return engine


def execute(engine: Engine, statement: str) -> None:
    with writing(engine) as connection:
        connection.execute(text(statement))


def kinds(engine: Engine) -> set[str]:
    return {finding.kind for finding in check(engine)}


FAULTS: dict[str, tuple[str, set[str]]] = {
    "an entry changed": ("UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'fees'", {"unbalanced"}),
    "an entry moved": (
        "UPDATE ledger_entries SET account = 'campaign:c2' WHERE account <> 'fees'",
        {"account", "unentered"},
    ),
    "entries lost": ("DELETE FROM ledger_entries WHERE event_id = 'e3'", {"account", "unentered"}),
    "an account changed": ("UPDATE campaign_accounts SET spent = spent - 1", {"account", "days"}),
    "an account lost": ("DELETE FROM campaign_accounts", {"account", "days"}),
    "a day changed": ("UPDATE campaign_days SET spent = spent + 1", {"days"}),
    "a day in debt": ("UPDATE campaign_days SET spent = -1", {"days", "negative"}),
    "a settlement lost": ("DELETE FROM settlements WHERE event_id = 'e3'", {"unsettled"}),
    "an amount lost": ("UPDATE settlements SET amount = 0 WHERE event_id = 'e2'", {"unsettled", "unentered", "refund"}),
    "a refund of too little": ("UPDATE settlements SET amount = -1 WHERE event_id = 'e2'", {"unentered", "refund"}),
    "a place that was cheaper": ("UPDATE ad_impressions SET price = 1 WHERE request_id = 'q2'", {"price"}),
    "two charges of a place": (
        "UPDATE settlements SET request_id = 'q2' WHERE event_id = 'e1'",
        {"place-twice", "refund"},
    ),
    "two charges of an order": (
        "UPDATE settlements SET order_id = 'o1' WHERE event_id = 'e3'",
        {"order-twice"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_in_the_books_is_found(books: Engine, fault: str) -> None:
    assert check(books) == []
    statement, expected = FAULTS[fault]
    execute(books, statement)
    assert kinds(books) == expected


def test_a_second_refund_is_found(books: Engine) -> None:
    again: dict[str, Any] = {"market": "aldermoor", "event_id": "e9", "at": NOON}
    amount, order = 15 * MICRO, {"type": "order_cancelled", "outcome": "refunded", "order_id": "o1", "request_id": "q1"}
    keep(
        books,
        settlements=[settlement("e9", amount=-amount, **order)],
        ledger_entries=[
            {**again, "account": "campaign:c1", "amount": -amount},
            {**again, "account": "fees", "amount": amount},
        ],
    )
    execute(books, "UPDATE campaign_accounts SET spent = 0")
    execute(books, "UPDATE campaign_days SET spent = 0")
    assert kinds(books) == {"refund"}


@pytest.mark.parametrize(("column", "effect"), [("total_budget", 5 * MICRO), ("daily_budget", 5 * MICRO)])
def test_spending_above_a_budget_is_found(books: Engine, column: str, effect: int) -> None:
    execute(books, f"UPDATE campaigns SET {column} = 10")
    assert check(books) == [], "a budget may be lowered: the trail knows the higher one"
    execute(books, "DELETE FROM audit_trail")
    (finding,) = check(books)
    assert (finding.kind, finding.where, finding.effect) == ("budget", "aldermoor/c1", effect)


def test_an_erased_diner_leaves_the_books_right(books: Engine) -> None:
    EventLog(books).erase("aldermoor", "d1")
    assert check(books) == []
