"""What each event costs, case by case on both servers."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from happenings import NOON, event
from records import ALDERMOOR, diners, restaurants
from selling_records import StoppedClock, campaign, keep, place
from sqlalchemy import Engine, select, update

from data.columns import Billing, EventType
from services.ads.campaign import MICRO
from services.ads.ledger import Ledger
from services.ads.ledger_check import check
from services.ads.settlement import Settler
from services.catalogue.store import CatalogueStore
from services.database.schema import (
    billing_queue,
    campaign_accounts,
    campaign_days,
    campaigns,
    ledger_entries,
    settlements,
)
from services.database.transactions import reading, upsert_into, writing
from services.events.log import EventLog

CLICK, ORDER, CANCELLED = EventType.CLICK, EventType.ORDER, EventType.ORDER_CANCELLED
WAIT = timedelta(seconds=5)
SOLD = NOON - timedelta(hours=1)
PRICE = 20 * MICRO


class Market:
    """One market with its event log and settler, at a time that the test sets."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clock = StoppedClock(NOON)
        self.log = EventLog(engine, self.clock)
        self.settler = Settler(engine, self.clock)
        CatalogueStore(engine).load(ALDERMOOR, restaurants("A", "B"), diners("d1"))

    def sell(self, *places: dict[str, Any]) -> None:
        keep(self.engine, ad_impressions=list(places))

    def advertise(self, number: int | str = 1, **terms: Any) -> None:
        row = {"version": 1, "created_at": NOON, "updated_at": NOON, "closed_at": None}
        with writing(self.engine) as connection:
            connection.execute(upsert_into(self.engine, campaigns), {**campaign(number, **terms).__dict__, **row})

    def happen(self, *numbers: int | str, after: timedelta = WAIT, **changes: Any) -> None:
        """Deliver events one after another and let time pass."""
        for number in numbers:
            self.log.append([event(number, **changes)])
            self.clock.at += timedelta(milliseconds=1)
        self.clock.at += after

    def settled(self) -> dict[str, tuple[str, int]]:
        """Settle what is due; outcome and amount of all events."""
        while self.settler.settle():
            pass
        statement = select(settlements).order_by(settlements.c.settled_at)
        with reading(self.engine) as connection:
            return {row.event_id: (row.outcome, row.amount) for row in connection.execute(statement)}

    def spent(self) -> int:
        assert check(self.engine) == []
        return Ledger(self.engine).spent("aldermoor").get("c1", 0)


@pytest.fixture
def market(engine: Engine) -> Market:
    market = Market(engine)
    market.advertise()
    return market


def test_a_click_on_a_sold_place_costs_its_price(market: Market) -> None:
    market.sell(place("q1", SOLD))
    market.happen(1, request_id="q1")
    assert market.settled() == {"e1": ("charged", PRICE)}
    assert Ledger(market.engine).balances("aldermoor") == {"campaign:c1": PRICE, "fees": -PRICE}
    assert market.spent() == PRICE
    assert market.settler.settle() == 0


def test_an_event_waits_for_the_place_that_it_may_have_to_pay(market: Market) -> None:
    market.happen(1, request_id="q1", after=WAIT - timedelta(milliseconds=2))
    assert market.settler.settle() == 0
    market.sell(place("q1", SOLD))
    market.clock.at += timedelta(milliseconds=2)
    assert market.settled() == {"e1": ("charged", PRICE)}


def test_only_clicks_orders_and_cancellations_are_queued(market: Market) -> None:
    for number, kind in enumerate(EventType):
        market.happen(number, type=kind)
    with reading(market.engine) as connection:
        queued = set(connection.execute(select(billing_queue.c.event_id)).scalars())
    assert queued == {f"e{number}" for number, kind in enumerate(EventType) if kind in (CLICK, ORDER, CANCELLED)}
    assert {outcome for outcome, _ in market.settled().values()} == {"not-sponsored", "nothing-to-refund"}


NOT_SPONSORED: dict[str, dict[str, Any]] = {
    "a list that sold nothing": {"request_id": "q2"},
    "another diner": {"user_id": "d2", "request_id": "q1"},
    "another restaurant": {"restaurant_id": "r2", "request_id": "q1"},
    "an order, where clicks are billed": {"type": ORDER, "request_id": "q1"},
    "before the place": {"at": SOLD - timedelta(microseconds=1), "request_id": "q1"},
    "too late": {"at": SOLD + timedelta(days=7, microseconds=1), "request_id": "q1"},
    "in the future": {"at": NOON + timedelta(minutes=5, microseconds=1), "request_id": "q1"},
}


@pytest.mark.parametrize("changes", NOT_SPONSORED.values(), ids=NOT_SPONSORED)
def test_what_no_sold_place_earned_costs_nothing(market: Market, changes: dict[str, Any]) -> None:
    market.sell(place("q1", SOLD))
    if changes.get("at", NOON) > NOON + timedelta(days=1):
        market.clock.at = changes["at"]
    market.happen(1, **changes)
    assert market.settled() == {"e1": ("not-sponsored", 0)}
    assert market.spent() == 0


@pytest.mark.parametrize("at", [SOLD, SOLD + timedelta(days=7), NOON + timedelta(minutes=5)])
def test_the_edges_of_the_time_that_counts(market: Market, at: datetime) -> None:
    market.sell(place("q1", SOLD))
    market.clock.at = max(NOON, at - timedelta(minutes=5))
    market.happen(1, request_id="q1", at=at)
    assert market.settled() == {"e1": ("charged", PRICE)}


def test_the_last_place_earns_what_names_no_list(market: Market) -> None:
    market.sell(*(place(f"q{n}", SOLD + timedelta(minutes=n), price=n * MICRO) for n in (1, 3, 2)))
    market.happen(1)
    assert market.settled() == {"e1": ("charged", 3 * MICRO)}


def test_an_order_goes_to_the_place_of_the_list_that_it_names_or_else_to_the_last(market: Market) -> None:
    market.sell(
        *(place(f"q{n}", SOLD + timedelta(minutes=n), price=n * MICRO, billing=Billing.ORDER) for n in (1, 2, 3))
    )
    market.happen(1, type=ORDER, request_id="q2")
    market.happen(2, type=ORDER, request_id="q9")
    assert market.settled() == {"e1": ("charged", 2 * MICRO), "e2": ("charged", 3 * MICRO)}


def test_a_place_is_charged_once(market: Market) -> None:
    market.sell(place("q1", SOLD))
    market.happen(1, 2, 3, request_id="q1")
    assert market.settled() == {"e1": ("charged", PRICE), "e2": ("already-charged", 0), "e3": ("already-charged", 0)}
    market.happen(4)
    assert market.settled()["e4"] == ("already-charged", 0)
    assert market.spent() == PRICE


def test_an_order_is_charged_once_whatever_places_its_events_name(market: Market) -> None:
    market.sell(*(place(f"q{n}", SOLD, billing=Billing.ORDER) for n in (1, 2)))
    market.happen(1, type=ORDER, order_id="o", request_id="q1")
    market.happen(2, type=ORDER, order_id="o", request_id="q2")
    assert market.settled() == {"e1": ("charged", PRICE), "e2": ("already-charged", 0)}


def test_a_charge_is_what_is_left_and_then_nothing(market: Market) -> None:
    market.advertise(total_budget=50)
    market.sell(*(place(f"q{n}", SOLD) for n in range(4)))
    for number in range(4):
        market.happen(number, request_id=f"q{number}")
    assert list(market.settled().values()) == [("charged", PRICE)] * 2 + [("charged", 10 * MICRO), ("free", 0)]
    assert market.spent() == 50 * MICRO


def test_the_budget_of_a_day_ends_at_local_midnight(market: Market) -> None:
    market.advertise(daily_budget=20)
    midnight = datetime.fromisoformat("2026-07-08T00:00:00+01:00")  # 23:00 UTC
    market.clock.at = midnight + timedelta(hours=1)
    market.sell(*(place(f"q{n}", midnight - timedelta(hours=1)) for n in range(4)))
    for number, minutes in enumerate((-10, -5, 0, 5)):
        market.happen(number, request_id=f"q{number}", at=midnight + timedelta(minutes=minutes))
    assert list(market.settled().values()) == [("charged", PRICE), ("free", 0)] * 2
    with reading(market.engine) as connection:
        days = connection.execute(select(campaign_days.c.day, campaign_days.c.spent)).all()
    assert sorted(map(tuple, days)) == [(20_641, PRICE), (20_642, PRICE)]


def test_budgets_are_those_of_the_moment_of_settlement(market: Market) -> None:
    market.sell(*(place(f"q{n}", SOLD) for n in range(3)))
    market.happen(0, request_id="q0")
    market.settled()
    market.advertise(total_budget=5)  # below what is spent
    market.happen(1, request_id="q1")
    market.settled()
    market.advertise(total_budget=30)
    market.happen(2, request_id="q2")
    assert list(market.settled().values()) == [("charged", PRICE), ("free", 0), ("charged", 10 * MICRO)]


def test_a_closed_campaign_pays_for_what_was_shown(market: Market) -> None:
    market.sell(place("q1", SOLD))
    with writing(market.engine) as connection:
        connection.execute(update(campaigns).values(closed_at=SOLD))
    market.happen(1, request_id="q1")
    assert market.settled() == {"e1": ("charged", PRICE)}


def ordered(market: Market, *numbers: int, **changes: Any) -> None:
    market.happen(*numbers, type=ORDER, order_id="o", **changes)


def cancelled(market: Market, *numbers: int, **changes: Any) -> None:
    market.happen(*numbers, **{"type": CANCELLED, "order_id": "o", **changes})


@pytest.mark.parametrize("together", [True, False])
def test_a_cancelled_order_gives_back_exactly_what_it_cost_once(market: Market, together: bool) -> None:
    market.advertise(daily_budget=13)
    market.sell(place("q1", SOLD, billing=Billing.ORDER))
    ordered(market, 1)
    if not together:
        assert market.settled() == {"e1": ("charged", 13 * MICRO)}
        assert market.spent() == 13 * MICRO
    cancelled(market, 2, 3, at=NOON + timedelta(days=2))
    assert market.settled() == {
        "e1": ("charged", 13 * MICRO),
        "e2": ("refunded", -13 * MICRO),
        "e3": ("nothing-to-refund", 0),
    }
    assert market.spent() == 0
    with reading(market.engine) as connection:
        assert connection.execute(select(campaign_days.c.spent)).scalars().all() == [0]
    assert Ledger(market.engine).balances("aldermoor") == {"campaign:c1": 0, "fees": 0}


def test_a_refund_can_be_spent_again(market: Market) -> None:
    market.advertise(daily_budget=20)
    market.sell(*(place(f"q{n}", SOLD, billing=Billing.ORDER) for n in (1, 2)))
    ordered(market, 1, request_id="q1")
    cancelled(market, 2)
    market.happen(3, type=ORDER, order_id="o2", request_id="q2")
    assert market.settled()["e3"] == ("charged", PRICE)


def test_a_cancellation_that_overtakes_its_order_makes_it_free(market: Market) -> None:
    market.sell(place("q1", SOLD, billing=Billing.ORDER))
    cancelled(market, 1)
    assert market.settled() == {"e1": ("nothing-to-refund", 0)}
    ordered(market, 2)
    cancelled(market, 3)
    assert market.settled() == {"e1": ("nothing-to-refund", 0), "e2": ("cancelled", 0), "e3": ("nothing-to-refund", 0)}


@pytest.mark.parametrize("changes", [{"user_id": "d2"}, {"order_id": "o2"}, {"order_id": None}], ids=str)
def test_nobody_else_cancels_an_order(market: Market, changes: dict[str, Any]) -> None:
    market.sell(place("q1", SOLD, billing=Billing.ORDER))
    ordered(market, 1)
    cancelled(market, 2, **changes)
    assert market.settled() == {"e1": ("charged", PRICE), "e2": ("nothing-to-refund", 0)}


def test_markets_are_settled_apart(market: Market) -> None:
    market.sell(place("q1", SOLD), place("q1", SOLD, market="bramble"))
    market.happen(1, request_id="q1")
    market.happen(1, request_id="q1", market="bramble")  # it has no campaigns, not even a time zone
    assert market.settler.settle() == 2
    with reading(market.engine) as connection:
        rows = connection.execute(select(settlements.c.market, settlements.c.outcome)).all()
    assert sorted(map(tuple, rows)) == [("aldermoor", "charged"), ("bramble", "free")]


def test_erasure_takes_the_diner_and_leaves_the_money(market: Market) -> None:
    market.sell(place("q1", SOLD), place("q2", SOLD, user_id="d2"), place("q3", SOLD))
    market.happen(1, request_id="q1")
    market.happen(2, request_id="q2", user_id="d2")
    market.settled()
    market.happen(3, request_id="q3")
    assert market.log.erase("aldermoor", "d1").events == 2
    assert market.settled() == {"e1": ("charged", PRICE), "e2": ("charged", PRICE)}
    with reading(market.engine) as connection:
        users = connection.execute(select(settlements.c.user_id).order_by(settlements.c.event_id)).scalars().all()
    assert users == [None, "d2"]
    assert market.spent() == 2 * PRICE
    # A client delivers once more what it sent before the erasure: it is paid for already.
    market.happen(1, request_id="q1")
    market.sell(place("q1", SOLD))
    assert market.settled()["e1"] == ("charged", PRICE)
    assert market.spent() == 2 * PRICE
    assert market.settler.settle() == 0


def test_erasure_waits_for_the_settlement_of_the_moment(market: Market) -> None:
    """Both in one order: whoever comes first, the diner is gone at the end."""
    from concurrent.futures import ThreadPoolExecutor

    for turn in range(20):
        user = f"u{turn}"
        market.sell(place(f"q{turn}", SOLD, user_id=user))
        market.happen(turn, request_id=f"q{turn}", user_id=user)
        with ThreadPoolExecutor(2) as pool:
            settling, erasing = pool.submit(market.settler.settle), pool.submit(market.log.erase, "aldermoor", user)
            settling.result()
            erasing.result()
    with reading(market.engine) as connection:
        assert set(connection.execute(select(settlements.c.user_id)).scalars()) <= {None}
    assert check(market.engine) == []


def test_a_settlement_that_fails_leaves_nothing(market: Market) -> None:
    market.sell(place("q1", SOLD), place("q2", SOLD))
    market.happen(1, request_id="q1")
    market.happen(2, request_id="q2")
    keep(
        market.engine,
        ledger_entries=[{"market": "aldermoor", "event_id": "e2", "account": "fees", "amount": 0, "at": NOON}],
    )
    with pytest.raises(Exception, match=r"(?i)unique"):
        market.settler.settle()
    with reading(market.engine) as connection:
        assert connection.execute(select(billing_queue)).all()
        for table in (settlements, campaign_accounts, campaign_days):
            assert connection.execute(select(table)).all() == []
        assert len(connection.execute(select(ledger_entries)).all()) == 1
