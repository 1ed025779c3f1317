"""releases and freeze on the command line."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.errors import UsageError, describe
from services.cli.main import app
from services.releases.freeze import Frozen
from services.releases.store import ReleaseRefused, UnknownVersion
from tests.commands import tablestakes
from tests.conftest import SmallCity


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a champion and a challenger; commands run in this process."""
    home = tmp_path / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    tablestakes("train", str(small_city.dataset), "--model", "popular", home=home)
    monkeypatch.setenv("TABLESTAKES_HOME", str(home))
    return home


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def failing(*arguments: str) -> Exception:
    error = CliRunner().invoke(app, list(arguments)).exception
    assert isinstance(error, Exception)
    return error


def test_releases_and_freezes_by_command(home: Path, small_city: SmallCity) -> None:
    rows = {line.split()[1]: line.split()[0] for line in run("releases", "list").splitlines()[1:]}
    champion, challenger = rows["champion"], rows["challenger"]
    assert f"{challenger} is canary, 20.0%" in run("releases", "canary", challenger, "--share", "0.2")
    assert "20.0%" in run("releases", "list")
    assert "is challenger" in run("releases", "withdraw", challenger)
    assert "frozen until" in run("freeze", "set", "an outage", "--for", "12h")
    error = failing("releases", "promote", challenger)
    assert isinstance(error, Frozen)
    code, text = describe(error)
    assert (code, text.startswith(f"promote of {challenger}: frozen, an outage (hand, until")) == (1, True)
    shown = run("freeze", "show")
    assert f"{small_city.market}: frozen, an outage" in shown
    assert f"waiting: {challenger}" in shown
    assert "days old" in shown
    assert "error budget: 100% left" in shown
    assert "not frozen" in run("freeze", "lift")
    assert "is champion" in run("releases", "promote", challenger, "--reason", "popular is enough")
    assert "is champion" in run("releases", "rollback", champion)
    assert "is rejected" in run("releases", "reject", challenger)
    refused = failing("releases", "shadow", challenger)
    assert isinstance(refused, ReleaseRefused)
    assert describe(refused)[0] == 1
    unknown = failing("releases", "promote", "nothing")
    assert isinstance(unknown, UnknownVersion)
    assert describe(unknown)[0] == 2


@pytest.mark.parametrize("lasts", ["", "h", "12", "-1h", "1w", "0d", "12 h"])
def test_a_duration_that_is_none_is_refused(small_city: SmallCity, monkeypatch: pytest.MonkeyPatch, lasts: str) -> None:
    monkeypatch.setenv("TABLESTAKES_HOME", str(small_city.home))
    error = failing("freeze", "set", "an outage", "--for", lasts)
    assert isinstance(error, UsageError)
    assert "write 90m, 12h or 3d" in str(error)
