"""The page of promises names tests and bad days that exist, and no promise without either."""

import ast
import re
from pathlib import Path

from loadtests.chaos.days import DAYS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reliability.md").read_text()
PROMISES = PAGE.partition("## The promises, a line each")[2].partition("\n## ")[0]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMES = {day.name for day in DAYS}


def functions(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_test_that_is_named_exists() -> None:
    assert len(NAMED.findall(PAGE)) > 15
    assert {(file, name) for file, name in NAMED.findall(PAGE) if name not in functions(ROOT / file)} == set()


def test_every_bad_day_is_told_of() -> None:
    told = PAGE.partition("## The bad days")[2].partition("\n## ")[0]
    assert {name for name in re.findall(r"`([a-z-]+)`", told) if name in NAMES or "-" in name} == NAMES


def test_every_promise_says_how_it_is_tested_and_what_was_reached() -> None:
    rows = [row.strip("| ").split(" | ") for row in PROMISES.splitlines() if row.startswith("|")][2:]

    assert len(rows) >= 17
    for promise, tested, *reached in rows:
        named = NAMED.search(tested) or "](" in tested or any(f"`{name}`" in tested for name in NAMES)
        assert named, promise
        assert len(reached) == 1, promise
        assert reached[0], promise
        assert not re.search(r"[A-Z]+_FIGURES", reached[0]), promise
