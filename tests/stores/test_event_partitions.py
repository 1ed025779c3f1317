"""The days of the event log: made ahead, filled from the rest, dropped whole; and ids that are one over all days."""

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from happenings import NOON, event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, text
from test_database import upgrade_to

from data.columns import EventType
from loadtests.postgres import PostgresServer
from services.clock import Clock
from services.database import event_partitions as partitions
from services.database.engine import migrate, open_database
from services.database.errors import StorageUnavailable
from services.database.schema import billing_queue
from services.database.transactions import reading, writing
from services.events.log import EventLog, Outcome

DAY = timedelta(days=1)
TODAY = NOON.date()
OF_THE_PROGRAM_BEFORE = """
    INSERT INTO events (market, event_id, type, user_id, restaurant_id, request_id, order_id, at, value, received_at)
    VALUES (%(market)s, %(event_id)s, 'click', 'd1', 'r1', NULL, NULL, %(at)s, NULL, NULL)
    ON CONFLICT DO NOTHING RETURNING market, event_id"""
"""As revision 0008's program stores an event."""


@pytest.fixture
def partitioned(postgres_server: PostgresServer, migrated_template: str) -> Iterator[Engine]:
    """A database with days around `NOON`, and all others in the rest."""
    name = postgres_server.create_database(migrated_template)
    engine = open_database(postgres_server.url(name), lock_timeout_ms=2_000)
    yield engine
    engine.dispose()
    postgres_server.drop_database(name)


def where(engine: Engine) -> dict[str, str]:
    """The table that each event is in, by its id."""
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT event_id, tableoid::regclass::text FROM events"))
        return {row[0]: row[1] for row in rows}


def registered(engine: Engine) -> set[tuple[str, int]]:
    with reading(engine) as connection:
        return {(row.event_id, row.at) for row in connection.execute(text("SELECT event_id, at FROM event_ids"))}


def kept(engine: Engine) -> set[tuple[str, int]]:
    with reading(engine) as connection:
        return {(row.event_id, row.at) for row in connection.execute(text("SELECT event_id, at FROM events"))}


def made(engine: Engine) -> list[date]:
    with reading(engine) as connection:
        return partitions.days(connection)


def test_an_event_of_any_time_has_its_place(partitioned: Engine) -> None:
    log = EventLog(partitioned)
    times = {
        "first": NOON.replace(hour=0, minute=0, second=0, microsecond=0),
        "last": datetime(9999, 12, 31, tzinfo=UTC),
    }
    times |= {"before": times["first"] - timedelta(microseconds=1), "oldest": datetime(1, 1, 1, tzinfo=UTC)}
    assert set(log.append([event(name, at=at) for name, at in times.items()])) == {Outcome.STORED}
    assert where(partitioned) == {
        "efirst": "events_d20260109",
        "ebefore": "events_d20260108",
        "elast": "events_rest",
        "eoldest": "events_rest",
    }


def test_an_id_is_one_event_on_all_days(partitioned: Engine) -> None:
    log = EventLog(partitioned)
    assert log.append([event(1)]) == [Outcome.STORED]
    for other in (NOON - DAY, NOON + 500 * DAY):
        assert log.append([event(1, at=other)]) == [Outcome.CONFLICT]
    assert log.append([event(1), event(2), event(2, at=NOON + DAY)]) == [
        Outcome.DUPLICATE,
        Outcome.STORED,
        Outcome.CONFLICT,
    ]
    assert log.count() == 2
    assert registered(partitioned) == kept(partitioned)


def test_of_two_that_store_one_id_on_two_days_at_once_one_does(partitioned: Engine) -> None:
    log, start = EventLog(partitioned), threading.Barrier(2)
    outcomes: list[list[Outcome]] = []

    def store(days: int) -> None:
        start.wait()
        outcomes.append(log.append([event(number, at=NOON + days * DAY) for number in range(40)]))

    threads = [threading.Thread(target=store, args=(days,)) for days in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {frozenset(pair) for pair in zip(*outcomes, strict=True)} == {frozenset({Outcome.STORED, Outcome.CONFLICT})}
    assert log.count() == 40


@given(
    st.lists(
        st.tuples(st.sampled_from(["append", "erase", "days", "drop"]), st.integers(0, 12), st.integers(-3, 4)),
        min_size=3,
        max_size=12,
    )
)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_registry_has_the_ids_of_the_log_and_no_others(
    partitioned: Engine, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever is stored, erased, moved into days and dropped."""
    log, expected = EventLog(partitioned), {}
    log.erase("aldermoor", "d1")
    for kind, number, days in steps:
        if kind == "append":
            at = NOON + days * DAY
            log.append([event(number, at=at)])
            expected.setdefault(number, at)
        elif kind == "erase":
            log.erase("aldermoor", "d1")
            expected.clear()
        elif kind == "days":
            partitions.make_days(partitioned, [TODAY + days * DAY])
        else:
            with writing(partitioned) as connection:
                connection.execute(delete(billing_queue))
                if partitions.drop_day(connection, TODAY + days * DAY):
                    expected = {one: at for one, at in expected.items() if at.date() != TODAY + days * DAY}
        assert {(one.event_id, one.at) for one in log.of_diner("aldermoor", "d1")} == {
            (f"e{number}", at) for number, at in expected.items()
        }
        assert registered(partitioned) == kept(partitioned)
    log.erase("aldermoor", "d1")


def test_a_day_that_is_made_late_takes_its_rows_out_of_the_rest(partitioned: Engine) -> None:
    log = EventLog(partitioned)
    log.append([event(days, at=NOON + days * DAY) for days in (5, 6, 7, -40)])
    assert set(where(partitioned).values()) == {"events_rest"}
    assert partitions.keep_ahead(partitioned, TODAY, 30) == 6  # today and tomorrow were there
    assert where(partitioned) == {
        "e5": "events_d20260114",
        "e6": "events_d20260115",
        "e7": "events_d20260116",
        "e-40": "events_rest",
    }
    assert partitions.keep_ahead(partitioned, TODAY, 50) == 1
    assert where(partitioned)["e-40"] == "events_d20251130"
    assert log.append([event(5, at=NOON + 5 * DAY), event(6)]) == [Outcome.DUPLICATE, Outcome.CONFLICT]
    assert partitions.keep_ahead(partitioned, TODAY, 50) == 0


def test_a_day_stays_while_an_event_of_it_is_not_billed(partitioned: Engine) -> None:
    EventLog(partitioned).append([event(1)])
    with writing(partitioned) as connection:
        assert not partitions.drop_day(connection, TODAY)
    assert (TODAY in made(partitioned), len(kept(partitioned))) == (True, 1)
    with writing(partitioned) as connection:
        connection.execute(delete(billing_queue))
        assert partitions.drop_day(connection, TODAY)
    assert (TODAY in made(partitioned), len(kept(partitioned)), registered(partitioned)) == (False, 0, set())


def test_an_event_that_comes_again_while_its_day_is_being_dropped_leaves_no_id_behind(partitioned: Engine) -> None:
    log = EventLog(partitioned)
    log.append([event(1)])
    begin = partitions.start_of(TODAY)
    assert partitions.forget_ids(partitioned, begin, begin + DAY) == 1
    assert log.append([event(1)]) == [Outcome.DUPLICATE]
    with writing(partitioned) as connection:
        connection.execute(delete(billing_queue))
        assert partitions.drop_day(connection, TODAY)
    assert registered(partitioned) == set()


def test_whoever_reads_for_long_holds_up_a_change_of_the_days_for_a_moment_only(partitioned: Engine) -> None:
    log = EventLog(partitioned)
    with reading(partitioned) as connection:
        connection.execute(text("SELECT count(*) FROM events"))
        with pytest.raises(StorageUnavailable), writing(partitioned) as other:
            partitions.drop_day(other, TODAY)
        with pytest.raises(StorageUnavailable):
            partitions.make_days(partitioned, [TODAY + 9 * DAY])
        partitions.make_days_if_free(partitioned, [TODAY + 9 * DAY])
        assert log.append([event(1, at=NOON + 9 * DAY)]) == [Outcome.STORED]
    assert partitions.make_days(partitioned, [TODAY + 9 * DAY]) == 1
    assert where(partitioned) == {"e1": "events_d20260118"}


def test_recent_events_come_from_many_days_in_order(partitioned: Engine) -> None:
    log = EventLog(partitioned)
    log.append([event(number, at=NOON - number * timedelta(hours=7)) for number in range(20)])
    for _ in range(8):  # prepared by the driver meanwhile
        assert [one.event_id for one in log.recent("aldermoor", "d1", NOON - 4 * DAY, 9, list(EventType))] == [
            f"e{n}" for n in range(9)
        ]
    assert len(log.recent("aldermoor", "d1", NOON - DAY, 99, list(EventType))) == 4


# -- the migration


def fill(engine: Engine, times: dict[str, datetime]) -> None:
    with writing(engine) as connection:
        for name, at in times.items():
            row = {"market": "aldermoor", "event_id": name, "at": partitions.micros(at)}
            connection.exec_driver_sql(OF_THE_PROGRAM_BEFORE.replace(", NULL, NULL)", ", NULL, 1)"), row)


@pytest.fixture
def of_before(postgres_server: PostgresServer) -> Iterator[Engine]:
    """A database of revision 0008."""
    name = postgres_server.create_database()
    engine = open_database(postgres_server.url(name), lock_timeout_ms=5_000)
    with writing(engine) as connection:
        upgrade_to("0008", connection)
    yield engine
    engine.dispose()
    postgres_server.drop_database(name)


def test_a_filled_table_is_taken_over_without_being_copied(of_before: Engine) -> None:
    now = Clock().now()
    times = {f"old{number}": now - number * DAY for number in range(0, 100, 7)}
    times |= {"soon": now + DAY, "far": now + 4_000 * DAY}
    fill(of_before, times)
    with reading(of_before) as connection:
        file = connection.execute(text("SELECT pg_relation_filenode('events')")).scalar_one()
    migrate(of_before)
    with reading(of_before) as connection:
        assert connection.execute(text("SELECT pg_relation_filenode('events_before')")).scalar_one() == file
        until = partitions.taken_over_until(connection)
    assert until == now.date() + DAY
    places = where(of_before)
    assert {name for name, place in places.items() if place == "events_before"} == times.keys() - {"soon", "far"}
    assert (places["soon"], places["far"]) == (f"events_d{now + DAY:%Y%m%d}", "events_rest")
    assert registered(of_before) == kept(of_before) == {(name, partitions.micros(at)) for name, at in times.items()}
    log = EventLog(of_before)
    assert log.append([event("x", event_id="old0", at=now + DAY)]) == [Outcome.CONFLICT]
    assert partitions.keep_ahead(of_before, now.date(), 30) == 0  # what is taken over is never split


def test_the_program_before_goes_on_through_the_migration_and_after_it(of_before: Engine) -> None:
    """Its statement, in a thread of its own, again and again: nothing is lost, and no id is stored twice."""
    stop, told, refused = threading.Event(), [], []
    fill(of_before, {"first": Clock().now()})

    def goes_on() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            row = {"market": "aldermoor", "event_id": f"live{number}", "at": partitions.micros(Clock().now())}
            try:
                with writing(of_before) as connection:
                    stored = connection.exec_driver_sql(OF_THE_PROGRAM_BEFORE, row).all()
                    again = connection.exec_driver_sql(
                        OF_THE_PROGRAM_BEFORE, {**row, "at": row["at"] + 90_000_000_000}
                    ).all()
            except StorageUnavailable as error:
                refused.append(error)
                continue
            told.append((row["event_id"], len(stored), len(again)))

    thread = threading.Thread(target=goes_on)
    thread.start()
    try:
        while len(told) < 20:
            assert thread.is_alive()
        migrate(of_before)
        after = len(told)
        while len(told) < after + 20:
            assert thread.is_alive()
    finally:
        stop.set()
        thread.join()
    assert not refused
    assert {(stored, again) for _, stored, again in told} == {(1, 0)}
    assert {name for name, _, _ in told} | {"first"} == {name for name, _ in kept(of_before)}
    assert registered(of_before) == kept(of_before)
    with writing(of_before) as connection:  # its erasure
        gone = connection.execute(text("DELETE FROM events WHERE market = 'aldermoor' AND user_id = 'd1'")).rowcount
    assert (gone, registered(of_before)) == (len(told) + 1, set())


def test_a_read_over_all_days_takes_as_many_locks_as_are_told(partitioned: Engine) -> None:
    """Whoever sets `max_locks_per_transaction` reckons with it: docker-compose.yml and the page on operations."""
    held = text("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'")
    found = []
    for more in (0, 20):
        partitions.make_days(partitioned, [TODAY + (40 + number) * DAY for number in range(more)])
        with reading(partitioned) as connection:
            connection.execute(text("SELECT count(*) FROM events WHERE market = 'aldermoor'"))
            found.append(connection.execute(held).scalar_one())
    assert found[1] - found[0] == 20 * partitions.LOCKS_A_DAY


def test_too_few_locks_for_all_days_are_told_with_how_many_it_takes(partitioned: Engine) -> None:
    with reading(partitioned) as connection:
        days = len(partitions.days(connection))
        capacity = 64 * 60  # as the tests' server is started
        enough = capacity // (days * partitions.LOCKS_A_DAY)
        assert partitions.locks_wanted(connection, enough) is None
        readers = 4 * enough + 4
        assert partitions.locks_wanted(connection, readers) == -(-readers * days * partitions.LOCKS_A_DAY // 60)


def test_without_days_no_locks_are_wanted(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    with reading(engine) as connection:
        assert partitions.locks_wanted(connection, 1_000) is None
    engine.dispose()
