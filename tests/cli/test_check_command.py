"""`tablestakes check`: the built-in checks and one's own, with an exit code that a script can read."""

from pathlib import Path

from services.settings import Settings
from tests.commands import tablestakes
from tests.conftest import SmallCity

PASSES = "checks:\n  - {name: mine, kind: minimum, restaurants: ['delivery=yes'], at_least: 0.01}\n"


def version_of(city: SmallCity) -> Path:
    (folder,) = (Settings(home=city.home).artifacts / city.market).iterdir()
    return folder


def test_a_version_is_checked_by_its_name_or_folder(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(PASSES)
    folder = version_of(small_city)
    for version in (folder.name, str(folder)):
        arguments = ("check", version, "--data", str(small_city.dataset), "--file", str(file))
        done = tablestakes(*arguments, home=small_city.home)
        assert "passed  mine" in done.stdout


def test_a_failing_check_is_told_and_ends_with_1(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(PASSES.replace("at_least: 0.01", "at_least: 0.99"))
    arguments = ("check", str(version_of(small_city)), "--data", str(small_city.dataset), "--file", str(file))
    done = tablestakes(*arguments, home=small_city.home, check=False)
    assert done.returncode == 1
    assert "FAILED  mine" in done.stdout
    assert "they stand too low" in done.stdout


def test_wrong_use_is_one_line_and_ends_with_2(small_city: SmallCity, tmp_path: Path) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(PASSES.replace("at_least", "at_lest"))
    for arguments, words in (
        (("nobody-000", "--data", str(small_city.dataset)), "is no folder and no registered version"),
        ((str(version_of(small_city)), "--data", str(small_city.dataset), "--file", str(file)), "checks.yaml, line 2"),
    ):
        done = tablestakes("check", *arguments, home=small_city.home, check=False)
        assert done.returncode == 2
        assert words in done.stderr
