"""What it costs to keep the event log by day on PostgreSQL, beside the table that it replaces, in one run.

python -m loadtests.event_days [--quick]

Two databases of one server, synced, take the same events: one of revision 0008, one of the newest. Insertions and reads
alternate between them, so that what else the machine does falls on both; figures are 10 % quantiles, ratios the point.
"""

import argparse
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, delete, text

from data.columns import EventType
from loadtests.postgres import NOT_INSTALLED, PostgresServer, find_binaries, running_postgres
from loadtests.servers import end_tidily
from services.clock import Clock
from services.database import event_partitions as partitions
from services.database.engine import migrate, open_database
from services.database.plain import PlainInsert
from services.database.schema import billing_queue, events
from services.database.transactions import reading, writing
from services.database.types import micros
from services.events.log import Event, EventLog

_MARKET: Final = "aldermoor"
_DINERS: Final = 20_000
_GROUP: Final = 500
"""Events in a transaction, as when requests share commits."""
_QUICK: Final = 0.1
"""Quantile of times that is told: what else the machine does makes some of them long."""
_RECENT: Final = timedelta(days=14)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.event_days", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="30 days of 1,000 events instead of 90 of 10,000")
    options = parser.parse_args()
    days, a_day, rounds = (30, 1_000, 8) if options.quick else (90, 10_000, 40)
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit(NOT_INSTALLED)
    with running_postgres(binaries, synced=True) as server:
        measured(server, days, a_day, rounds)


def measured(server: PostgresServer, days: int, a_day: int, rounds: int) -> None:
    """Fill both tables, measure, print."""
    whole, parted = _revision_0008(server), open_database(server.url(server.create_database()))
    migrate(parted)
    now = Clock().now()
    partitions.make_days(parted, [now.date() - timedelta(days=back) for back in range(days + 1)])
    rng = np.random.default_rng(1)
    for back in range(days, 0, -1):
        rows = _rows(rng, now - timedelta(days=back), a_day)
        for engine in (whole, parted):
            with writing(engine) as connection:
                PlainInsert(engine, events).execute(connection, rows)
    for engine in (whole, parted):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    print(f"{days} days of {a_day:,} events; 10 % quantiles of {rounds} appends and {25 * rounds} reads")
    print(f"{'':<44}{'one table':>12}{'by day':>12}{'ratio':>8}")
    logs = EventLog(whole), EventLog(parted)
    for size in (1, 50, _GROUP):
        _line(f"append {size} event(s), µs each", _appending(logs, rng, now, size, rounds), 1e6 / size)
    diner = [f"u{number}" for number in rng.integers(_DINERS, size=25 * rounds)]
    _line(
        "recent, 14 days, µs",
        _reading(logs, diner, lambda log, user: log.recent(_MARKET, user, now - _RECENT, 32, list(EventType))),
        1e6,
    )
    _line("all events of a diner, µs", _reading(logs, diner, lambda log, user: log.of_diner(_MARKET, user)), 1e6)
    _removals(whole, parted, now.date() - timedelta(days=days), a_day)
    _migration(whole)
    for engine in (whole, parted):
        engine.dispose()


def _revision_0008(server: PostgresServer) -> Engine:
    engine = open_database(server.url(server.create_database()))
    config = Config()
    config.set_main_option("script_location", str(Path(partitions.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
    return engine


_Times = tuple[list[float], list[float]]


def _line(what: str, times: _Times, scale: float) -> None:
    one, two = (float(np.quantile(each, _QUICK)) * scale for each in times)
    print(f"{what:<44}{one:>12,.0f}{two:>12,.0f}{two / one:>8.2f}", flush=True)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _appending(
    logs: tuple[EventLog, EventLog], rng: np.random.Generator, now: datetime, size: int, rounds: int
) -> _Times:
    found: _Times = ([], [])
    for _ in range(rounds):
        new = _events(rng, now, size)
        for log, times in zip(logs, found, strict=True):
            times.append(_timed(lambda log=log, new=new: log.append(new)))  # type: ignore[misc]
    return found


def _reading(logs: tuple[EventLog, EventLog], diners: list[str], read: Callable[[EventLog, str], object]) -> _Times:
    found: _Times = ([], [])
    for user in diners:
        for log, times in zip(logs, found, strict=True):
            times.append(_timed(lambda log=log, user=user: read(log, user)))  # type: ignore[misc]
    return found


def _removals(whole: Engine, parted: Engine, day: date, a_day: int) -> None:
    """The oldest day: rows deleted, against ids deleted in parts and a table dropped."""
    begin, end = partitions.start_of(day), partitions.start_of(day + timedelta(days=2))
    for engine in (whole, parted):
        with writing(engine) as connection:
            connection.execute(delete(billing_queue))

    def rows() -> None:
        with writing(whole) as connection:
            connection.execute(delete(events).where(events.c.market == _MARKET, events.c.at < end))

    def drop() -> None:
        with writing(parted) as connection:
            for one in (day, day + timedelta(days=1)):
                partitions.drop_day(connection, one)

    deleted = _timed(rows)
    ids = _timed(lambda: partitions.forget_ids(parted, begin, end))
    dropped = _timed(drop)
    print(
        f"the oldest day of {a_day:,}: {1e3 * deleted:,.0f} ms to delete its rows; by day {1e3 * ids:,.0f} ms for its "
        f"ids, in parts, and {1e3 * dropped:,.0f} ms in which others wait"
    )


def _migration(whole: Engine) -> None:
    with reading(whole) as connection:
        count = connection.execute(text("SELECT count(*) FROM events")).scalar_one()
    seconds = _timed(lambda: migrate(whole))
    print(f"the migration of {count:,} events: {seconds:.2f} s, {1e6 * seconds / count:.2f} s a million")


def _events(rng: np.random.Generator, now: datetime, count: int) -> list[Event]:
    return [
        Event(
            event_id=f"{number:016x}",
            type=EventType.IMPRESSION,
            market=_MARKET,
            user_id=f"u{rng.integers(_DINERS)}",
            restaurant_id=f"r{rng.integers(1_000)}",
            request_id=f"q{number % 10**9}",
            at=now - timedelta(seconds=float(rng.random())),
        )
        for number in rng.integers(2**62, size=count).tolist()
    ]


def _rows(rng: np.random.Generator, at: datetime, count: int) -> list[tuple[object, ...]]:
    """As the table has them."""
    begin, names = micros(partitions.start_of(at.date())), [column.name for column in events.columns]
    made = _events(rng, at, count)
    times = np.sort(rng.integers(86_400_000_000, size=count)) + begin
    return [
        tuple({"at": int(when), "received_at": int(when)}.get(name, getattr(one, name, None)) for name in names)
        for one, when in zip(made, times, strict=True)
    ]


if __name__ == "__main__":
    end_tidily()
    main()
