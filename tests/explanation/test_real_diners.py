"""The five real diners of the page are those of the set, and what is said of them is so."""

import re
from pathlib import Path

import pytest

from models.base import ModelError
from services.serving.real_diners import DINERS, explained

PAGE = Path(__file__).parent.parent.parent / "docs" / "interpretability.md"


@pytest.fixture(scope="module")
def lines(uci_folder: Path) -> list[str]:
    return explained(uci_folder, DINERS)


def test_the_page_shows_what_the_command_prints(lines: list[str]) -> None:
    assert " ".join(" ".join(lines).split()) in " ".join(PAGE.read_text(encoding="utf-8").split())


def test_what_is_named_is_in_the_diners_own_ratings(lines: list[str]) -> None:
    rated: dict[str, int] = {}
    chosen, checked, shown, tags = 0, 0, "", ""
    for line in lines:
        if line.startswith("  rated: "):
            found = re.findall(r"(?:^|; )(.+?) \[[^]]*\] (\d)", line.removeprefix("  rated: "))
            rated = {name: int(stars) for name, stars in found}
        elif re.match(r"  \d\. ", line):
            shown = line
            assert re.sub(r"  \d\. (.*) \[.*", r"\1", line) not in rated
        elif named := re.search(r"Goes with (.+), which you chose before", line):
            assert rated[named[1]] >= 4
            chosen += 1
        elif cuisine := re.search(r"You like (.+) cuisine", line):
            assert cuisine[1] in shown
        elif line.startswith("       tags: "):
            tags = line
        elif place := re.search(r"(?:A|a) place with (\S+) “(.+)”", line):
            assert f"{place[1]}={place[2]}" in tags
            checked += 1
        elif district := re.search(r"[Ee]ating in (\S+)", line):
            assert f"district={district[1]}" in tags
    assert chosen
    assert checked


def test_nobody_is_told_to_like_what_could_stand_for_belief_or_health(lines: list[str]) -> None:
    yours = [line for line in lines if "You like" in line]
    assert yours
    assert not [line for line in yours if re.search("alcohol|smoking|vegetarian|organic", line)]


def test_a_diner_who_is_not_in_the_set_is_named(uci_folder: Path) -> None:
    with pytest.raises(ModelError, match="these diners rated nothing in the set: U9999"):
        explained(uci_folder, ["U9999"])
