"""The served log: never in the way of an answer, bounded, and complete while the database answers."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from happenings import NOON
from locks import events_locked
from sqlalchemy import Engine, Table, select

from services.database.errors import StorageUnavailable
from services.database.schema import ad_impressions, campaign_hours, market_hours
from services.database.transactions import reading
from services.events.sales import OUTCOMES, Outcomes, SoldPlace
from services.events.served import Record, ServedLog
from services.events.served_lists import ServedList

HOURS = 3_600.0
CROWD = 2_000
EMPTY = Record(b"{}")


def record(
    log: ServedLog,
    number: int,
    record: Record | Callable[[], Record] = EMPTY,
    user_id: str = "d1",
    at: datetime = NOON,
) -> None:
    log.record(f"q{number}", "aldermoor", user_id, at, "balanced", 3, "v1", record)


def served(number: int, document: bytes = b"{}") -> ServedList:
    return ServedList(f"q{number}", "aldermoor", "d1", NOON, "balanced", 3, "v1", document)


@pytest.fixture
def log(engine: Engine) -> Iterator[ServedLog]:
    """One that writes only when it is told to."""
    with ServedLog(engine, bound=10, interval_seconds=HOURS) as log:
        yield log


def test_a_list_is_found_before_and_after_it_is_written(log: ServedLog) -> None:
    record(log, 1, Record(b'{"a": "\xc3\xa9"}'))
    assert log.get("q1") == served(1, b'{"a": "\xc3\xa9"}')
    assert log.count_of_diner("aldermoor", "d1") == 0
    log.flush()
    assert log.get("q1") == served(1, b'{"a": "\xc3\xa9"}')
    assert log.count_of_diner("aldermoor", "d1") == 1
    assert log.count_of_diner("bramble", "d1") == 0
    for unknown in ("q2", "", "a\0", "\ud800"):
        assert log.get(unknown) is None


def test_the_document_is_made_later_and_by_another_thread(engine: Engine) -> None:
    made_by: list[str] = []
    done = threading.Event()

    def later() -> Record:
        made_by.append(threading.current_thread().name)
        done.set()
        return Record(b"[1]")

    with ServedLog(engine, interval_seconds=0.01) as log:
        record(log, 1, later)
        assert done.wait(30)
        log.flush()
        assert log.get("q1") == served(1, b"[1]")
    assert made_by == ["served-log-writer"]


def waits_until(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("30 s have gone")


def test_a_crowd_of_lists_is_written_at_once_and_by_a_thread_that_does_not_step_back(engine: Engine) -> None:
    made_by: set[str] = set()

    def later() -> Record:
        made_by.add(threading.current_thread().name)
        return EMPTY

    with ServedLog(engine, interval_seconds=HOURS) as log:
        for number in range(CROWD):
            record(log, number, later)
        time.sleep(0.1)
        assert log.waiting == CROWD, "that many are for the other thread"
        record(log, CROWD, later)
        waits_until(lambda: log.waiting <= CROWD // 2)
        assert made_by == {"served-log-helper"}
        assert log.waiting > 0, "and so is the rest"
    assert log.count_of_diner("aldermoor", "d1") == CROWD + 1


def test_a_crowd_that_has_waited_for_the_database_is_written_when_it_is_back(engine: Engine) -> None:
    """Nobody has to ask for another list."""
    with ServedLog(engine, interval_seconds=0.05) as log:
        with events_locked(engine):
            for number in range(CROWD + 1_500):
                record(log, number)
            time.sleep(1.5)  # longer than a lock is waited for
            assert log.waiting > CROWD
        waits_until(lambda: log.waiting == 0)
        assert log.dropped == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_the_thread_that_writes_behind_lets_the_answers_go_first(log: ServedLog) -> None:
    named = {thread.name: thread for thread in threading.enumerate()}

    def niceness(name: str) -> int:
        return os.getpriority(os.PRIO_PROCESS, named[name].native_id or 0)

    waits_until(lambda: niceness("served-log-writer") == min(niceness("MainThread") + 10, 19))
    assert niceness("served-log-helper") == niceness("MainThread")


def test_beyond_the_bound_the_oldest_are_dropped_and_counted(log: ServedLog) -> None:
    for number in range(25):
        record(log, number)
    assert log.dropped == 15
    log.flush()
    assert [log.get(f"q{number}") is not None for number in range(25)] == [False] * 15 + [True] * 10
    assert log.dropped == 15


def test_while_the_database_is_away_lists_wait_within_the_bound(engine: Engine, log: ServedLog) -> None:
    for number in range(8):
        record(log, number)
    with events_locked(engine):
        with pytest.raises(StorageUnavailable):
            log.flush()
        assert log.get("q0") == served(0)
        for number in range(8, 13):
            record(log, number)
    assert log.dropped == 3
    log.flush()
    assert [log.get(f"q{number}") is not None for number in range(13)] == [False] * 3 + [True] * 10
    assert log.count_of_diner("aldermoor", "d1") == 10


def test_a_list_is_found_while_it_is_being_written(log: ServedLog) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def later() -> Record:
        if threading.current_thread().name == "flushing":
            reached.set()
            assert go_on.wait(30)
        return Record(b"[2]")

    record(log, 1, later)
    flushing = threading.Thread(target=log.flush, name="flushing")
    flushing.start()
    assert reached.wait(30)
    assert log.get("q1") == served(1, b"[2]")
    go_on.set()
    flushing.join()
    assert log.get("q1") == served(1, b"[2]")


def test_a_list_that_cannot_be_written_holds_up_nobody(log: ServedLog) -> None:
    def broken() -> Record:
        raise ValueError("no JSON")

    record(log, 1)
    record(log, 2, broken)
    record(log, 3)
    log.flush()
    assert (log.get("q1"), log.get("q2"), log.get("q3")) == (served(1), None, served(3))
    assert log.dropped == 1
    record(log, 4, user_id=None)  # type: ignore[arg-type]
    log.flush()
    record(log, 5)
    log.flush()
    assert log.get("q5") == served(5)
    assert log.dropped == 2


def test_closing_writes_what_waits(engine: Engine) -> None:
    with ServedLog(engine, interval_seconds=HOURS) as log:
        for number in range(1_234):
            record(log, number)
    assert log.count_of_diner("aldermoor", "d1") == 1_234
    assert log.dropped == 0


def test_closing_without_a_database_counts_what_is_lost(engine: Engine) -> None:
    log = ServedLog(engine, interval_seconds=HOURS)
    for number in range(7):
        record(log, number)
    with events_locked(engine):
        log.close()
    assert log.dropped == 7


def test_recording_from_many_threads_loses_nothing(engine: Engine) -> None:
    with ServedLog(engine, interval_seconds=0.001) as log:

        def work(thread: int) -> Any:
            for number in range(500):
                record(log, thread * 1_000 + number)

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.flush()
        assert log.count_of_diner("aldermoor", "d1") == 3_000


def rows_of(engine: Engine, table: Table) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


def ended(names: tuple[str, ...], how: dict[int, str]) -> Outcomes:
    codes = [OUTCOMES.index(outcome) for outcome in how.values()]
    return Outcomes(names, np.array(list(how)), np.array(codes))


def test_what_was_sold_is_written_with_its_list_and_counted_by_the_hour(engine: Engine, log: ServedLog) -> None:
    place = SoldPlace("c1", "r9", 2, "click", 31_500_000)
    names = ("c0", "c1", "c2", "c3")
    record(log, 1, Record(b"{}", [place], ended(names, {1: "shown", 2: "lost_to_price", 3: "lost_to_budget"})))
    record(log, 2, lambda: Record(b"{}", (), ended(names, {1: "lost_to_floor"})))
    record(log, 3, at=NOON + timedelta(hours=1))
    log.flush()
    record(log, 4, Record(b"{}", [place._replace(rank=6)], ended(("c1",), {0: "shown"})))
    log.flush()
    sold = [
        {
            "market": "aldermoor",
            "request_id": request_id,
            "campaign_id": "c1",
            "user_id": "d1",
            "restaurant_id": "r9",
            "at": NOON,
            "rank": rank,
            "billing": "click",
            "price": 31_500_000,
        }
        for request_id, rank in (("q1", 2), ("q4", 6))
    ]
    assert rows_of(engine, ad_impressions) == sold
    hour = int(NOON.timestamp()) // 3600
    assert [(row["hour"], row["requests"]) for row in rows_of(engine, market_hours)] == [(hour, 3), (hour + 1, 1)]
    counted = {
        row["campaign_id"]: [row[name] for name in campaign_hours.c.keys()[3:]]
        for row in rows_of(engine, campaign_hours)
    }
    assert counted == {"c1": [3, 2, 0, 1, 0], "c2": [1, 0, 0, 0, 1], "c3": [1, 0, 1, 0, 0]}


def test_a_list_that_comes_again_is_not_counted_again(engine: Engine, log: ServedLog) -> None:
    again = Record(b"{}", [SoldPlace("c1", "r9", 2, "click", 1)], ended(("c1",), {0: "shown"}))
    for _ in range(2):
        record(log, 1, again)
        log.flush()
    assert rows_of(engine, market_hours)[0]["requests"] == 1
    assert rows_of(engine, campaign_hours)[0]["auctions"] == 1
    assert len(rows_of(engine, ad_impressions)) == 1
