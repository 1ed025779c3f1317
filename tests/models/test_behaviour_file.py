"""Checks from a file: each kind holds and fails where it must, and what is wrong in a file is told with its line."""

from pathlib import Path

import pytest

from models.behaviour import Outcome, Subject, examine
from models.behaviour_file import ChecksFileError, read_checks, read_python_checks
from models.ladder import make
from models.testing import sample_data
from tests.models.test_behaviour import CALIBRATION

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def subject() -> Subject:
    data = sample_data()
    return Subject(make("lightfm").fit(data), CALIBRATION, data)


def outcome(tmp_path: Path, subject: Subject, check: str) -> Outcome:
    file = tmp_path / "checks.yaml"
    file.write_text("checks:\n  - name: mine\n" + "".join(f"    {line}\n" for line in check.splitlines()))
    (found,) = examine(subject, read_checks(file))
    assert found.name == "mine"
    return found


NORTH = "kind: direction\nside: diner\nof: ['home_district=south']\nlook_at: ['district=north']\n"
TO_NORTH = "change: {remove: ['home_district=*'], add: ['home_district=north']}\n"


@pytest.mark.parametrize(
    ("check", "passes"),
    [
        (NORTH + TO_NORTH + "expect: higher", True),
        (NORTH + TO_NORTH + "expect: lower", False),
        (NORTH + TO_NORTH + "expect: higher\nby: 0.99", False),
        ("kind: invariance\nside: diner\nat_most: 0.001\n" + TO_NORTH, False),
        ("kind: invariance\nside: diner\nat_most: 1.0\n" + TO_NORTH, True),
        ("kind: invariance\nside: restaurant\nat_most: 0.0\nchange: {remove: ['district=*']}", False),
        ("kind: direction\nside: restaurant\nexpect: higher\nchange: {add: ['cuisine=thai']}", None),
        ("kind: minimum\ndiners: ['home_district=north']\nrestaurants: ['district=north']\nat_least: 0.5", True),
        ("kind: minimum\ndiners: ['home_district=north']\nrestaurants: ['district=north']\nat_most: 0.5", False),
    ],
)
def test_each_kind_tells_what_holds(tmp_path: Path, subject: Subject, check: str, passes: bool | None) -> None:
    found = outcome(tmp_path, subject, check)
    assert passes is None or found.passed is passes, found
    assert found.explanation


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("kind: minimum\nrestaurants: ['cuisine=martian']\nat_least: 0.1", "'cuisine=martian': correct it; there are"),
        ("kind: invariance\nside: diner\nchange: {remove: ['never=seen']}", "changes no diner"),
        ("kind: minimum\ndiners: ['budget=0', 'budget=1']\nat_least: 0.1", "no diner .* has budget=0 and budget=1"),
    ],
)
def test_a_check_that_asks_about_nobody_fails(tmp_path: Path, subject: Subject, check: str, words: str) -> None:
    found = outcome(tmp_path, subject, check)
    assert not found.passed
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found.explanation)


ONE = "checks:\n  - name: a\n    kind: minimum\n    at_least: 0.5\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("checks: []\n", "line 1: checks: "),
        ("", "line 1: the file"),
        ("checks:\n  - name: [\n", "line 3: no YAML"),
        (ONE + "    at_mots: 0.5\n", r"line 5: checks\[0\]\.at_mots: there is no such key"),
        (ONE + "  - name: b\n    kind: minimun\n", r"line 5: checks\[1\]: `kind` must be one of invariance, direction"),
        (ONE + "  - name: b\n    at_least: 1\n", r"line 5: checks\[1\]: say its `kind`"),
        (ONE + "    at_most: 0.5\n", r"line 2: checks\[0\]: give one of `at_least` and `at_most`"),
        (ONE.replace("0.5", "half"), r"line 4: checks\[0\]\.at_least: "),
        (ONE + "    diners: ['thai']\n", r"line 5: checks\[0\]\.diners\[0\]: 'thai' is no tag: write name=value"),
        (ONE + ONE.removeprefix("checks:\n"), "two checks are called 'a'"),
        ("checks:\n  - name: a\n    kind: invariance\n    side: diner\n", r"line 2: checks\[0\]\.change: this must be"),
        ("a: &x [1]\nb: *x\n", "no aliases"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(text)
    with pytest.raises(ChecksFileError, match=words) as told:
        read_checks(file)
    assert str(file) in str(told.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ChecksFileError, match="cannot be read"):
        read_checks(tmp_path / "none.yaml")


def test_the_example_of_the_documents_can_be_read() -> None:
    assert len(read_checks(ROOT / "docs" / "checks.yaml")) == 3


def test_functions_of_a_python_file_are_checks(tmp_path: Path, subject: Subject) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from models.behaviour import Outcome\n\n"
        "def mine(subject):\n    return Outcome('mine', len(subject.sample()) > 5, 1.0, 0.0, '')\n\nCHECKS = (mine,)\n"
    )
    assert [(one.name, one.passed) for one in examine(subject, read_python_checks(file))] == [("mine", True)]


@pytest.mark.parametrize(("text", "words"), [("1 / 0", "ZeroDivisionError"), ("CHECKS = 3", "define CHECKS")])
def test_a_python_file_that_is_no_file_of_checks_is_said_so(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(ChecksFileError, match=words):
        read_python_checks(file)
