"""Opening, migrating, and what happens when the database is not there."""

import contextlib
import copy
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from loadtests.postgres import PostgresServer
from services.audit.anchors import ServedAnchors
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database import lesson_tables, retraining_tables, stakeholder_tables  # noqa: F401 - their tables join the metadata
from services.database.engine import is_answering, migrate, open_database
from services.database.errors import StorageMisconfigured, StorageUnavailable
from services.database.event_partitions import is_made_here
from services.database.schema import markets
from services.database.stakeholder_tables import metadata
from services.database.transactions import reading, writing
from services.database.types import is_storable

ROOT = Path(__file__).parents[2]
HEADS = ScriptDirectory(str(ROOT / "services" / "database" / "migrations")).get_heads()
_PLACE = {"lat": 52.2041, "lon": -0.1272}
_RESTAURANT = {"market": "aldermoor", **_PLACE, "cuisines": '["thai"]', "delivery": True, "tags": "[]"}
_EVENT = {"market": "aldermoor", "user_id": "d1", "restaurant_id": "r1", "at": 1_767_960_000_123_456}
FIRST_ROWS: dict[str, list[dict[str, Any]]] = {
    "api_keys": [{"digest": "a" * 64, "role": "ml", "created_at": 1, "revoked_at": 2}],
    "champions": [{"market": "aldermoor", "version": "v1", "since": 3}],
    "diners": [
        {"market": "aldermoor", "user_id": "d1", "home_lat": None, "home_lon": 0.5, "profile": "[]", "protected": "[]"}
    ],
    "events": [
        {**_EVENT, "event_id": "e1", "type": "click", "request_id": "q1", "order_id": None, "value": None},
        {**_EVENT, "event_id": "é2", "type": "order", "request_id": None, "order_id": "o1", "value": 2450.125},
    ],
    "markets": [
        {"market": name, "title": "Åldermoor", "time_zone": "UTC", "currency": "EUR", **_PLACE, "catalogue_version": 7}
        for name in ("aldermoor", "bramble")
    ],
    "model_versions": [
        {"market": "aldermoor", "version": "v1", "model": "m", "path": "p", "metrics": "{}", "created_at": 1}
    ],
    "policies": [
        {
            "market": "aldermoor",
            "name": "p",
            "version": number,
            "document": "{}",
            "active": number == 2,
            "created_at": 1,
        }
        for number in (1, 2)
    ],
    "restaurants": [
        {**_RESTAURANT, "restaurant_id": "r1", "name": "Łódź", "search_text": "lodz", "district": "a", "chain": None}
        | {"price_level": None, "opened_at": None, "hours": None},
        {**_RESTAURANT, "restaurant_id": "r2", "name": "B", "search_text": "b", "district": "b", "chain": "c"}
        | {"price_level": 3, "opened_at": -5, "hours": "[1]"},
    ],
    "served_lists": [
        {"request_id": "q1", "market": "aldermoor", "user_id": "d1", "at": 5, "policy": "balanced"}
        | {"policy_version": 1, "model_version": "v1", "document": b"\x00\xff{}"}
    ],
}
"""A row or two of every table that there was at revision 0001."""


def test_migrations_make_exactly_the_tables_of_the_metadata(engine: Engine) -> None:
    with reading(engine) as connection:
        assert compare_metadata(comparing(connection), metadata) == []
        tables = {name for name in inspect(connection).get_table_names() if not is_made_here(name)}
    assert tables == {*metadata.tables, "alembic_version"}


def comparing(connection: Connection) -> MigrationContext:
    def belongs(item: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or not is_made_here(str(name))

    opts = {"compare_type": True, "compare_server_default": True, "include_object": belongs}
    return MigrationContext.configure(connection, opts=opts)


def test_keys_sort_by_bytes_on_both_servers(engine: Engine) -> None:
    values = {"title": "", "time_zone": "UTC", "currency": "EUR", "lat": 0.0, "lon": 0.0, "catalogue_version": 0}
    names = ["b", "B", "a-", "a", "é", "\U0001f600", "z"]
    with writing(engine) as connection:
        connection.execute(markets.insert(), [{"market": name, **values} for name in names])
    with reading(engine) as connection:
        assert list(connection.execute(select(markets.c.market).order_by(markets.c.market)).scalars()) == sorted(names)


def test_a_reader_sees_one_state_however_often_it_asks(engine: Engine) -> None:
    count = text("SELECT count(*) FROM policies")
    with reading(engine) as connection:
        assert connection.execute(count).scalar() == 0
        with writing(engine) as other:
            other.execute(text("INSERT INTO policies VALUES ('m', 'p', 1, '{}', 0)"))
        assert connection.execute(count).scalar() == 0
    with reading(engine) as connection:
        assert connection.execute(count).scalar() == 1


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    engine = open_database(empty_url)
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO policies VALUES ('m', 'p', 1, '{}', 0)"))
    migrate(engine)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM policies")).scalar() == 1
    engine.dispose()


def test_a_database_of_the_first_revision_is_brought_on_with_nothing_lost(empty_url: str) -> None:
    engine = open_database(empty_url)
    first = MetaData()
    with writing(engine) as connection:
        upgrade_to("0001", connection)
        first.reflect(connection)
        first.remove(first.tables["alembic_version"])
        assert set(first.tables) == set(FIRST_ROWS)
        for table in first.sorted_tables:
            connection.execute(table.insert(), FIRST_ROWS[table.name])
    migrate(engine)
    now = MetaData()
    with reading(engine) as connection:
        now.reflect(connection)
        kept = {
            name: [dict(row) for row in connection.execute(now.tables[name].select()).mappings()] for name in FIRST_ROWS
        }
        assert compare_metadata(comparing(connection), metadata) == []
    for row in (dropped := copy.deepcopy(FIRST_ROWS))["policies"]:
        del row["active"]
    for row in dropped["events"]:
        row |= dict.fromkeys(("received_at", "position", "propensity"))
    for row in dropped["served_lists"]:
        row["inputs"] = None
    for row in dropped["markets"]:
        row |= dict.fromkeys(("retired_at", "moved_to"))
    assert kept == dropped
    anchors = ServedAnchors(engine, AuditTrail(engine, Clock()))
    assert (anchors.anchor(), list(anchors.findings())) == (1, [])  # what was there has its seal
    with pytest.raises(IntegrityError), writing(engine) as connection:  # keys and references came along
        connection.execute(text("INSERT INTO champions VALUES ('bramble', 'nowhere', 0)"))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(now.tables["policies"].insert(), dropped["policies"][:1])
    engine.dispose()


def upgrade_to(revision: str, connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / "database" / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_processes_that_start_together_all_find_the_tables(empty_url: str) -> None:
    program = (
        "import sys; from services.database.engine import migrate, open_database;"
        "engine = open_database(sys.argv[1]); print('ready', flush=True); sys.stdin.readline();"
        "migrate(engine); engine.dispose()"
    )
    command = [sys.executable, "-c", program, empty_url]
    with contextlib.ExitStack() as stack:
        starting = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True)
            )
            for _ in range(5)
        ]
        assert [process.stdout.readline() for process in starting] == ["ready\n"] * 5
        for process in starting:
            process.stdin.close()
        assert [process.wait(60) for process in starting] == [0] * 5
    engine = open_database(empty_url)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == HEADS
    engine.dispose()


def test_a_migration_that_is_broken_off_leaves_nothing(empty_url: str) -> None:
    engine = open_database(empty_url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE restaurants (x INTEGER)"))  # in the way of the migration's last table
    with pytest.raises((StorageUnavailable, ProgrammingError)):
        migrate(engine)
    with reading(engine) as connection:
        assert inspect(connection).get_table_names() == ["restaurants"]
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageMisconfigured, match="9999"):
        migrate(engine)


def test_sqlite_commits_to_the_disk_and_not_to_its_cache(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}", lock_timeout_ms=1_234)
    migrate(engine)
    for transaction in (reading, writing):
        with transaction(engine) as connection:
            names = ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
            pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
        assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 1_234}
    engine.dispose()


def test_postgresql_commits_to_the_disk_even_where_the_server_is_set_otherwise(
    postgres_server: PostgresServer, migrated_template: str
) -> None:
    name = postgres_server.create_database(migrated_template)
    engine = open_database(postgres_server.url(name))
    with writing(engine) as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    engine.dispose()
    with reading(engine) as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    engine.dispose()
    postgres_server.drop_database(name)


def test_a_connection_that_is_out_when_all_are_closed_is_closed_when_it_comes_back(engine: Engine) -> None:
    """A server's threads may be in the middle of a transaction at its end."""
    with reading(engine) as connection:
        late = connection.connection.dbapi_connection
        engine.dispose()
        assert connection.execute(text("SELECT 1")).scalar() == 1
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        late.cursor().execute("SELECT 1")
    kept = set()
    for _ in range(2):
        with reading(engine) as connection:
            kept.add(id(connection.connection.dbapi_connection))
    assert len(kept) == 1, "those that are opened afterwards are kept as before"


def test_what_is_made_is_private(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "test.db"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO policies VALUES ('m', 'p', 1, '{}', 0)"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    engine.dispose()
    assert modes == {"test.db": 0o600, "test.db-wal": 0o600, "test.db-shm": 0o600}
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (file.parent, file.parent.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_work_is_refused_with_the_mend(url: str) -> None:
    with pytest.raises(StorageMisconfigured, match="sqlite"):
        open_database(url)


def test_a_password_in_the_url_is_not_in_any_message() -> None:
    engine = open_database("postgres://user:s3cret@127.0.0.1:1/x", lock_timeout_ms=1_000)
    with pytest.raises(StorageUnavailable) as caught:
        migrate(engine)
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r} {engine!r}"
    assert not is_answering(engine)


def test_stored_values_are_not_in_any_message(engine: Engine) -> None:
    with pytest.raises(Exception) as caught, writing(engine) as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "Rosa Luz"})
    assert "Rosa" not in f"{caught.value} {caught.value.__cause__}"


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"certainly no database " * 100)
    engine = open_database(f"sqlite:///{file}", lock_timeout_ms=100)
    with pytest.raises(StorageUnavailable, match="not a database"):
        migrate(engine)
    engine.dispose()


def test_a_file_in_the_place_of_the_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(StorageUnavailable, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'a' / 'x.db'}")


def test_a_replica_takes_no_writes_and_is_read(postgres_server: PostgresServer, migrated_template: str) -> None:
    """As after a failover. A connection that was read from before begins in another way, and is refused in another."""
    name = postgres_server.create_database(migrated_template)
    engine = open_database(postgres_server.url(name), lock_timeout_ms=1_000)
    postgres_server.switch_to_standby(standby=True)
    try:
        for _ in range(3):
            assert is_answering(engine)
            with pytest.raises(StorageUnavailable), writing(engine) as connection:
                connection.execute(text("DELETE FROM policies"))
    finally:
        postgres_server.switch_to_standby(standby=False)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM policies"))
    engine.dispose()
    postgres_server.drop_database(name)


def test_a_server_that_comes_back_is_used_again(postgres_server: PostgresServer, migrated_template: str) -> None:
    name = postgres_server.create_database(migrated_template)
    engine = open_database(postgres_server.url(name), lock_timeout_ms=1_000)
    assert is_answering(engine)
    postgres_server.stop()
    try:
        assert not is_answering(engine)
    finally:
        postgres_server.start()
    assert is_answering(engine)
    postgres_server.stop()
    postgres_server.start()
    assert is_answering(engine), "who asks first after it was away pays nothing for that"
    engine.dispose()


def test_what_cannot_be_stored_is_known_beforehand() -> None:
    assert is_storable("Café \U0001f600")
    assert not is_storable("a\0b")
    assert not is_storable("\ud800")


def test_opening_a_file_again_takes_no_lock_from_those_who_have_it_open(tmp_path: Path) -> None:
    """Else the next process to close it believes that it is the last, and clears the log away under the others."""
    file = tmp_path / "test.db"
    url = f"sqlite:///{file}"
    engine = open_database(url)
    migrate(engine)
    open_database(url).dispose()
    another = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM markets').fetchone()"
    subprocess.run([sys.executable, "-c", another, str(file)], check=True)
    assert file.with_name("test.db-wal").exists()
    engine.dispose()
