"""The measuring commands run, and print what they are asked for."""

import json
import sys
from pathlib import Path

import pytest

from services.ranking import measure_fairness
from services.simulation import fair_exposure


def test_the_cost_is_printed_with_its_ratio(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["measure", "--restaurants", "60", "--rounds", "5"])
    measure_fairness.main()
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 11
    assert "of the ranking" in table[-1]


def test_the_price_is_measured_in_cities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Small ones: only the direction is looked at."""
    file = tmp_path / "found.json"
    size = ["--restaurants", "80", "--diners", "300", "--days", "5"]
    fair_exposure.main(["--seeds", "2", "--jobs", "2", "--json", str(file), *size])
    assert capsys.readouterr().out.count("\n| ") == 5 - 1
    found = json.loads(file.read_text())["policies"]
    assert list(found) == ["without", "fairco", "fairco-quota", "p-mmf"]
    ratios = {name: one["exposure_ratio"]["value"] for name, one in found.items()}
    assert ratios["without"] < ratios["fairco"] < ratios["fairco-quota"]
    assert found["without"]["ndcg_lost"]["value"] == 0.0
    assert found["fairco-quota"]["ndcg_lost"]["value"] < 0.05
