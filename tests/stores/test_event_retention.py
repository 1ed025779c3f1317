"""Events go when their time has come: whole days on PostgreSQL, rows elsewhere, and nothing that is still owed."""

from datetime import timedelta

import pytest
from happenings import NOON, event
from selling_records import StoppedClock
from sqlalchemy import Engine, delete, select, text
from sqlalchemy import event as hooks

from data.columns import EventType
from services.audit.trail import AuditTrail
from services.database.engine import open_database
from services.database.event_partitions import days
from services.database.schema import billing_queue, events
from services.database.transactions import reading, writing
from services.events.log import EventLog, Outcome
from services.events.retention import FORGOTTEN, EventRetention
from services.settings import Settings

DAY = timedelta(days=1)
TODAY = NOON.date()


def retention(engine: Engine, keep_days: int) -> EventRetention:
    clock = StoppedClock(NOON)
    return EventRetention(engine, AuditTrail(engine, clock), clock, keep_days)


def kept(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(events.c.event_id)).scalars())


def told(engine: Engine) -> list[tuple[str | None, str]]:
    page = AuditTrail(engine, StoppedClock(NOON)).page(action=FORGOTTEN)
    return [(one.market, one.subject) for one in reversed(page)]


def fill(engine: Engine) -> None:
    """An event a day of two markets, from 40 days ago to tomorrow, none of which costs anything."""
    EventLog(engine, StoppedClock(NOON)).append(
        [
            event(f"{market[0]}{back}", market=market, type=EventType.IMPRESSION, at=NOON - back * DAY)
            for market in ("aldermoor", "bramble")
            for back in range(-1, 41)
        ]
    )


@pytest.mark.parametrize("split", [False, True], ids=["from the rest", "by days"])
def test_a_round_leaves_the_last_days(engine: Engine, split: bool) -> None:
    fill(engine)
    if split:
        retention(engine, 0).round()  # nothing goes where no days are set
        assert len(kept(engine)) == 84
    retention(engine, 10).round()
    assert kept(engine) == {f"e{market}{back}" for market in "ab" for back in range(-1, 11)}
    assert told(engine)
    assert {subject for _, subject in told(engine)} >= {f"before {TODAY - 10 * DAY}"}
    before = told(engine)
    retention(engine, 10).round()
    assert told(engine) == before, "a round that removes nothing says nothing"
    assert AuditTrail(engine, StoppedClock(NOON)).first_broken() is None
    if engine.dialect.name == "postgresql":
        with reading(engine) as connection:
            ids = set(connection.execute(text("SELECT event_id FROM event_ids")).scalars())
            assert ids == kept(engine)
            ours = [day for day in days(connection) if day < TODAY + 90 * DAY]  # and those that the migration made
            assert ours == [TODAY + number * DAY for number in range(-10, 8)]


def test_what_is_forgotten_may_come_again(engine: Engine) -> None:
    fill(engine)
    retention(engine, 10).round()
    again = event("a30", type=EventType.IMPRESSION, at=NOON - 30 * DAY)
    assert EventLog(engine).append([again]) == [Outcome.STORED]
    retention(engine, 10).round()
    assert "ea30" not in kept(engine)


@pytest.mark.parametrize("split", [False, True], ids=["from the rest", "by days"])
def test_an_event_that_waits_to_be_billed_stays_until_it_is(engine: Engine, split: bool) -> None:
    log = EventLog(engine, StoppedClock(NOON))
    log.append([event("owed", at=NOON - 20 * DAY), event("free", type=EventType.IMPRESSION, at=NOON - 20 * DAY)])
    log.append([event("other", type=EventType.IMPRESSION, at=NOON - 21 * DAY)])
    if split:
        retention(engine, 0).round()
    retention(engine, 10).round()
    assert "eowed" in kept(engine)
    assert "eother" not in kept(engine)
    assert log.append([event("owed", at=NOON)]) == [Outcome.CONFLICT], "its id is taken for as long as it is there"
    with writing(engine) as connection:
        connection.execute(delete(billing_queue))
    retention(engine, 10).round()
    assert kept(engine) == set()


class Killed(BaseException):
    """Instead of a process that ends."""


def test_a_round_that_is_broken_off_anywhere_is_taken_up(database_url: str) -> None:
    """Before each statement that writes, one after the other, until a round gets through."""
    engine = open_database(database_url)
    fill(engine)
    left = [0]

    def die(*arguments: object) -> None:
        if str(arguments[2]).lstrip()[:6] in ("DELETE", "INSERT", "ALTER ", "DROP T", "CREATE", "WITH m"):
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    hooks.listen(engine, "before_cursor_execute", die)
    killed, step = 0, 0
    while True:
        left[0] = step
        try:
            retention(engine, 10).round()
        except Killed:
            killed, step = killed + 1, step + 1
            assert killed < 400
        else:
            break
    hooks.remove(engine, "before_cursor_execute", die)
    assert killed >= 2
    assert kept(engine) == {f"e{market}{back}" for market in "ab" for back in range(-1, 11)}
    if engine.dialect.name == "postgresql":
        with reading(engine) as connection:
            assert set(connection.execute(text("SELECT event_id FROM event_ids")).scalars()) == kept(engine)
    engine.dispose()


def test_events_are_kept_for_as_long_as_retraining_learns_from_them() -> None:
    with pytest.raises(ValueError, match="retrain_days are 30"):
        Settings(events_days=20, retrain_days=30)
    assert Settings(events_days=30, retrain_days=30).events_days == 30
