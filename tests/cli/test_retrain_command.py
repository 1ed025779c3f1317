"""`retrain` and `events import`, as people use them."""

import shutil
from pathlib import Path

import pytest

from services.clock import Clock
from services.database.engine import open_database
from services.retraining.lease import Leases
from services.retraining.runs import LEASE
from services.settings import Settings, duration
from tests.commands import tablestakes
from tests.conftest import SmallCity


@pytest.fixture(scope="module")
def learning_home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city's home with the small city's log."""
    copy = tmp_path_factory.mktemp("retrain") / "home"
    shutil.copytree(small_city.home, copy, ignore=shutil.ignore_patterns("redis"))
    first = tablestakes("events", "import", str(small_city.dataset), home=copy).stdout
    again = tablestakes("events", "import", str(small_city.dataset), home=copy).stdout
    assert "events stored, 0 were there" in first
    assert ": 0 events stored, " in again
    return copy


def test_a_version_that_passes_is_told_and_the_code_is_0(learning_home: Path) -> None:
    done = tablestakes("retrain", "--model", "lightfm", home=learning_home)
    lines = done.stdout.splitlines()
    assert "compared with" in lines[0]
    assert "(challenger): ndcg@10 0." in lines[1]
    assert "against the champion" in lines[1]


def test_a_version_that_is_stopped_is_told_with_reasons_and_the_code_is_1(learning_home: Path) -> None:
    done = tablestakes("retrain", "--once", "--model", "random", home=learning_home, check=False)
    assert done.returncode == 1
    assert "(rejected)" in done.stdout
    assert "stopped: its ndcg@10 is worse than the champion's by" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "martian"), "there is no model 'martian'"),
        (("--market", "nowhere"), "the home has no market 'nowhere'"),
        (("--every", "often"), "--every: 'often' is no duration"),
        (("--once", "--every", "1h"), "--once or --every, not both"),
    ],
)
def test_wrong_use_is_one_line_and_the_code_is_2(learning_home: Path, options: tuple[str, ...], words: str) -> None:
    done = tablestakes("retrain", *options, home=learning_home, check=False)
    assert done.returncode == 2
    assert words in done.stderr


def test_while_another_process_retrains_it_says_so(learning_home: Path) -> None:
    engine = open_database(Settings(home=learning_home).resolved_database_url)
    leases = Leases(engine, Clock())
    lease = leases.acquire(LEASE, "another", 120.0)
    assert lease is not None
    done = tablestakes("retrain", "--model", "popular", home=learning_home, check=False)
    leases.release(lease)
    engine.dispose()
    assert done.returncode == 1
    assert "another process retrains now" in done.stdout


def test_durations_are_read_as_people_write_them() -> None:
    assert [duration(text).total_seconds() for text in ("30s", "15m", "2h", "1d")] == [30, 900, 7_200, 86_400]
    for text in ("", "1", "h", "0h", "1.5h", "-1h", "1 hour"):
        with pytest.raises(ValueError, match="is no duration"):
            duration(text)
    with pytest.raises(ValueError, match="no duration"):
        Settings(retrain_every="soon")
