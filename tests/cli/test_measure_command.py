"""`tablestakes measure`: what takes a minute is measured once, kept in the home, and not measured again."""

import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.dataset import Dataset
from services.cli.main import app
from services.measurements import MeasurementName, keep, kept
from services.serving import measure_ladder
from tests.commands import tablestakes
from tests.conftest import SmallCity


def test_the_audit_is_kept_and_of_the_same_data_not_measured_again(small_city: SmallCity, tmp_path: Path) -> None:
    home, command = tmp_path / "home", ("measure", str(small_city.dataset), "--what", "fairness-audit")
    assert tablestakes(*command, home=home).stdout == f"{small_city.market}: fairness-audit is measured\n"
    found = kept(home / "measurements", small_city.market, MeasurementName.FAIRNESS_AUDIT)

    assert found is not None
    assert found.document["flip_test"]
    assert all(one["identical"] for one in found.document["flip_test"])
    assert "is kept already" in tablestakes(*command, home=home).stdout
    assert kept(home / "measurements", small_city.market, MeasurementName.FAIRNESS_AUDIT) == found
    tablestakes(*command, "--anew", home=home)
    anew = kept(home / "measurements", small_city.market, MeasurementName.FAIRNESS_AUDIT)
    assert anew is not None
    assert anew.measured_at > found.measured_at
    assert anew.document == found.document


def test_the_ladder_is_kept_with_the_data_it_was_measured_on(
    small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLESTAKES_HOME", str(tmp_path))
    monkeypatch.setattr(measure_ladder, "RUNGS", ("random", "popular"))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        told = CliRunner().invoke(app, ["measure", str(small_city.dataset), "--what", "ladder", "--seed", "3"])
    finally:
        signal.signal(signal.SIGTERM, handler)

    assert told.exit_code == 0, told.output
    found = kept(tmp_path / "measurements", small_city.market, MeasurementName.LADDER)
    assert found is not None
    assert (found.seed, found.snapshot) == (3, Dataset.open(small_city.dataset).snapshot)
    assert [rung["model"] for rung in found.document["rungs"]] == ["random", "popular"]


def test_a_file_that_is_none_of_ours_is_as_good_as_none(tmp_path: Path) -> None:
    keep(tmp_path, "aldermoor", MeasurementName.LADDER, "a" * 64, 0, {"rungs": []})
    found = kept(tmp_path, "aldermoor", MeasurementName.LADDER)
    assert found is not None
    assert found.document == {"rungs": []}
    assert kept(tmp_path, "elsewhere", MeasurementName.LADDER) is None

    (tmp_path / "aldermoor" / "ladder.json").write_text('{"rungs": ')
    assert kept(tmp_path, "aldermoor", MeasurementName.LADDER) is None
