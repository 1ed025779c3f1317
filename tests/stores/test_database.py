"""Opening, migrating, and what happens when the database is not there."""

import contextlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from postgres import PostgresServer
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import ProgrammingError

from services.database.engine import is_answering, migrate, open_database
from services.database.errors import StorageMisconfigured, StorageUnavailable
from services.database.schema import markets, metadata
from services.database.transactions import reading, writing
from services.database.types import is_storable

ROOT = Path(__file__).parents[2]


def test_migrations_make_exactly_the_tables_of_the_metadata(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        tables = set(inspect(connection).get_table_names())
    assert tables == {*metadata.tables, "alembic_version"}


def test_keys_sort_by_bytes_on_both_servers(engine: Engine) -> None:
    values = {"title": "", "time_zone": "UTC", "currency": "EUR", "lat": 0.0, "lon": 0.0, "catalogue_version": 0}
    names = ["b", "B", "a-", "a", "é", "\U0001f600", "z"]
    with writing(engine) as connection:
        connection.execute(markets.insert(), [{"market": name, **values} for name in names])
    with reading(engine) as connection:
        assert list(connection.execute(select(markets.c.market).order_by(markets.c.market)).scalars()) == sorted(names)


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    engine = open_database(empty_url)
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO policies VALUES ('m', 'p', 1, '{}', 0)"))
    migrate(engine)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM policies")).scalar() == 1
    engine.dispose()


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
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0002"]
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
    engine.dispose()


def test_what_cannot_be_stored_is_known_beforehand() -> None:
    assert is_storable("Café \U0001f600")
    assert not is_storable("a\0b")
    assert not is_storable("\ud800")
