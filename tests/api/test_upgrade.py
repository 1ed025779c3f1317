"""A newer program beside this one on the same database: both serve, both write, and nothing is lost."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

from loadtests.postgres import NOT_INSTALLED, find_binaries, running_postgres
from services.database import engine as databases
from services.database.engine import open_database
from services.database.schema import events
from services.database.transactions import reading
from services.settings import Settings
from services.simulation.walk_in import ApiClient
from tests.api.conftest import running, serving
from tests.backup.sending import Sender, click
from tests.commands import tablestakes, tablestakes_process
from tests.conftest import SmallCity, open_keys

NEWER = '''
"""What a newer program adds: a column, a table, an index."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("weather", sa.Text(), nullable=True))
    op.add_column("served_lists", sa.Column("mood", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table("moods", sa.Column("mood", sa.BigInteger(), nullable=False), sa.PrimaryKeyConstraint("mood"))
    op.create_index("ix_events_weather", "events", ["weather"])
'''


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of this program and one more."""
    here = Path(databases.__file__).with_name("migrations")
    folder = tmp_path / "migrations"
    shutil.copytree(here, folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = Config()
    config.set_main_option("script_location", str(here))
    config.set_main_option("path_separator", "os")
    head = ScriptDirectory.from_config(config).get_current_head()
    (folder / "versions" / "9999_newer.py").write_text(NEWER.format(head=head).lstrip())
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def home(
    request: pytest.FixtureRequest, small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A home whose database is SQLite, or a server that all processes of the test are told of."""
    if request.param == "sqlite":
        yield request.getfixturevalue("fresh_home")
        return
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(NOT_INSTALLED)
    home = tmp_path / "home"
    with running_postgres(binaries) as server:
        monkeypatch.setenv("TABLESTAKES_DATABASE_URL", server.url(server.create_database()))
        shutil.copytree(small_city.home / "artifacts", home / "artifacts")  # what is trained again is there already
        tablestakes("train", str(small_city.dataset), home=home)
        with open_keys(home):
            yield home


def test_old_and_new_serve_and_write_side_by_side(home: Path, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = json.loads((home / "keys.json").read_text())["app"]
    bearer, asked = {"Authorization": f"Bearer {key}"}, "/v1/recommendations?user_id=d0-000001&k=5"
    with serving(home) as (port, _):
        old = ApiClient("127.0.0.1", port, key)
        restaurant = old.call("GET", asked)["items"][0]["restaurant_id"]
        with Sender(port, key, restaurant) as sender:
            sender.until(10)
            here = databases._MIGRATIONS
            monkeypatch.setattr(databases, "_MIGRATIONS", newer)
            with running(home) as new:  # migrates while the old one writes
                assert "moods" in tables(home)
                sender.until(len(sender.acknowledged) + 10)
                mine = [{**click(number, restaurant), "event_id": f"new-{number}"} for number in range(10)]
                taken = new.post("/v1/events", json=mine, headers=bearer)
                assert (taken.status_code, taken.json()["accepted"]) == (202, 10)
                assert new.get(asked, headers=bearer).status_code == 200
                assert old.call("GET", asked)["items"]
            sender.until(len(sender.acknowledged) + 10)  # the new one has gone, the old one goes on
        assert sender.failure is None
        assert old.call("GET", asked)["items"]
        old.close()
    monkeypatch.setattr(databases, "_MIGRATIONS", here)

    assert set(sender.acknowledged) | {event["event_id"] for event in mine} <= stored(home)
    refused = tablestakes_process("worker", "--once", home=home, check=False)
    assert refused.returncode == 2, "an old program does not start on the schema of a newer one"
    assert "9999" in refused.stderr


def tables(home: Path) -> set[str]:
    engine = open_database(Settings(home=home).resolved_database_url)
    with reading(engine) as connection:
        found = set(inspect(connection).get_table_names())
    engine.dispose()
    return found


def stored(home: Path) -> set[str]:
    engine = open_database(Settings(home=home).resolved_database_url)
    with reading(engine) as connection:
        found = set(connection.execute(select(events.c.event_id)).scalars())
    engine.dispose()
    return found
