"""A move that ends before any line of it is gone on with, and comes to the same as one that nothing ended."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from dying_mover import PACKAGE
from full_market import MARKET, filled_home, rows_of

from services.audit.anchors import ServedAnchors
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.markets.homes import Home, opened
from services.markets.life import MarketError
from services.markets.moving import MarketMover
from services.settings import Settings

DYING = Path(__file__).with_name("dying_mover.py")
Rows = dict[str, list[dict[str, Any]]]


class Killed(BaseException):
    """Nobody catches it."""


class Fatal:
    """Ends what runs before a line, or counts the lines."""

    def __init__(self, line: int = 0) -> None:
        self.line = line
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        # Not in `alone`: a lock goes with its process, and this one goes on.
        if PACKAGE not in frame.f_code.co_filename or frame.f_code.co_name == "alone":
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.line:
                raise Killed
        return self


@pytest.fixture
def pair(tmp_path: Path, migrated_file: Path) -> Callable[[str], tuple[Path, Path]]:
    """`pair("a")`: a full home and an empty one, always the same."""
    first = tmp_path / "first"
    first.mkdir(mode=0o700)
    shutil.copy(migrated_file, first / "tablestakes.db")
    engine = open_database(Settings(home=first).resolved_database_url)
    filled_home(engine, first)
    engine.dispose()

    def made(name: str) -> tuple[Path, Path]:
        west, east = tmp_path / name / "west", tmp_path / name / "east"
        shutil.copytree(first, west)  # its versions lie in the first one, which nothing is taken from
        east.mkdir(mode=0o700)
        shutil.copy(migrated_file, east / "tablestakes.db")
        return west, east

    return made


def end(first: Path, second: Path) -> tuple[Rows, Rows]:
    """Do what is left to do; the rows of both."""
    with opened(_settings(first)) as source, opened(_settings(second)) as target:
        mover = MarketMover(source, target, MARKET, "admin", Clock(), lambda *_: None)
        for step, over in ((lambda: mover.move("https://east.example", "", 0.0), "has moved"), (_purge(mover), "away")):
            try:
                step()
            except MarketError as error:
                if over not in str(error):
                    raise
        for home in (source, target):
            trail = AuditTrail(home.engine, Clock())
            assert trail.first_broken() is None
            assert list(ServedAnchors(home.engine, trail).findings()) == []
        return _comparable(source), _comparable(target)


def _purge(mover: MarketMover) -> Callable[[], object]:
    return lambda: mover.purge("")


def _settings(home: Path) -> Settings:
    return Settings(home=home, settle_after_seconds=0)


def _comparable(home: Home) -> Rows:
    """Without what is another one each time: times and ids of the move, and where the home is."""
    rows = rows_of(home.engine, MARKET)
    for version in rows["model_versions"]:
        assert Path(version["path"]).is_relative_to(home.settings.home)
        del version["path"]
    for market in rows["markets"]:
        market["retired_at"] = market["retired_at"] is not None
    rows["market_moves"] = [{"state": move["state"]} for move in rows["market_moves"]]
    return rows


def spread(lines: int, count: int) -> list[int]:
    return sorted({1 + (lines - 1) * n // count for n in range(count)} | {lines - 1, lines})


def test_ended_before_any_line_it_comes_to_the_same(pair: Callable[[str], tuple[Path, Path]]) -> None:
    homes = pair("lived")
    counted = Fatal()
    traced(homes, counted)
    expected = end(*homes)
    for fatal in spread(counted.lines, 7):
        homes = pair(str(fatal))
        with pytest.raises(Killed):
            traced(homes, Fatal(fatal))
        assert end(*homes) == expected, f"line {fatal} of {counted.lines}"


def traced(homes: tuple[Path, Path], trace: Fatal) -> None:
    with opened(_settings(homes[0])) as source, opened(_settings(homes[1])) as target:
        mover = MarketMover(source, target, MARKET, "admin", Clock(), lambda *_: None)
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            mover.move("https://east.example", "", 0.0)
            mover.purge("")
        finally:
            sys.settrace(before)


@pytest.mark.long
def test_killed_before_any_line_it_comes_to_the_same(pair: Callable[[str], tuple[Path, Path]]) -> None:
    homes = pair("lived")
    lines = run(homes, 0)
    assert lines is not None
    expected = end(*homes)
    for fatal in spread(lines, 40):
        homes = pair(str(fatal))
        run(homes, fatal)
        assert end(*homes) == expected, f"line {fatal} of {lines}"


def run(homes: tuple[Path, Path], fatal: int) -> int | None:
    """How many lines it took; None: killed, as it should be."""
    command = [sys.executable, str(DYING), *map(str, homes), MARKET, str(fatal)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=DYING.parents[2])
    if fatal:
        assert done.returncode == -signal.SIGKILL, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
