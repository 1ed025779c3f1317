"""The demo is put back to where it began, and never under a server's feet."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.access.keys import ensure_keys
from services.database.engine import open_database
from services.database.schema import served_lists
from services.database.transactions import reading
from services.settings import Settings
from services.simulation.demo_state import DemoStateError, keep_start, reset
from services.simulation.walk_in import ApiClient
from tests.api.conftest import serving
from tests.commands import tablestakes, tablestakes_process
from tests.conftest import SmallCity

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path) -> Path:
    """As the demo leaves it after its set-up."""
    copy = tmp_path / "home"
    shutil.copytree(small_city.home, copy, ignore=shutil.ignore_patterns("redis"))
    return copy


def lists_of(settings: Settings) -> int:
    engine = open_database(settings.resolved_database_url)
    try:
        with reading(engine) as connection:
            return int(connection.execute(select(func.count()).select_from(served_lists)).scalar_one())
    finally:
        engine.dispose()


def test_what_a_lecture_did_is_gone_and_keys_stay(home: Path, small_city: SmallCity) -> None:
    settings = Settings(home=home)
    assert keep_start(settings)
    kept = home / "demo-start.db"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with serving(home) as (port, _):
        api = ApiClient("127.0.0.1", port, small_city.keys["app"])
        api.call("GET", "/v1/recommendations?user_id=d0-000001&k=3")
        api.close()
        with pytest.raises(DemoStateError, match="in use"):
            reset(settings)
    assert lists_of(settings) > 0

    before = time.monotonic()
    done = tablestakes_process("demo", "--reset", home=home)

    assert "where it began" in done.stdout
    assert time.monotonic() - before < 60.0
    assert lists_of(settings) == 0
    engine = open_database(settings.resolved_database_url)
    assert dict(ensure_keys(engine, settings.keys_file)) == small_city.keys
    engine.dispose()
    with serving(home) as (port, _):
        api = ApiClient("127.0.0.1", port, small_city.keys["app"])
        assert api.call("GET", "/v1/recommendations?user_id=d0-000001&k=3")
        api.close()


def test_what_has_been_used_is_no_beginning(home: Path, small_city: SmallCity) -> None:
    settings = Settings(home=home)
    with serving(home) as (port, _):
        api = ApiClient("127.0.0.1", port, small_city.keys["app"])
        api.call("GET", "/v1/recommendations?user_id=d0-000001&k=3")
        api.close()
    assert not keep_start(settings)
    done = tablestakes("demo", "--reset", home=home, check=False)
    assert done.returncode == 2
    assert "no beginning to go back to" in done.stderr


def test_a_reset_that_is_killed_leaves_one_state_or_the_other(home: Path) -> None:
    settings = Settings(home=home)
    assert keep_start(settings)
    environment = {**os.environ, "TABLESTAKES_HOME": str(home), "PYTHONPATH": str(ROOT)}
    for pause in (0.0, 0.2, 0.4):
        command = [sys.executable, "-m", "services.cli", "demo", "--reset"]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert lists_of(settings) == 0
    reset(settings)
    reset(settings)
    assert lists_of(settings) == 0


def test_a_database_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/x")
    assert not keep_start(settings)
    with pytest.raises(DemoStateError, match="TABLESTAKES_DATABASE_URL"):
        reset(settings)
