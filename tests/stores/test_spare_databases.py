"""A database that is handed on is as empty as a new one, and one whose tables were changed is not handed on."""

from collections.abc import Iterator

import psycopg
import pytest
from happenings import event
from spare_databases import SpareDatabases

from loadtests.postgres import PostgresServer
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import metadata
from services.database.transactions import writing
from services.events.log import EventLog

CHANGES = (
    "CREATE TABLE more (n int)",
    "ALTER TABLE campaigns ADD COLUMN more int",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "DROP TABLE served_lists",
    "CREATE TABLE events_of_a_day PARTITION OF events FOR VALUES FROM (-2000) TO (-1000)",
)


@pytest.fixture
def spare(postgres_server: PostgresServer, migrated_template: str) -> SpareDatabases:
    """None of those that other tests use."""
    return SpareDatabases(postgres_server, migrated_template)


@pytest.fixture
def name(spare: SpareDatabases) -> Iterator[str]:
    name = spare.take()
    yield name
    spare.server.drop_database(name)


def connected(spare: SpareDatabases, name: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(f"host={spare.server.folder} user=postgres dbname={name}", autocommit=True)


def rows_of(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    counts = connection.execute(" UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in metadata.tables))
    return sum(int(str(count)) for (count,) in counts)


def test_rows_are_gone_and_so_is_who_was_connected(spare: SpareDatabases, name: str) -> None:
    engine = open_database(spare.server.url(name))
    with writing(engine) as connection:
        trail = AuditTrail(engine, Clock())
        trail.record(connection, role="ml", action="x", market=None, subject="s", document={})
    EventLog(engine).append([event(1), event(2)])
    with connected(spare, name) as still_there:
        assert rows_of(still_there) >= 3
        spare.give_back(name)
        with pytest.raises(psycopg.OperationalError):
            still_there.execute("SELECT 1")
    engine.dispose()
    assert spare.take() == name
    with connected(spare, name) as connection:
        assert rows_of(connection) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_not_handed_on(spare: SpareDatabases, change: str) -> None:
    name = spare.take()
    with connected(spare, name) as connection:
        connection.execute(change)
    spare.give_back(name)
    another = spare.take()
    spare.server.drop_database(another)
    assert another != name
