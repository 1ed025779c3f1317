"""Migrations only add, so that the program before goes on beside the new one while it is being replaced."""

import ast
from pathlib import Path

import pytest

from services.database import engine

VERSIONS = Path(engine.__file__).parent / "migrations" / "versions"
BEFORE_THERE_WERE_USERS = {"0001", "0002"}
TRIED = {"0009"}
"""Replaces a table by one that the program before cannot tell from it: test_event_partitions tries its statements."""
ADDS = {"create_table", "create_index", "add_column", "bulk_insert", "get_bind"}
FOR_SPEED = "ix_"
"""How names of indexes begin that promise nothing: a program does without one that it knows of."""
FILES = [file for file in sorted(VERSIONS.glob("0*.py")) if file.name[:4] not in BEFORE_THERE_WERE_USERS | TRIED]


def faults(source: str) -> list[str]:
    """What would stand in the way of a program that knows nothing of this migration."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id != "op":
            continue
        name = node.func.attr
        if name == "execute":
            if not _is_an_insert(node):
                found.append("execute does more than insert")
        elif name == "drop_index":
            if not _name(node).startswith(FOR_SPEED):
                found.append("an index that promises something is dropped")
        elif name not in ADDS:
            found.append(f"{name} does not add")
        elif name == "add_column" and not _may_be_left_out(node.args[1]):
            found.append("a column that rows of the program before do not have")
    return found


def _is_an_insert(call: ast.Call) -> bool:
    words = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(word.lstrip().upper().startswith("INSERT") for word in words)


def _name(call: ast.Call) -> str:
    first = call.args[0]
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _may_be_left_out(column: ast.expr) -> bool:
    assert isinstance(column, ast.Call)
    given = {word.arg: word.value for word in column.keywords}
    return "server_default" in given or ast.unparse(given.get("nullable", ast.Constant(True))) == "True"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_migration_only_adds(file: Path) -> None:
    assert faults(file.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        'op.drop_column("events", "position")',
        'op.drop_table("events")',
        'op.rename_table("events", "happenings")',
        'op.alter_column("events", "position", nullable=False)',
        'op.add_column("events", sa.Column("x", sa.Text(), nullable=False))',
        'op.drop_index("one_champion", "releases")',
        'op.execute("DELETE FROM events")',
    ],
)
def test_what_takes_something_away_is_caught(line: str) -> None:
    assert len(faults(line)) == 1
