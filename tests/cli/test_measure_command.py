"""`tablestakes measure`: what takes a minute is measured once, kept in the home, and not measured again."""

import json
from pathlib import Path

import pytest

from services.measurements import Measured, keep, kept
from services.serving.measure_ladder import RUNGS
from tests.conftest import SmallCity, tablestakes


@pytest.fixture(scope="module")
def home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which all is measured."""
    home = tmp_path_factory.mktemp("measured") / "home"
    told = tablestakes("measure", str(small_city.dataset), home=home).stdout
    assert told.splitlines() == [f"{small_city.market}: {what} is measured" for what in Measured]
    return home


def test_the_ladder_has_every_rung_and_the_audit_its_flips(small_city: SmallCity, home: Path) -> None:
    ladder = kept(home / "measurements", small_city.market, Measured.LADDER)
    audit = kept(home / "measurements", small_city.market, Measured.FAIRNESS_AUDIT)

    assert ladder is not None
    assert audit is not None
    assert [rung["model"] for rung in ladder.document["rungs"]] == list(RUNGS)
    assert audit.document["flip_test"]
    assert all(one["identical"] for one in audit.document["flip_test"])
    assert ladder.snapshot == audit.snapshot != ""


def test_what_is_kept_of_the_same_data_is_not_measured_again(small_city: SmallCity, home: Path) -> None:
    file = home / "measurements" / small_city.market / "fairness-audit.json"
    before = file.read_bytes()
    again = ("measure", str(small_city.dataset), "--what", "fairness-audit")

    assert "is kept already" in tablestakes(*again, home=home).stdout
    assert file.read_bytes() == before
    tablestakes(*again, "--anew", home=home)
    assert json.loads(file.read_bytes())["measured_at"] != json.loads(before)["measured_at"]


def test_a_file_that_is_none_of_ours_is_as_good_as_none(tmp_path: Path) -> None:
    keep(tmp_path, "aldermoor", Measured.LADDER, "a" * 64, 0, {"rungs": []})
    found = kept(tmp_path, "aldermoor", Measured.LADDER)
    assert found is not None
    assert found.document == {"rungs": []}
    assert kept(tmp_path, "elsewhere", Measured.LADDER) is None

    (tmp_path / "aldermoor" / "ladder.json").write_text('{"rungs": ')
    assert kept(tmp_path, "aldermoor", Measured.LADDER) is None
