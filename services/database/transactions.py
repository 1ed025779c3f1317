"""Transactions with typed errors: the only way in which the stores touch the database."""

import threading
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final

from sqlalchemy import Connection, Engine, Table, exc, text
from sqlalchemy.dialects import postgresql, sqlite

from services.database.errors import StorageUnavailable

WRITING: Final = "tablestakes_writing"
"""Execution option of a connection whose transactions will write."""
TURN: Final = "tablestakes_turn"
"""Execution option of an SQLite engine: the `Turn` that its writers wait for."""


class Turn:
    """Whose turn it is to write among the threads of this process.

    SQLite makes waiting writers ask again after pauses that grow to 100 ms; a lock wakes the next one at once.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._lock = threading.Lock()
        self._timeout_seconds = timeout_seconds

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout_seconds):
            raise StorageUnavailable("the database is not available: another writer holds it")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database and changes nothing; raises StorageUnavailable."""
    with _translating(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's transactions are snapshots by themselves
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is on disk when the block is left, or did not happen; raises StorageUnavailable."""
    turn: Turn | None = engine.get_execution_options().get(TURN)
    with turn or nullcontext(), _translating(), engine.connect() as fresh:
        connection = fresh.execution_options(**{WRITING: True})
        with connection.begin():
            yield connection


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as error:
        raise StorageUnavailable(_first_line(error)) from error
    except exc.DBAPIError as error:
        # A damaged SQLite file is a bare DatabaseError; its subclasses that are left are faults of the program.
        if type(error) is exc.DatabaseError or error.connection_invalidated or _is_of_a_replica(error):
            raise StorageUnavailable(_first_line(error)) from error
        raise


def _is_of_a_replica(error: exc.DBAPIError) -> bool:
    """Whether PostgreSQL refuses to begin a transaction that may write because it follows another server."""
    return isinstance(error, exc.NotSupportedError) and "during recovery" in str(error.orig)


def _first_line(error: exc.SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).splitlines()
    return f"the database is not available: {lines[0] if lines else type(cause).__name__}"


def lock_out(connection: Connection, name: str) -> None:
    """Let one transaction of this name run at a time, over all processes, until it ends.

    On SQLite a writing transaction is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(name.encode())})


def insert_into(engine: Engine, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT with `on_conflict_…`, which both servers have and SQLAlchemy's common INSERT has not."""
    return postgresql.insert(table) if engine.dialect.name == "postgresql" else sqlite.insert(table)


def upsert_into(engine: Engine, table: Table, keep: Collection[str] = ()) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that replaces the row with the same primary key, all but the columns in `keep`."""
    statement = insert_into(engine, table)
    columns = [column.name for column in table.columns if not column.primary_key and column.name not in keep]
    replaced = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=replaced)


def add_into(engine: Engine, table: Table, counters: Sequence[str]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that adds to the counters of the row with the same primary key where there is one."""
    statement = insert_into(engine, table)
    sums = {name: table.c[name] + statement.excluded[name] for name in counters}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=sums)
