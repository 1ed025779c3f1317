"""The threat model names tests that exist, and settings' defaults as they are."""

import ast
import re
from pathlib import Path

from services.settings import Settings

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
THREATS = PAGE.partition("## Threats, defences, tests")[2].partition("\n## ")[0]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def functions(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def missing(text: str) -> set[tuple[str, str]]:
    return {(file, name) for file, name in NAMED.findall(text) if name not in functions(ROOT / file)}


def test_every_test_that_is_named_exists() -> None:
    assert missing(PAGE) == set()
    assert missing("`tests/docs/test_security.py::test_of_nothing`") != set()


def test_every_threat_has_a_defence_and_a_test() -> None:
    rows = [row.strip("| ").split(" | ") for row in THREATS.splitlines() if row.startswith("|")][2:]

    assert len(rows) > 30
    assert [row for row in rows if len(row) != 3 or not NAMED.search(row[2]) or NAMED.search(row[0] + row[1])] == []


def test_the_limits_are_the_settings_own() -> None:
    settings = Settings()
    for name in (
        "max_url_bytes",
        "max_query_fields",
        "max_headers",
        "max_header_bytes",
        "max_body_bytes",
        "max_json_levels",
    ):
        row = next(line for line in PAGE.splitlines() if f"`TABLESTAKES_{name.upper()}`" in line)
        assert f"{getattr(settings, name):,}" in row, name
    assert f"{settings.client_seconds:g} s each, looked at every {settings.client_seconds / 4:g} s" in PAGE
