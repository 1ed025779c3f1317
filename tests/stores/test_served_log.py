"""The served log: never in the way of an answer, bounded, and complete while the database answers."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from happenings import NOON
from locks import events_locked
from sqlalchemy import Engine

from services.database.errors import StorageUnavailable
from services.events.served import ServedList, ServedLog

HOURS = 3_600.0


def record(log: ServedLog, number: int, document: bytes | Callable[[], bytes] = b"{}", user_id: str = "d1") -> None:
    log.record(f"q{number}", "aldermoor", user_id, NOON, "balanced", 3, "v1", document)


def served(number: int, document: bytes = b"{}") -> ServedList:
    return ServedList(f"q{number}", "aldermoor", "d1", NOON, "balanced", 3, "v1", document)


@pytest.fixture
def log(engine: Engine) -> Iterator[ServedLog]:
    """One that writes only when it is told to."""
    with ServedLog(engine, bound=10, interval_seconds=HOURS) as log:
        yield log


def test_a_list_is_found_before_and_after_it_is_written(log: ServedLog) -> None:
    record(log, 1, b'{"a": "\xc3\xa9"}')
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

    def document() -> bytes:
        made_by.append(threading.current_thread().name)
        done.set()
        return b"[1]"

    with ServedLog(engine, interval_seconds=0.01) as log:
        record(log, 1, document)
        assert done.wait(30)
        log.flush()
        assert log.get("q1") == served(1, b"[1]")
    assert made_by == ["served-log-writer"]


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

    def document() -> bytes:
        if threading.current_thread().name == "flushing":
            reached.set()
            assert go_on.wait(30)
        return b"[2]"

    record(log, 1, document)
    flushing = threading.Thread(target=log.flush, name="flushing")
    flushing.start()
    assert reached.wait(30)
    assert log.get("q1") == served(1, b"[2]")
    go_on.set()
    flushing.join()
    assert log.get("q1") == served(1, b"[2]")


def test_a_list_that_cannot_be_written_holds_up_nobody(log: ServedLog) -> None:
    def broken() -> bytes:
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
