"""The event table's days on PostgreSQL: partitions made ahead, filled from the rest, and dropped whole.

`events` is partitioned by the day (UTC) in which an event happened. What has no partition of its day is in
`events_rest`, so that an insert never fails for want of one; what was there before the table was partitioned is in
`events_before`, which ends at a day. `event_ids` has one row for each event and makes ids unique over all partitions:
triggers of the table keep it, whoever writes. SQLite has none of this, and every function here does nothing there.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Engine, text, type_coerce

from services.database.errors import StorageUnavailable
from services.database.schema import events
from services.database.transactions import lock_out, reading, writing
from services.database.types import from_micros, micros

AHEAD_DAYS: Final = 8
"""Days that are made before they come."""
LOCKS_A_DAY: Final = 4
"""That a read over all days takes in the server's table of locks: a day's table and its three indexes."""
_PATIENCE_MS: Final = 300
"""For the locks that a change of the partitions takes: who writes events meanwhile waits as long at most."""
_IDS_AT_ONCE: Final = 20_000
_NAME: Final = re.compile(r"events_d(\d{4})(\d\d)(\d\d)")
_BEFORE: Final = "events_before"
_REST: Final = "events_rest"
_IDS: Final = "event_ids"
_CHUNK: Final = 1_000


def is_made_here(table: str) -> bool:
    """Whether a table is one of those that stand behind `events` on PostgreSQL."""
    return table in (_BEFORE, _REST, _IDS) or _NAME.fullmatch(table) is not None


def day_of(at: datetime) -> date:
    """The day whose partition an event of this time is in."""
    return at.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """The day's first moment."""
    return datetime.combine(day, time(), UTC)


def is_partitioned(connection: Connection) -> bool:
    """Whether this server keeps the days apart."""
    return connection.dialect.name == "postgresql"


def days(connection: Connection) -> list[date]:
    """The days that have a partition of their own, in order; none on SQLite."""
    if not is_partitioned(connection):
        return []
    found = (_NAME.fullmatch(name) for name in _partitions(connection))
    return sorted(date(*map(int, match.groups())) for match in found if match is not None)


def locks_wanted(connection: Connection, readers: int) -> int | None:
    """The `max_locks_per_transaction` at which so many connections can read all days at once; None where it is set."""
    needed = readers * LOCKS_A_DAY * len(days(connection))
    if not needed:
        return None
    names = ("max_locks_per_transaction", "max_connections", "max_prepared_transactions")
    given = [int(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in names]
    wanted = -(-needed // (given[1] + given[2]))
    return wanted if wanted > given[0] else None


def taken_over_until(connection: Connection) -> date | None:
    """The first day that is not in the table of before; None where there is none."""
    bound = _partitions(connection).get(_BEFORE) if is_partitioned(connection) else None
    if bound is None:
        return None
    limit = re.search(r"TO \('(-?\d+)'\)", bound)
    assert limit is not None, bound
    return day_of(from_micros(int(limit[1])))


def _partitions(connection: Connection) -> dict[str, str]:
    """Names and bounds."""
    rows = connection.execute(
        text("""
            SELECT child.relname, pg_get_expr(child.relpartbound, child.oid)
            FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = 'events'::regclass""")
    )
    return {row[0]: row[1] for row in rows}


def make_days(engine: Engine, wanted: Collection[date]) -> int:
    """Give each of these days a partition, in a transaction of its own, and the rows of it that are in the rest.

    Days that have one, or are in the table of before, are left as they are. How many were made. Raises
    StorageUnavailable where the locks were not to be had in a moment: the days that are missing can be made later.
    """
    with reading(engine) as connection:
        missing = _missing(connection, wanted)
    made = 0
    for day in missing:
        with writing(engine) as connection:
            _begin(connection)
            if _missing(connection, [day]):
                _make(connection, day)
                made += 1
    return made


def _missing(connection: Connection, wanted: Collection[date]) -> list[date]:
    if not is_partitioned(connection):
        return []
    before = taken_over_until(connection)
    return sorted({day for day in wanted if before is None or day >= before} - set(days(connection)))


def _begin(connection: Connection) -> None:
    """One process at a time changes partitions, and nobody waits for it long."""
    connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
    lock_out(connection, "event-partitions")


def _make(connection: Connection, day: date) -> None:
    """Attaching takes weaker locks than creating in place: who writes into other days goes on."""
    name, begin, end = _name(day), micros(start_of(day)), micros(start_of(day + timedelta(days=1)))
    for statement in (
        f"CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS INCLUDING STORAGE)",
        f"LOCK TABLE {_REST} IN ACCESS EXCLUSIVE MODE",
        # Of the rest itself, not of `events`: the ids stay registered.
        f"WITH moved AS (DELETE FROM {_REST} WHERE at >= {begin} AND at < {end} RETURNING *) "  # noqa: S608 - numbers
        f"INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE {name} ADD PRIMARY KEY (market, event_id)",
        f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})",
    ):
        connection.execute(text(statement))


def drop_day(connection: Connection, day: date) -> bool:
    """Drop a day's partition, its ids with it, within the caller's transaction; False where it must stay.

    It stays while an event of it waits to be billed. The ids should have been forgotten before (`forget_ids`): here
    only those that came meanwhile are left. Raises StorageUnavailable where the lock was not to be had in a moment.
    """
    _begin(connection)
    return _drop(connection, _name(day), start_of(day), start_of(day + timedelta(days=1)))


def drop_before(connection: Connection) -> bool:
    """Drop the table of before, as `drop_day`."""
    _begin(connection)
    until = taken_over_until(connection)
    return until is not None and _drop(connection, _BEFORE, None, start_of(until))


def _drop(connection: Connection, name: str, begin: datetime | None, end: datetime) -> bool:
    if name not in _partitions(connection):
        return False
    connection.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    if _is_owed(connection, name):
        return False
    while _forget_ids(connection, begin, end):
        pass
    connection.execute(text(f"ALTER TABLE events DETACH PARTITION {name}"))
    connection.execute(text(f"DROP TABLE {name}"))
    return True


def waits_to_be_billed(connection: Connection, day: date) -> bool:
    """Whether an event in a day's partition does: the day stays then, and so must its ids."""
    return _is_owed(connection, _name(day))


def _is_owed(connection: Connection, name: str) -> bool:
    owed = f"SELECT EXISTS (SELECT FROM billing_queue JOIN {name} USING (market, event_id))"  # noqa: S608 - our name
    return bool(connection.execute(text(owed)).scalar_one())


def forget_ids(engine: Engine, begin: datetime, end: datetime) -> int:
    """Take the ids of [`begin`, `end`) out of the registry, some thousand in a transaction; how many.

    Until their partition is dropped, which should be next, one of these ids may be given to another event.
    """
    forgotten = 0
    while True:
        with writing(engine) as connection:
            gone = _forget_ids(connection, begin, end)
        if not gone:
            return forgotten
        forgotten += gone


def _forget_ids(connection: Connection, begin: datetime | None, end: datetime) -> int:
    """A part of them: the index of times is a coarse one, so the rows are found by the page."""
    after = "" if begin is None else f"at >= {micros(begin)} AND "
    chosen = f"SELECT ctid FROM {_IDS} WHERE {after}at < {micros(end)} LIMIT {_IDS_AT_ONCE}"  # noqa: S608 - numbers
    statement = f"DELETE FROM {_IDS} WHERE ctid = ANY (ARRAY({chosen}))"  # noqa: S608 - as above
    return connection.execute(text(statement)).rowcount


def with_ids(connection: Connection, market: str, ids: Sequence[str]) -> list[ColumnElement[bool]]:
    """Conditions that choose a market's events of these ids, and on PostgreSQL the days in which they are.

    Without the days every partition would be asked for every id.
    """
    named = [events.c.market == market, events.c.event_id.in_(ids)]
    if not is_partitioned(connection):
        return named
    span = text(f"SELECT min(at), max(at) FROM {_IDS} WHERE market = :market AND event_id = ANY(:ids)")  # noqa: S608
    first, last = connection.execute(span, {"market": market, "ids": list(ids)}).one()
    return [*named, *happened_within(first, last)] if first is not None else named


def happened_within(first: int, last: int) -> list[ColumnElement[bool]]:
    """Conditions that an event happened in [`first`, `last`], microseconds."""
    at: Any = type_coerce(events.c.at, BigInteger)
    return [at >= first, at <= last]


def plan_once(connection: Connection) -> None:
    """Let this transaction's prepared statements keep their plan: with many days, making it costs more than it."""
    if is_partitioned(connection):
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")


def waiting_days(connection: Connection, since: date, until: date) -> list[date]:
    """The days of [`since`, `until`) that have rows in the rest."""
    if not is_partitioned(connection):
        return []
    statement = text(f"""
        SELECT DISTINCT at / 86400000000 FROM {_REST} WHERE at >= :since AND at < :until""")  # noqa: S608 - our name
    bounds = {"since": micros(start_of(since)), "until": micros(start_of(until))}
    return sorted(
        day_of(from_micros(number * 86_400_000_000)) for number in connection.execute(statement, bounds).scalars()
    )


def keep_ahead(engine: Engine, today: date, back: int) -> int:
    """Make the days to come, and those of the last `back` days that have rows in the rest; how many were made."""
    with reading(engine) as connection:
        late = waiting_days(connection, today - timedelta(days=back), today + timedelta(days=AHEAD_DAYS))
    return make_days(engine, {*late, *(today + timedelta(days=ahead) for ahead in range(AHEAD_DAYS))})


def make_days_if_free(engine: Engine, wanted: Collection[date]) -> None:
    """`make_days`, where the locks are to be had; else the rows go into the rest, from where the worker takes them."""
    try:
        make_days(engine, wanted)
    except StorageUnavailable:
        return


def _name(day: date) -> str:
    return f"events_d{day:%Y%m%d}"
