"""What the log costs: the command's figures over a small home, by itself and against another program."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from services.api import measure_log
from services.settings import Settings
from tests.conftest import SmallCity


def test_two_programs_take_turns_each_with_a_home_of_its_own(
    small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    homes = tmp_path / "here", tmp_path / "there"
    for home in homes:
        shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    monkeypatch.setenv("TABLESTAKES_HOME", str(homes[0]))
    monkeypatch.setattr(measure_log, "configure_logs", lambda *_: None)
    program = Path(measure_log.__file__).parents[2]
    options = ["--rounds", "1", "--filled", "0", "--k", "5", "--against", str(program), str(homes[1])]
    monkeypatch.setattr(sys, "argv", ["measure", *options])

    assert Settings().home == homes[0]
    assert measure_log.main() == 0

    *lines, ratio = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["here", "against"]
    assert all(re.search(r"record +\d+\.\d us, store +\d+\.\d us", line) for line in lines)
    assert re.fullmatch(r"here over against: \d+\.\d\d", ratio)
