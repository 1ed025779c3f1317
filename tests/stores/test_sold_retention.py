"""Sold places go when their time has come, and nothing that still reads them finds them gone."""

from datetime import timedelta

import pytest
from happenings import NOON, event
from records import ALDERMOOR, diners, restaurants
from selling_records import StoppedClock, campaign, keep, place
from sqlalchemy import Engine, delete, select
from sqlalchemy import event as hooks

from data.columns import EventType
from services.ads import retention as module
from services.ads.billing import ATTRIBUTION, MICRO
from services.ads.ledger_check import check
from services.ads.retention import FORGOTTEN, SoldRetention
from services.ads.settlement import Settler
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.database.engine import open_database
from services.database.schema import ad_impressions, billing_queue, campaigns, settlements
from services.database.transactions import reading, upsert_into, writing
from services.events.log import EventLog
from services.settings import LEAST_SOLD_DAYS, Settings
from services.stakeholders.scorecard.reading import Span, read_window
from services.stakeholders.scorecard.store import MAX_DAYS

DAY = timedelta(days=1)
TODAY = NOON.date()
ALL = {f"{market[0]}{back:03}" for market in ("aldermoor", "bramble") for back in range(101)}


def retention(engine: Engine, keep_days: int) -> SoldRetention:
    clock = StoppedClock(NOON)
    return SoldRetention(engine, AuditTrail(engine, clock), clock, keep_days)


def kept(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(ad_impressions.c.request_id)).scalars())


def told(engine: Engine) -> list[tuple[str | None, str]]:
    page = AuditTrail(engine, StoppedClock(NOON)).page(action=FORGOTTEN)
    return [(one.market, one.subject) for one in reversed(page)]


def sell(engine: Engine) -> None:
    """A place a day in two markets, of two campaigns in turn, for a hundred days until today."""
    rows = [
        place(f"{market[0]}{back:03}", NOON - back * DAY, market=market, campaign_id=f"c{back % 2}")
        for market in ("aldermoor", "bramble")
        for back in range(101)
    ]
    keep(engine, ad_impressions=rows)


def test_a_round_leaves_the_last_days_and_the_trail_tells(engine: Engine) -> None:
    sell(engine)
    retention(engine, 0).round()
    assert kept(engine) == ALL, "nothing goes where no days are set"
    retention(engine, 70).round()
    assert kept(engine) == {name for name in ALL if int(name[1:]) <= 70}
    assert told(engine) == [(market, f"before {TODAY - 70 * DAY}") for market in ("aldermoor", "bramble")]
    retention(engine, 70).round()
    assert len(told(engine)) == 2, "a round that removes nothing says nothing"
    assert AuditTrail(engine, StoppedClock(NOON)).first_broken() is None


def test_it_is_looked_for_once_a_day(engine: Engine) -> None:
    clock = StoppedClock(NOON)
    job = SoldRetention(engine, AuditTrail(engine, clock), clock, 70)
    job.round()
    sell(engine)
    job.round()
    assert kept(engine) == ALL
    clock.at += DAY
    job.round()
    assert kept(engine) == {name for name in ALL if int(name[1:]) <= 69}


def test_a_place_that_a_waiting_event_may_earn_stays_until_it_is_billed(engine: Engine) -> None:
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A"), diners("d1"))
    row = {"version": 1, "created_at": NOON, "updated_at": NOON, "closed_at": None}
    with writing(engine) as connection:
        connection.execute(upsert_into(engine, campaigns), {**campaign(1).__dict__, **row})
    clicked = NOON - 80 * DAY
    keep(engine, ad_impressions=[place("earned", clicked - 6 * DAY), place("other", clicked - 8 * DAY)])
    EventLog(engine, StoppedClock(NOON)).append([event("late", type=EventType.CLICK, at=clicked)])
    retention(engine, 70).round()
    assert kept(engine) == {"earned"}

    Settler(engine, StoppedClock(NOON + timedelta(minutes=1))).settle()
    retention(engine, 70).round()
    assert kept(engine) == set()
    with reading(engine) as connection:
        [settled] = connection.execute(select(settlements)).all()
    assert (settled.outcome, settled.amount, settled.request_id) == ("charged", 20 * MICRO, "earned")
    assert check(engine) == [], "what was charged stands without its place"


def test_the_least_days_hold_what_two_windows_and_their_attribution_read(engine: Engine) -> None:
    assert timedelta(days=LEAST_SOLD_DAYS) == 2 * MAX_DAYS * DAY + ATTRIBUTION
    with pytest.raises(ValueError, match="sold_days: 62 are too few, scorecards and attribution read 63"):
        Settings(sold_days=LEAST_SOLD_DAYS - 1)
    assert Settings(sold_days=LEAST_SOLD_DAYS).sold_days == LEAST_SOLD_DAYS


def test_scorecards_and_fairness_of_two_windows_are_what_they_were(engine: Engine) -> None:
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A", "B"), diners("d1"))
    sell(engine)
    EventLog(engine, StoppedClock(NOON)).append(
        [
            # Seven days after the place was sold, as late as it may be.
            event(back, type=EventType.ORDER, request_id=f"a{back + 7:03}", at=NOON - back * DAY, value=float(back))
            for back in range(60)
        ]
    )
    with writing(engine) as connection:
        connection.execute(delete(billing_queue))
    spans = [
        Span("aldermoor", NOON - (number + 1) * MAX_DAYS * DAY, NOON - number * MAX_DAYS * DAY) for number in (0, 1)
    ]

    def worth() -> list[float]:
        with reading(engine) as connection:
            return [read_window(connection, span).diners["sold_worth"].sum() for span in spans]

    before = worth()
    assert all(one > 0.0 for one in before)
    retention(engine, LEAST_SOLD_DAYS).round()
    assert len(kept(engine)) == 2 * (LEAST_SOLD_DAYS + 1)
    assert worth() == before


class Killed(BaseException):
    """Instead of a process that ends."""


def test_a_round_that_is_broken_off_anywhere_is_taken_up_and_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each statement that writes, one after the other, until a round gets through."""
    monkeypatch.setattr(module, "_ROWS", 7)
    engine = open_database(database_url)
    sell(engine)
    left = [0]

    def die(*arguments: object) -> None:
        if str(arguments[2]).lstrip()[:6] in ("DELETE", "INSERT"):
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    hooks.listen(engine, "before_cursor_execute", die)
    killed = 0
    while True:
        left[0] = 1 + killed % 8
        try:
            retention(engine, 70).round()
        except Killed:
            killed += 1
            gone = ALL - kept(engine)
            assert {market[0] for market, _ in told(engine) if market} >= {name[0] for name in gone}, "untold"
            assert killed < 100
        else:
            break
    hooks.remove(engine, "before_cursor_execute", die)
    assert killed >= 2
    assert kept(engine) == {name for name in ALL if int(name[1:]) <= 70}
    engine.dispose()
