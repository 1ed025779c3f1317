"""Many processes settle one queue and are killed at random: every event is billed once, and no budget is passed."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from happenings import NOON
from records import ALDERMOOR, diners, restaurants
from selling_records import campaign, keep, place
from settling import History
from sqlalchemy import Engine, func, select, text

from services.ads.campaign import MICRO
from services.ads.ledger import Ledger
from services.ads.ledger_check import check
from services.catalogue.store import CatalogueStore
from services.database.engine import open_database
from services.database.schema import billing_queue, campaign_days, events, ledger_entries, settlements
from services.database.transactions import reading, writing

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BILLABLE = ("click", "order", "order_cancelled")


@contextmanager
def settling(count: int, url: str, limit: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """`settling.py` several times; whatever still runs at the end is killed."""
    running = [started("settle", url, limit) for _ in range(count)]
    try:
        yield running
    finally:
        for process in running:
            _killed(process)


def started(*arguments: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(HERE / "settling.py"), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}, cwd=ROOT)


def _killed(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    with process:
        assert process.wait() == -signal.SIGKILL, "it ended by itself"


def prepare(engine: Engine, history: History) -> None:
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A"), diners("d1"))
    written = {"version": 1, "created_at": NOON, "updated_at": NOON, "closed_at": None}
    keep(
        engine,
        campaigns=[{**campaign(1, **terms).__dict__, **written} for terms in history.campaigns()],
        ad_impressions=[place(**sold) for sold in history.places()],
    )


def deliver(url: str, engine: Engine, history: History, parts: int) -> None:
    """All events, each from two processes that run at once."""
    running = [started("deliver", url, history.events, part, parts) for part in range(parts)]
    for process in running:
        with process:
            assert process.wait() == 0
    _analyze(engine)


def _analyze(engine: Engine) -> None:
    """What PostgreSQL does by itself, but only a minute after tables are filled."""
    if engine.dialect.name == "postgresql":
        with writing(engine) as connection:
            connection.execute(text("ANALYZE"))


def settle_under_fire(url: str, engine: Engine, workers: int, limit: int, kills: int) -> int:
    """Settle with so many processes until nothing is left, killing them at random instants; how many were killed."""
    rng = random.Random(kills)
    killed = 0
    with settling(workers, url, limit) as running:
        while _left(engine):
            if killed == kills:
                time.sleep(0.05)
                continue
            process = running.pop(rng.randrange(workers))
            assert process.stdout is not None
            process.stdout.readline()  # it is at work: what is killed is a settlement, not a start
            time.sleep(rng.random() * 0.05)
            _killed(process)
            killed += 1
            running.append(started("settle", url, limit))
    return killed


def _left(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(billing_queue)).scalar_one())


def assert_books_are_right(engine: Engine, history: History) -> Counter[str]:
    """The invariants, each from the rows themselves; how often each outcome was."""
    assert check(engine) == []
    with reading(engine) as connection:
        stored = set(connection.execute(select(events.c.event_id).where(events.c.type.in_(BILLABLE))).scalars())
        settled = connection.execute(select(settlements)).all()
        entries = connection.execute(select(ledger_entries.c.event_id, ledger_entries.c.amount)).all()
        days = connection.execute(select(campaign_days)).all()
    happened = {one.event_id for one in history.happened()}
    assert stored == happened, "not all that was delivered is kept"
    assert Counter(row.event_id for row in settled) == Counter(happened), "an event was settled twice or not at all"
    by_event: dict[str, list[int]] = {}
    for event_id, amount in entries:
        by_event.setdefault(event_id, []).append(amount)
    assert all(len(amounts) == 2 and sum(amounts) == 0 for amounts in by_event.values())
    assert by_event.keys() == {row.event_id for row in settled if row.amount}
    spent = Counter[str]()
    for row in settled:
        spent[row.campaign_id] += row.amount
    budgets = {terms["campaign_id"]: terms for terms in history.campaigns()}
    assert Ledger(engine).spent("aldermoor") == {name: spent[name] for name in budgets}
    assert all(0 <= spent[name] <= terms["total_budget"] * MICRO for name, terms in budgets.items())
    assert all(0 <= day.spent <= budgets[day.campaign_id]["daily_budget"] * MICRO for day in days)
    charged = Counter((row.request_id, row.campaign_id) for row in settled if row.outcome == "charged")
    assert max(charged.values()) == 1, "a place was charged twice"
    return Counter(row.outcome for row in settled)


def survives(url: str, events: int, workers: int, limit: int, kills: int) -> tuple[int, Counter[str]]:
    """Kills and outcomes."""
    engine, history = open_database(url), History(events)
    prepare(engine, history)
    deliver(url, engine, history, workers // 2)
    killed = settle_under_fire(url, engine, workers, limit, kills)
    outcomes = assert_books_are_right(engine, history)
    engine.dispose()
    return killed, outcomes


def test_no_event_is_billed_twice_or_lost_when_settling_processes_are_killed(database_url: str) -> None:
    killed, outcomes = survives(database_url, events=4_000, workers=4, limit=50, kills=3)
    assert killed >= 1
    assert outcomes.keys() >= {"charged", "free", "already-charged", "not-sponsored", "refunded", "cancelled"}


@pytest.mark.long
def test_two_hundred_thousand_events_under_fire(database_url: str) -> None:
    killed, outcomes = survives(database_url, events=200_000, workers=8, limit=200, kills=100)
    print(f"{killed} kills, outcomes {dict(outcomes)}")
    assert killed >= 20
