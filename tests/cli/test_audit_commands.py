"""policies and trail on the command line."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from services.access.roles import SEATS
from services.audit.trail import AuditTrail
from services.cli.errors import FAILED, WRONG_USE, describe
from services.cli.main import app
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import served_lists
from services.database.transactions import writing
from services.settings import Settings
from tests.api.conftest import running
from tests.conftest import SmallCity


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.delenv("TABLESTAKES_KEY", raising=False)
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    monkeypatch.setenv("TABLESTAKES_HOME", str(home))
    return home


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def refused(*arguments: str) -> tuple[int, str]:
    error = CliRunner().invoke(app, list(arguments)).exception
    assert isinstance(error, Exception)
    return describe(error)


def test_a_policy_from_a_file_to_the_lists(home: Path, small_city: SmallCity, tmp_path: Path) -> None:
    file, market = tmp_path / "agreed.json", small_city.market
    file.write_text('{"ads": {"money": 0.004}}')
    assert run("policies", "put", "agreed", str(file), "--role", "sales", "--reason", "fees").endswith("version 1\n")
    assert run("policies", "diff", "balanced", "1", "1", "--against", "agreed") == (
        "price of money (ads.money): from 0.002 to 0.004 order probability a minor unit of fee\n"
    )
    code, text = refused("policies", "activate", "agreed", "--role", "ml")
    assert (code, "is not signed by ml, sales" in text) == (FAILED, True)
    for role in SEATS:
        said = run("policies", "sign", "agreed", "--version", "1", "--role", role, "--reason", "yes")
    assert said == f"{market}: policy agreed version 1: signed by all, active\n"
    rows = [line.split() for line in run("policies", "list").splitlines()]
    assert rows[1:] == [["agreed", "1", "yes"], ["balanced", "1"]]
    file.write_text(run("policies", "show", "agreed"))
    assert run("policies", "put", "agreed", str(file)).endswith("version 1\n")
    assert "makes the lists" in run("policies", "activate", "balanced", "--role", "infra")
    assert "missing: ml" in run("policies", "withdraw", "agreed", "--version", "1", "--role", "ml")
    code, text = refused("policies", "sign", "agreed", "--version", "1", "--role", "admin", "--reason", "x")
    assert (code, "no seat signs" in text) == (WRONG_USE, True)
    assert refused("policies", "show", "nothing")[0] == WRONG_USE
    assert refused("policies", "activate", "agreed", "--role", "ml", "--override", "--reason", "x")[0] == WRONG_USE
    file.write_text('{"shortlist": 1}')
    assert "shortlist" in refused("policies", "put", "agreed", str(file))[1]
    assert run("trail", "verify").startswith("the chain holds")


SIGNING = ("--version", "1", "--reason", "yes")


@pytest.mark.parametrize("move", ["sign", "withdraw", "activate"])
def test_a_seats_lever_takes_the_seats_own_key(
    home: Path, small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, move: str
) -> None:
    file, key = tmp_path / "agreed.json", tmp_path / "key"
    file.write_text('{"ads": {"money": 0.004}}')
    run("policies", "put", "agreed", str(file))
    all_keys = home / "keys.json"
    all_keys.rename(tmp_path / "kept.json")
    command = ("policies", move, "agreed", *SIGNING, "--role", "ml")

    def told(*more: str) -> str:
        before = trail_of(home)
        code, text = refused(*command, *more)
        assert (code, trail_of(home)) == (WRONG_USE, before)
        assert text.endswith("give --key-file with the key of ml, or put it into TABLESTAKES_KEY")
        assert not any(each in text for each in small_city.keys.values())
        return text

    assert f"there is no key of ml in {all_keys}" in told()
    key.write_text(small_city.keys["sales"] + "\n")
    assert f"the key in {key} is that of sales" in told("--key-file", str(key))
    monkeypatch.setenv("TABLESTAKES_KEY", small_city.keys["admin"])
    assert "the key in TABLESTAKES_KEY is that of admin" in told()
    monkeypatch.setenv("TABLESTAKES_KEY", "ts_ml_" + "x" * 43)
    assert "the key in TABLESTAKES_KEY is not known, or it has been rotated" in told()
    monkeypatch.setenv("TABLESTAKES_KEY", "")
    assert "there is no key of ml in TABLESTAKES_KEY" in told()
    assert "cannot be read" in refused(*command, "--key-file", str(tmp_path / "nowhere"))[1]


def test_a_seats_key_is_taken_from_where_it_is(
    home: Path, small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key = tmp_path / "agreed.json", tmp_path / "key"
    file.write_text('{"ads": {"money": 0.004}}')
    run("policies", "put", "agreed", str(file))
    keys = (home / "keys.json").rename(tmp_path / "kept.json")
    key.write_text(small_city.keys["ml"] + "\n")
    sign = ("policies", "sign", "agreed", *SIGNING, "--role")
    assert "missing: sales" in run(*sign, "ml", "--key-file", str(key))
    monkeypatch.setenv("TABLESTAKES_KEY", small_city.keys["sales"])
    assert "missing: product" in run(*sign, "sales")
    assert "missing: infra" in run(*sign, "product", "--key-file", str(keys))  # before the environment
    override = ("policies", "activate", "agreed", "--role", "admin", "--override", "--reason", "set-up")
    assert "is that of sales" in refused(*override)[1]
    monkeypatch.setenv("TABLESTAKES_KEY", small_city.keys["admin"])
    assert "makes the lists" in run(*override)
    signed = [(action, role, document["via"]) for action, role, document in trail_of(home)[1:]]
    assert signed == [
        ("policy.sign", "ml", "cli"),
        ("policy.sign", "sales", "cli"),
        ("policy.sign", "product", "cli"),
        ("policy.override", "admin", "cli"),
    ]
    assert run("trail", "verify").startswith("the chain holds")


def trail_of(home: Path) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Action, role and document of the records about policies, oldest first."""
    engine = open_database(Settings(home=home).resolved_database_url)
    try:
        records = AuditTrail(engine, Clock()).page(subject="agreed")[::-1]
    finally:
        engine.dispose()
    return [(record.action, record.role, record.document) for record in records]


def test_the_trail_is_replayed_exported_and_found_out(home: Path, small_city: SmallCity, tmp_path: Path) -> None:
    with running(home) as client:
        client.headers["Authorization"] = f"Bearer {small_city.keys['app']}"
        for number in range(12):
            params = {"user_id": f"d0-{number:06d}", "explain": "reasons"}
            assert client.get("/v1/recommendations", params=params).status_code == 200
        headers = {"Authorization": f"Bearer {small_city.keys['auditor']}"}
        bundle = client.get("/v1/audit-trail/bundle", params={"lists": True}, headers=headers)
        assert (bundle.status_code, bundle.headers["content-type"]) == (200, "application/zip")
    assert "12 of 12 are made again to the byte\n" in run("trail", "replay", "--last", "100")
    assert "5 of 5 are made again to the byte\n" in run("trail", "replay", "--last", "5")
    assert run("trail", "verify").startswith("the chain holds")
    (tmp_path / "over-http.zip").write_bytes(bundle.content)
    run("trail", "export", str(tmp_path / "by-command.zip"))
    run("trail", "export", str(tmp_path / "without-lists.zip"), "--no-lists")
    for name in ("over-http", "by-command", "without-lists"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as packed:
            packed.extractall(tmp_path / name)
        command = [sys.executable, "-I", "-S", "verify.py"]
        done = subprocess.run(command, cwd=tmp_path / name, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "all of it holds\n"), done.stderr
    lines = (tmp_path / "by-command" / "lists.jsonl").read_bytes().splitlines()
    assert (len(lines), (tmp_path / "without-lists" / "lists.jsonl").read_bytes()) == (12, b"")
    engine = open_database(Settings(home=home).resolved_database_url)
    with writing(engine) as connection:
        connection.execute(update(served_lists).values(policy_version=7).where(served_lists.c.user_id == "d0-000003"))
    engine.dispose()
    assert "the list is not what was sealed" in run("trail", "verify", code=FAILED)
    assert "has no version 7 of policy" in run("trail", "replay", code=FAILED)
