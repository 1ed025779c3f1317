"""`tablestakes audit model`: figures of a dataset or a version; exit code 1 where something is reported."""

import json
import shutil
from pathlib import Path

import pytest

from data.city.shortcuts import BADGE, Kind, plant, write_afterwards
from data.dataset import Dataset
from models.explanation.page import html, lines
from tests.commands import tablestakes
from tests.conftest import SmallCity


@pytest.fixture(scope="module")
def badged(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset with a badge, and the tables of afterwards."""
    folder = tmp_path_factory.mktemp("badged")
    plant(Dataset.open(small_city.dataset), folder / "log", Kind.TAG)
    write_afterwards(Dataset.open(folder / "log"), folder / "later", 0)
    return folder / "log", folder / "later"


def test_a_sound_model_of_a_dataset(small_city: SmallCity, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.json", "a.html", "a.svg")]
    told = tablestakes(
        *("audit", "model", str(small_city.dataset), "--json", str(files[0])),
        *("--html", str(files[1]), "--map", str(files[2])),
        home=tmp_path / "home",
    )
    assert "over-indexing: 0 reported" in told.stdout
    found = json.loads(files[0].read_text())
    assert {one["side"] for one in found["importance"]["features"]} == {"diner", "restaurant"}
    assert found["snapshot"] == Dataset.open(small_city.dataset).snapshot
    assert found["importance"]["map"]["points"]
    page = files[1].read_text()
    assert "<svg" in page
    assert "http" not in page
    assert files[2].read_text().startswith("<?xml")


def test_a_feature_that_is_not_there_in_service_is_exit_code_1(badged: tuple[Path, Path], tmp_path: Path) -> None:
    log, later = badged
    told = tablestakes("audit", "model", str(log), "--later", str(later), home=tmp_path / "home", check=False)
    assert told.returncode == 1
    assert any("REPORTED" in line and BADGE in line for line in told.stdout.splitlines())


def test_a_version_is_read_from_the_home_and_beside_its_catalogue(small_city: SmallCity, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_city.home, home)
    (version,) = [place.name for place in (home / "artifacts" / small_city.market).iterdir()]
    told = tablestakes("audit", "model", version, "--json", str(tmp_path / "a.json"), home=home)
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["version"] == version
    kinds = {one["kind"] for one in found["over_indexing"]["findings"]}
    assert "not there in service" in kinds
    assert "popularity" in kinds
    assert "mean |contribution|" in told.stdout


def test_what_is_neither_is_said(tmp_path: Path) -> None:
    told = tablestakes("audit", "model", "no-such-version", home=tmp_path / "home", check=False)
    assert told.returncode == 2
    assert "neither a dataset nor a version" in told.stderr


def test_what_was_not_measured_is_said_and_what_others_keep_is_shown() -> None:
    document = {"importance": None, "over_indexing": None, "fidelity": {"deletion": 0.1}}
    told = "\n".join(lines(document))
    assert "importance: not measured" in told
    assert "over-indexing: not measured" in told
    assert "fidelity: kept" in told
    assert "deletion" in html(document, "title")


def test_a_page_escapes_what_came_from_data() -> None:
    finding = {"reported": True, "kind": "popularity", "feature": "<script>", "sentence": "<b>bold</b>"}
    page = html({"over_indexing": {"reported": 1, "findings": [finding], "not_asked": {}}}, "<title>")
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
