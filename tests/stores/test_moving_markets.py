"""A market moves between homes on both servers: all of it, once, whatever ends the command and when."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from full_market import MARKET, OTHER, filled_home, rows_of

from loadtests.postgres import PostgresServer
from models.artifacts import load
from services.ads.settlement import Settler
from services.audit.anchors import ServedAnchors
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.markets.homes import Home
from services.markets.moving import MarketMover
from services.markets.rows import BOUND
from services.settings import Settings

EAST = "https://east.example"
PAIRS = list(itertools.product(("sqlite", "postgresql"), repeat=2))
Makes = Callable[[str, str], Home]


class Broken(Exception):
    """What ends the command in the middle."""


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[Makes]:
    """`make("sqlite", "east")`: an empty home with a database of that kind."""
    with ExitStack() as stack:

        def made(kind: str, name: str) -> Home:
            folder = tmp_path / name
            folder.mkdir(mode=0o700)
            url = f"sqlite:///{folder / 'tablestakes.db'}"
            if kind == "sqlite":
                shutil.copy(migrated_file, folder / "tablestakes.db")
            else:
                server: PostgresServer = request.getfixturevalue("postgres_server")
                database = server.create_database(request.getfixturevalue("migrated_template"))
                stack.callback(server.drop_database, database)
                url = server.url(database)
            engine = open_database(url)
            stack.callback(engine.dispose)
            return Home(Settings(home=folder, database_url=url, settle_after_seconds=0), engine)

        yield made


def moved(source: Home, target: Home, tell: Callable[[str, int], None] = lambda *_: None) -> None:
    MarketMover(source, target, MARKET, "admin", Clock(), tell).move(EAST, "closer to its diners", 0.0)


def holds(home: Home) -> bool:
    trail = AuditTrail(home.engine, Clock())
    return trail.first_broken() is None and not list(ServedAnchors(home.engine, trail).findings())


def is_here(before: dict[str, Any], there: dict[str, Any], home: Home) -> None:
    """All that was in the first database is in the second, but for what is each home's own."""
    for name in (table.name for table in BOUND):
        expected = [dict(row) for row in before[name]]
        for row in expected:
            if name == "model_versions":
                row["path"] = str(home.settings.artifacts / MARKET / row["version"])
                load(Path(row["path"]))
        if name == "retraining_steps":
            expected = expected[:1]  # of the run that is over
        assert there[name] == expected, name


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_market_moves_whole_and_both_trails_hold(make: Makes, first: str, second: str) -> None:
    source, target = make(first, "west"), make(second, "east")
    filled_home(source.engine, source.settings.home)
    ServedAnchors(source.engine, AuditTrail(source.engine, Clock())).anchor()
    Settler(source.engine, Clock(), 0.0).settle()
    others = rows_of(source.engine, OTHER)

    moved(source, target)

    here, there = rows_of(source.engine, MARKET), rows_of(target.engine, MARKET)
    assert all(here[table.name] for table in BOUND if table.name != "billing_queue")
    is_here(here, there, target)
    assert here["billing_queue"] == []
    assert rows_of(source.engine, OTHER) == others
    assert all(rows == [] for rows in rows_of(target.engine, OTHER).values())
    [left], [arrived] = here["markets"], there["markets"]
    assert (left["moved_to"], arrived["moved_to"], arrived["retired_at"]) == (EAST, None, None)
    assert holds(source)
    assert holds(target)
