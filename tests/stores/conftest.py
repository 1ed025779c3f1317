"""Every test of the stores runs on SQLite and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from happenings import NOON
from spare_databases import SpareDatabases
from sqlalchemy import Engine

from loadtests.postgres import NOT_INSTALLED, PostgresServer, find_binaries, running_postgres
from services.database.engine import migrate, open_database
from services.database.event_partitions import day_of, make_days


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(NOT_INSTALLED)
    with running_postgres(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """A database with all tables, of which each test gets a copy."""
    name = postgres_server.create_database()
    engine = open_database(postgres_server.url(name))
    migrate(engine)
    # What the tests store is then in days of its own, in the rest, and across both.
    make_days(engine, [day_of(NOON) + timedelta(days=days) for days in (-2, -1, 0, 1)])
    engine.dispose()
    return name


@pytest.fixture(scope="session")
def spare_databases(postgres_server: PostgresServer, migrated_template: str) -> SpareDatabases:
    """For tests that leave the tables as they are."""
    return SpareDatabases(postgres_server, migrated_template)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of SQLite: a file with all tables, closed."""
    file = tmp_path_factory.mktemp("migrated") / "test.db"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'test.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with all tables, empty."""
    if request.param == "sqlite":
        file = tmp_path / "home" / "test.db"
        file.parent.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    spare: SpareDatabases = request.getfixturevalue("spare_databases")
    name = spare.take()
    yield spare.server.url(name)
    spare.give_back(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url, lock_timeout_ms=1_000)
    yield engine
    engine.dispose()
