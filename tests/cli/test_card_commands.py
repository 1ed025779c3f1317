"""`tablestakes card` and `tablestakes ranking-policy`."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cards.reading_pages import PageReader
from tests.commands import tablestakes
from tests.conftest import SmallCity


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(small_city.home, copy, ignore=shutil.ignore_patterns("redis"))
    return copy


def test_a_card_is_printed_as_markdown_and_written_by_the_files_name(home: Path, tmp_path: Path) -> None:
    shown = tablestakes("card", home=home).stdout
    file = tmp_path / "card.html"
    told = tablestakes("card", "--out", str(file), home=home).stdout

    assert shown.startswith("# Model card: lightfm-")
    assert told == f"{file}: html\n"
    page = PageReader(file.read_text())
    assert page.faults == []
    assert all(written in shown for *_, written in page.figures)


def test_a_card_of_a_version_is_the_one_of_its_market(home: Path, small_city: SmallCity) -> None:
    champion = json.loads(tablestakes("card", "--format", "json", home=home).stdout)
    named = tablestakes("card", champion["version"], "--format", "json", home=home).stdout

    assert json.loads(named) == champion
    assert champion["market"] == small_city.market


def test_the_ranking_policy_is_printed(home: Path) -> None:
    shown = tablestakes("ranking-policy", home=home).stdout
    assert shown.startswith("# How restaurants are ranked in ")
    assert "personalised=false" in shown


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["card", "nothing-000000000000"], "no market has a version 'nothing-000000000000'"),
        (["card", "--market", "nowhere"], "there is no market 'nowhere'"),
        (["card", "x-1", "--market", "MARKET"], "the newest is lightfm-"),
        (["ranking-policy", "--market", "nowhere"], "there is no market 'nowhere'"),
        (["ranking-policy", "--out", "/nowhere/x.md"], "--out /nowhere/x.md"),
    ],
)
def test_what_there_is_not_is_one_line_with_the_mend(
    home: Path, small_city: SmallCity, arguments: list[str], word: str
) -> None:
    given = [small_city.market if one == "MARKET" else one for one in arguments]
    done = tablestakes(*given, home=home, check=False)

    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_home_without_markets_says_what_to_do(tmp_path: Path) -> None:
    for command in ("card", "ranking-policy"):
        done = tablestakes(command, home=tmp_path / "new", check=False)
        assert (done.returncode, "`tablestakes train DIR` makes them" in done.stderr) == (2, True)
