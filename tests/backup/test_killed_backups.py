"""Killed before any line: a backup is whole or is not there, and a home is whole or has no database and is refused."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.backup import Backup, BackupRefused, back_up, restore
from services.settings import Settings
from tests.conftest import SmallCity

DYING = Path(__file__).with_name("dying.py")


def run(action: str, home: Path, folder: Path, fatal: int) -> int | None:
    """How many lines it took; None: killed, as it should be."""
    command = [sys.executable, str(DYING), action, str(home), str(folder), str(fatal)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=DYING.parents[2])
    if fatal:
        assert done.returncode == -signal.SIGKILL, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def spread(lines: int, count: int) -> list[int]:
    """Lines from the first to the last, and the last three, where things come into their place."""
    return sorted({1 + (lines - 1) * n // count for n in range(count)} | {lines - 2, lines - 1, lines})


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(small_city.home, copy, ignore=shutil.ignore_patterns("redis", "ready"))
    return copy


def kill_backups(home: Path, tmp_path: Path, count: int) -> None:
    lines = run("backup", home, tmp_path / "lived", 0)
    assert lines is not None
    points, whole = spread(lines, count), 0
    for fatal in points:
        target = tmp_path / f"kept-{fatal}"
        run("backup", home, target, fatal)
        if target.exists():
            restore(Settings(home=tmp_path / f"from-{fatal}"), target)
            whole += 1
        back_up(Settings(home=home), tmp_path / f"again-{fatal}")
    assert 0 < whole < len(points), "it was killed always before its end, or never"


def kill_restores(home: Path, tmp_path: Path, count: int) -> None:
    kept = tmp_path / "kept"
    made = back_up(Settings(home=home), kept)
    lines = run("restore", tmp_path / "lived", kept, 0)
    assert lines is not None
    points, whole = spread(lines, count), 0
    for fatal in points:
        target = tmp_path / f"home-{fatal}"
        run("restore", target, kept, fatal)
        whole += is_whole(target, made, tmp_path / f"copy-{fatal}")
        if target.exists() and any(target.iterdir()):
            with pytest.raises(BackupRefused, match="is not empty"):
                restore(Settings(home=target), kept)
            shutil.rmtree(target)
        assert restore(Settings(home=target), kept) == made
    assert 0 < whole < len(points), "it was killed always before its end, or never"


def is_whole(home: Path, made: Backup, copy: Path) -> bool:
    """Whether there is a database in its place; then everything else is there too."""
    if not (home / "tablestakes.db").exists():
        return False
    again = back_up(Settings(home=home), copy)
    assert (again.versions, again.missing) == (made.versions, ())
    assert (home / "keys.json").exists()
    return True


def test_a_killed_backup_is_not_there_or_whole(home: Path, tmp_path: Path) -> None:
    kill_backups(home, tmp_path, 2)


def test_a_killed_restore_leaves_a_whole_home_or_none(home: Path, tmp_path: Path) -> None:
    kill_restores(home, tmp_path, 2)


@pytest.mark.long
def test_a_backup_that_is_killed_anywhere_is_not_there_or_whole(home: Path, tmp_path: Path) -> None:
    kill_backups(home, tmp_path, 60)


@pytest.mark.long
def test_a_restore_that_is_killed_anywhere_leaves_a_whole_home_or_none(home: Path, tmp_path: Path) -> None:
    kill_restores(home, tmp_path, 60)
