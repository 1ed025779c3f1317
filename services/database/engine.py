"""Opening the database and bringing it to the current schema."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from services.database.errors import StorageMisconfigured, StorageUnavailable
from services.database.transactions import TURN, WRITING, Turn, lock_out, reading, writing

_CONNECTIONS: Final = 8
_MORE: Final = 10
"""That are opened when all are busy, and closed again."""
MOST_CONNECTIONS: Final = _CONNECTIONS + _MORE
"""Of a process to its database."""
_PRAGMAS: Final = (
    "synchronous=FULL",
    "fullfsync=ON",  # on macOS a plain fsync stops at the drive's cache
    "checkpoint_fullfsync=ON",
    "foreign_keys=ON",
    "wal_autocheckpoint=4000",  # 16 MiB: a page that many lists touch is written back once for all of them
    "cache_size=-16000",  # KiB; a batch of lists touches more than the 2 MiB that SQLite would hold
    "secure_delete=ON",  # what is erased is overwritten, not only left out
)
_STATEMENTS: Final = 16
"""Compiled statements that a connection keeps. An INSERT of n rows is another statement for each n, and of hundreds of
rows it takes hundreds of KiB: with the driver's 128 a process that writes lists in batches grew for tens of MiB."""
_OLDEST_SQLITE: Final = (3, 35)  # INSERT … RETURNING
_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def open_database(url: str, lock_timeout_ms: int = 5_000) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql+psycopg://…`; connections are opened when they are needed.

    A committed transaction is on disk: SQLite runs in WAL mode with `synchronous=FULL`, PostgreSQL with
    `synchronous_commit=on`. Whoever waits longer than `lock_timeout_ms` for another writer gets StorageUnavailable.
    SQLite's file (mode 0600) and the folders above it (0700) are made where they are missing. Raises
    StorageMisconfigured for another kind of URL, StorageUnavailable where the folder cannot be made.
    """
    address = address_of(url)
    opened = _open_sqlite if address.get_backend_name() == "sqlite" else _open_postgresql
    engine = opened(address, lock_timeout_ms)
    _close_what_comes_back_late(engine)
    return engine


def _close_what_comes_back_late(engine: Engine) -> None:
    """`dispose` closes what lies in the pool. What a thread still has then comes back to a pool that nobody keeps."""

    @event.listens_for(engine, "do_connect")  # not `connect`: meanwhile all may have been closed
    def belongs(_: object, entry: ConnectionPoolEntry, *__: object) -> None:
        entry.info["pool"] = engine.pool

    @event.listens_for(engine, "checkin")
    def come_back(_: object, entry: ConnectionPoolEntry) -> None:
        if entry.info.get("pool") is not engine.pool:
            entry.invalidate()


def address_of(url: str) -> URL:
    """A URL taken apart, with the driver that is used. Raises StorageMisconfigured for one that cannot be read."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise StorageMisconfigured(
            "the database's URL cannot be read: write sqlite:///FILE or postgresql+psycopg://…"
        ) from None
    kind = address.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise StorageMisconfigured(f"{kind} is no database that is supported: use sqlite or postgresql+psycopg.")
    if address.database in (None, "", ":memory:"):
        raise StorageMisconfigured("SQLite in memory forgets everything: name a file, as in sqlite:///FILE.")
    return address


def _open_sqlite(address: URL, lock_timeout_ms: int) -> Engine:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StorageMisconfigured(
            f"this Python's SQLite is {sqlite3.sqlite_version}; 3.35 is needed: take a newer Python, or PostgreSQL."
        )
    file = Path(str(address.database)).absolute()
    try:
        _make_private(file)
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be made: {error.strerror}") from error
    engine = create_engine(
        address,
        pool_size=_CONNECTIONS,
        max_overflow=_MORE,
        pool_timeout=lock_timeout_ms / 1_000,
        pool_use_lifo=True,  # what one connection holds of the file, another's writing takes from it
        hide_parameters=True,
        connect_args={"timeout": lock_timeout_ms / 1_000, "cached_statements": _STATEMENTS},
        execution_options={TURN: Turn(lock_timeout_ms / 1_000)},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        # The driver must not open transactions by itself: `begin` below decides which kind.
        connection.isolation_level = None
        _switch_to_wal(connection, lock_timeout_ms)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: a read that turns into a write can fail without waiting.
        immediate = connection.get_execution_options().get(WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _make_private(file: Path) -> None:
    for folder in reversed(file.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    # One that is there is not opened: closing it would take away the locks that SQLite has on it for this process, and
    # another process would clear the log away under connections that are still open here.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _switch_to_wal(connection: sqlite3.Connection, lock_timeout_ms: int) -> None:
    """The switch happens once in the file's life. Two processes that try it together are not made to wait by SQLite."""
    deadline = time.monotonic() + lock_timeout_ms / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _open_postgresql(address: URL, lock_timeout_ms: int) -> Engine:
    seconds = max(1, lock_timeout_ms // 1_000)
    arguments: dict[str, Any] = {
        "connect_timeout": max(2, seconds),
        "tcp_user_timeout": max(1_000, lock_timeout_ms),
        "keepalives_idle": 5,
        "options": f"-c lock_timeout={lock_timeout_ms} -c synchronous_commit=on",
    }
    return create_engine(
        address,
        pool_size=_CONNECTIONS,
        max_overflow=_MORE,
        pool_timeout=lock_timeout_ms / 1_000,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=arguments,
    )


def migrate(engine: Engine) -> None:
    """Bring the schema to this program's version, in one transaction; nothing happens where it is there already.

    Processes that start together wait for one another. Raises StorageMisconfigured where the database was made by a
    newer program, StorageUnavailable where it does not answer.
    """
    with reading(engine) as connection:
        if _revision(connection) == _newest():
            return
    # Imported here: most starts find the schema as it is to be, and need none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        lock_out(connection, "migrate")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StorageMisconfigured(f"the database's schema is not one that this program knows: {error}") from error


def _newest() -> str:
    """The revision of the newest migration: the files begin with it, and count up."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    """What the database was brought to."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_answering(engine: Engine) -> bool:
    """Whether the database answers a trivial question now; for health checks."""
    try:
        with reading(engine) as connection:
            connection.execute(text("SELECT 1"))
    except StorageUnavailable:
        return False
    return True
