"""The demo's state right after its set-up, kept to come back to: the database, in a file beside it.

Models and the city are files that never change once they are made, the feature cache is a cache, and keys are whatever
`keys.json` says: the database is all that a lecture changes. Restoring is one transaction of SQLite's backup, so a
process that is killed leaves either state and nothing between; done again, it is the same.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from services.database.engine import migrate, open_database
from services.database.schema import events, served_lists
from services.database.transactions import reading
from services.settings import Settings

_START: Final = "demo-start.db"
_PATIENCE: Final = 1.0
"""Seconds that a process which is just ending is waited for."""


class DemoStateError(Exception):
    """The demo cannot be put back; the message says why and the mend."""


def keep_start(settings: Settings) -> bool:
    """Keep the state, unless one is kept already or diners have been here; whether there is one then."""
    start = settings.home / _START
    if settings.database_url or start.exists():
        return start.exists()
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        with reading(engine) as connection:
            used = sum(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (events, served_lists)
            )
    finally:
        engine.dispose()
    if used:
        return False
    aside = start.with_name(f".{start.name}.{secrets.token_hex(4)}")
    os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with _opened(_database(settings)) as source, _opened(aside) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        descriptor = os.open(aside, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        aside.replace(start)
    finally:
        aside.unlink(missing_ok=True)
    return True


def reset(settings: Settings) -> None:
    """Put the demo back to where it began. Raises DemoStateError where nothing is kept, or somebody uses the home."""
    if settings.database_url:
        raise DemoStateError(
            "TABLESTAKES_DATABASE_URL names a database of one's own: only the home's SQLite is put back"
        )
    start, database = settings.home / _START, _database(settings)
    if not start.exists():
        raise DemoStateError(
            f"{settings.home} has no beginning to go back to: diners had been there when it was first looked at. "
            "Remove the folder, or name another one in TABLESTAKES_HOME, and start `tablestakes demo`"
        )
    with _opened(start) as source, _opened(database) as target:
        _take_alone(target, settings.home)
        try:
            source.backup(target)
        except sqlite3.OperationalError as error:
            raise DemoStateError(f"{database} cannot be written: {error}") from None
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)  # what was kept may be of an older version of the program
    finally:
        engine.dispose()


def _take_alone(connection: sqlite3.Connection, home: Path) -> None:
    """Hold the database for oneself until the connection is closed."""
    in_use = f"{home} is in use: end `tablestakes demo`, `serve` and `worker` first"
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        # Out of the mode in which readers and writers share a file SQLite goes only where nobody else has it open.
        [mode] = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except sqlite3.OperationalError:
        raise DemoStateError(in_use) from None
    if mode != "delete":
        raise DemoStateError(in_use)


def _database(settings: Settings) -> Path:
    return (settings.home / "tablestakes.db").absolute()


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        yield connection
    finally:
        connection.close()
