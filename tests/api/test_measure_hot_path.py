"""Where the time goes: the command's table, over a small home."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from services.api import measure_hot_path, measure_reasons
from services.cards import measure as measure_cards
from tests.conftest import SmallCity


def test_every_step_is_told_and_written(
    small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    monkeypatch.setenv("TABLESTAKES_HOME", str(home))
    monkeypatch.setattr(measure_hot_path, "configure_logs", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["measure", "--requests", "3", "--k", "5", "--json", str(tmp_path / "steps.json")])

    assert measure_hot_path.main() == 0

    written = json.loads((tmp_path / "steps.json").read_text())
    assert list(written["microseconds"]) == list(measure_hot_path.STEPS)
    assert all(micros > 0.0 for micros in written["microseconds"].values())
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines() if " us  " in line]
    assert told == [*measure_hot_path.STEPS, "answer"]


@pytest.mark.parametrize("program", [measure_hot_path, measure_reasons, measure_cards])
def test_a_home_without_a_market_is_said(program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLESTAKES_HOME", str(tmp_path))
    monkeypatch.setattr(program, "configure_logs", lambda *_: None, raising=False)
    monkeypatch.setattr(sys, "argv", ["measure"])
    with pytest.raises(SystemExit, match="no market to measure: TABLESTAKES_HOME"):
        program.main()
