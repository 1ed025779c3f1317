"""`tablestakes audit fairness` on a synthetic city and on real diners."""

import json
from pathlib import Path

from tests.commands import tablestakes
from tests.conftest import SmallCity


def test_the_audit_of_a_city_writes_figures_and_a_page(small_city: SmallCity, tmp_path: Path) -> None:
    figures, page = tmp_path / "fairness.json", tmp_path / "fairness.html"
    [version] = [folder.name for folder in (small_city.home / "artifacts").glob("*/*") if folder.is_dir()]

    done = tablestakes(
        *("audit", "fairness", str(small_city.dataset), "--home", version),
        *("--json", str(figures), "--html", str(page)),
        home=small_city.home,
    )

    found = json.loads(figures.read_text())
    assert found["ok"]
    assert found["about"]["model"] == "lightfm"
    assert "stay the same to the bit: age_group, gender, origin" in done.stdout
    assert page.read_text().startswith("<!doctype html>")


def test_a_version_that_is_not_there_is_wrong_use(small_city: SmallCity) -> None:
    done = tablestakes(
        "audit", "fairness", str(small_city.dataset), "--home", "nothing", home=small_city.home, check=False
    )

    assert done.returncode == 2
    assert "--home nothing: market" in done.stderr


def test_a_page_that_cannot_be_written_is_said_first(small_city: SmallCity) -> None:
    done = tablestakes(
        "audit", "fairness", str(small_city.dataset), "--html", "/nowhere/x.html", home=small_city.home, check=False
    )

    assert done.returncode == 2
    assert "--html /nowhere/x.html: cannot be written" in done.stderr
    assert done.stdout == ""


def test_real_diners_are_compared_across_towns(uci_folder: Path, tmp_path: Path) -> None:
    figures = tmp_path / "uci.json"
    tablestakes("import", "uci", str(uci_folder), "--out", str(tmp_path / "uci"), home=tmp_path / "home")

    tablestakes(
        *("audit", "fairness", str(tmp_path / "uci"), "--fewest", "5", "--json", str(figures)), home=tmp_path / "home"
    )

    found = json.loads(figures.read_text())
    assert (found["about"]["diners"], found["about"]["restaurants"]) == (138, 130)
    by = {one["attribute"]: one for one in found["comparisons"] if one["measure"] == "ndcg@10"}
    assert {group["group"] for group in by["activity"]["groups"]} == {"professional", "student"}
    assert {group["group"] for group in by["smoker"]["groups"]} == {"false", "true"}
    assert all(0.0 <= group["low"] < group["high"] for group in by["smoker"]["groups"])
