"""`lesson`, as people use it."""

from pathlib import Path

import pytest

from services.lessons.lesson import Outcome
from tests.commands import tablestakes


def test_the_list_has_each_lesson_with_its_question(tmp_path: Path) -> None:
    lines = tablestakes("lesson", "list", home=tmp_path).stdout.splitlines()
    assert len(lines) == 16
    assert lines[0] == "1  Accuracy against latency"
    assert lines[5].strip().startswith("Product says that a slow app loses orders")
    assert tablestakes("lesson", home=tmp_path).stdout.splitlines() == lines
    assert not (tmp_path / "tablestakes.db").exists(), "a lesson needs no home"


def test_a_short_run_is_told_drawn_and_written(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("8.json", "8.html", "figures")}
    options = ("--json", str(files["8.json"]), "--html", str(files["8.html"]), "--svg", str(files["figures"]))

    done = tablestakes("lesson", "8", "--short", "--seeds", "2", "--jobs", "1", *options, home=tmp_path)

    assert "holds: the model's own word understates it" in done.stdout
    assert "DOES NOT HOLD" not in done.stdout
    outcome = Outcome.model_validate_json(files["8.json"].read_text())
    assert outcome.provenance.seeds == (1, 2)
    drawn = sorted(path.name for path in files["figures"].iterdir())
    assert drawn == [f"8-offline-numbers-that-lie-{number}.svg" for number in range(1, len(outcome.figures) + 1)]
    page = files["8.html"].read_text()
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == len([one for one in outcome.figures if one.kind != "table"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("9",), "there is no lesson '9'"),
        (("first",), "there is no lesson 'first'"),
        (("3", "--seeds", "1"), "--seeds 1: an interval over cities takes 2 to 64"),
        (("3", "--short", "--record"), "--record keeps full runs"),
        (("3", "--json", "nowhere/3.json"), "--json nowhere/3.json: there is no such folder"),
    ],
)
def test_wrong_use_is_one_line_and_the_code_is_2(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = tablestakes("lesson", *options, home=tmp_path, check=False)
    assert done.returncode == 2
    assert words in done.stderr
