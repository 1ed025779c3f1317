"""What the log costs: the command's figures over a small home, by itself and against another program."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.api import measure_log
from tests.conftest import SmallCity


@pytest.fixture
def figures(
    small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[str]]:
    """The command's lines over a small home; more homes are copied beside it under the names that are given."""

    def lines(*options: str, homes: tuple[str, ...] = ()) -> list[str]:
        for home in ("here", *homes):
            shutil.copytree(small_city.home, tmp_path / home, ignore=shutil.ignore_patterns("redis"))
        monkeypatch.setenv("TABLESTAKES_HOME", str(tmp_path / "here"))
        monkeypatch.setattr(measure_log, "configure_logs", lambda *_: None)
        numbers = ["--rounds", "1", "--filled", "0", "--k", "5", "--diners", "9", "--lists", "20"]
        monkeypatch.setattr(sys, "argv", ["measure", *numbers, *options])
        assert measure_log.main() == 0
        return capsys.readouterr().out.splitlines()

    return lines


def is_told(line: str) -> bool:
    return re.search(r"record +\d+\.\d us, store +\d+\.\d us, .* us a list of \d+ bytes$", line) is not None


def test_a_record_a_store_and_their_bytes_are_told(figures: Callable[..., list[str]]) -> None:
    [line] = figures()
    assert line.startswith("here ")
    assert is_told(line)


@pytest.mark.long
def test_two_programs_take_turns_each_with_a_home_of_its_own(figures: Callable[..., list[str]], tmp_path: Path) -> None:
    program = Path(measure_log.__file__).parents[2]
    here, against, ratio = figures("--against", str(program), str(tmp_path / "there"), homes=("there",))
    assert (here.split()[0], against.split()[0]) == ("here", "against")
    assert is_told(here)
    assert is_told(against)
    assert re.fullmatch(r"here over against: \d+\.\d\d", ratio)
