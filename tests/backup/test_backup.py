"""A home is copied while it is in use, made anew elsewhere, and goes on as if nothing had been."""

import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, insert, select

from loadtests.postgres import NOT_INSTALLED, PostgresServer, find_binaries, running_postgres
from services.access.keys import ensure_keys
from services.backup import BackupDamaged, BackupRefused, back_up, restore
from services.backup import home as backups
from services.backup.databases import dump
from services.bootstrap import Services
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.database.retraining_tables import retraining_runs, retraining_steps
from services.database.schema import events, metadata, model_versions
from services.database.transactions import reading, writing
from services.events.log import EventLog
from services.releases.registry import ModelRegistry
from services.settings import Settings
from tests.api.conftest import running, serving
from tests.backup.sending import Sender
from tests.commands import tablestakes, tablestakes_process
from tests.conftest import SmallCity
from tests.stores.happenings import event


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path) -> Path:
    copy = tmp_path / "first" / "home"
    shutil.copytree(small_city.home, copy, ignore=shutil.ignore_patterns("redis", "ready"))
    return copy


def stored(url: str) -> set[str]:
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            return set(connection.execute(select(events.c.event_id)).scalars())
    finally:
        engine.dispose()


def test_a_backup_under_load_holds_every_event_that_was_acknowledged_before_it(
    home: Path, small_city: SmallCity, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    asked = {"user_id": "d0-000001", "k": 10, "explain": "full"}
    with running(home) as client:
        bearer = {"Authorization": f"Bearer {small_city.keys['app']}"}
        answer = client.get("/v1/recommendations", params=asked, headers=bearer)
        request_id, was = answer.json()["request_id"], answer.content
        restaurant = answer.json()["items"][0]["restaurant_id"]
    with serving(home) as (port, _), Sender(port, small_city.keys["app"], restaurant) as sender:
        sender.until(20)
        before = list(sender.acknowledged)
        made = tablestakes_process("backup", str(kept), home=home)
        during = len(sender.acknowledged)
    assert sender.failure is None
    assert during > len(before), "nobody wrote while it was copied"
    assert "copied: sqlite" in made.stdout

    elsewhere = tmp_path / "second" / "home"
    tablestakes("restore", str(kept), home=elsewhere)
    shutil.rmtree(home)

    restored = stored(Settings(home=elsewhere).resolved_database_url)
    assert set(before) <= restored
    with running(elsewhere) as client:
        services: Services = client.app.state.services  # type: ignore[attr-defined]
        again = services.replayer.replay(request_id)
        assert (again.identical, again.sealed, again.body) == (True, True, was)
        # The same keys open it, and what is served is served from the new home's artifacts.
        assert client.get("/v1/recommendations", params=asked, headers=bearer).status_code == 200
    assert json.loads((elsewhere / "keys.json").read_text()) == small_city.keys


def test_restored_files_are_the_owners_alone_and_the_secrets_the_same(home: Path, tmp_path: Path) -> None:
    (home / "pseudonym.secret").write_bytes(b"s" * 32)
    kept, elsewhere = tmp_path / "kept", tmp_path / "second"
    back_up(Settings(home=home), kept)
    restore(Settings(home=elsewhere), kept)

    assert (elsewhere / "pseudonym.secret").read_bytes() == b"s" * 32
    assert (elsewhere / "keys.json").read_bytes() == (home / "keys.json").read_bytes()
    for folder in (kept, elsewhere):
        assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])


def test_a_backup_without_secrets_has_neither_keys_nor_the_secret_and_still_serves(
    home: Path, small_city: SmallCity, tmp_path: Path
) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "second"
    tablestakes("backup", str(kept), "--no-secrets", home=home)
    assert not {"keys.json", "pseudonym.secret"} & {path.name for path in (kept / "home").iterdir()}
    content = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert not any(key.encode() in content for key in small_city.keys.values())
    restore(Settings(home=elsewhere), kept)

    with running(elsewhere) as client:
        new = json.loads((elsewhere / "keys.json").read_text())
        status = {
            name: client.get("/v1/markets", headers={"Authorization": f"Bearer {key}"}).status_code
            for name, key in (("new", new["app"]), ("old", small_city.keys["app"]))
        }
    assert status == {"new": 200, "old": 401}


def test_a_fresh_volume_that_is_mounted_as_the_home_can_be_restored_into(home: Path, tmp_path: Path) -> None:
    kept, volume = tmp_path / "kept", tmp_path / "volume"
    back_up(Settings(home=home), kept)
    (volume / "lost+found").mkdir(parents=True)
    inode = volume.stat().st_ino

    restore(Settings(home=volume), kept)

    assert volume.stat().st_ino == inode
    assert {path.name for path in volume.iterdir()} >= {"lost+found", "keys.json", "tablestakes.db", "artifacts"}
    assert not [path for path in volume.iterdir() if path.name.startswith(".") or "-wal" in path.name]


def test_paths_of_artifacts_lead_into_the_new_home(home: Path, tmp_path: Path) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "second"
    made = back_up(Settings(home=home), kept)
    assert made.versions == 1
    assert made.missing == ()
    restore(Settings(home=elsewhere), kept)

    engine = open_database(Settings(home=elsewhere).resolved_database_url)
    with reading(engine) as connection:
        paths = [Path(path) for path in connection.execute(select(model_versions.c.path)).scalars()]
    engine.dispose()
    assert paths
    assert all(path.is_relative_to(elsewhere) and (path / "manifest.json").exists() for path in paths)


def test_the_database_comes_into_its_place_last(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore that is killed before that leaves no home that could be served with half of what it needs."""
    back_up(Settings(home=home), tmp_path / "kept")
    placed, replace = list[str](), Path.replace

    def noted(self: Path, target: Path) -> Path:
        placed.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    restore(Settings(home=tmp_path / "second"), tmp_path / "kept")
    assert (placed[-1], {*placed} >= {"keys.json", "artifacts"}) == ("tablestakes.db", True)


def test_a_run_that_was_under_way_begins_anew(home: Path, small_city: SmallCity, tmp_path: Path) -> None:
    engine, now = open_database(Settings(home=home).resolved_database_url), Clock().now()
    of = {"market": small_city.market}
    run = {"requested_by": "ml", "requested_at": now, "models": ["popular"], "seed": 1, "attempts": 1, "reasons": []}
    step = {"step": "snapshot", "document": "{}", "started_at": now, "finished_at": now}
    with writing(engine) as connection:
        for name, state in (("over", "finished"), ("under-way", "running")):
            connection.execute(insert(retraining_runs), {**of, **run, "run_id": name, "state": state})
            connection.execute(insert(retraining_steps), {**of, **step, "run_id": name})
    engine.dispose()
    back_up(Settings(home=home), tmp_path / "kept")
    restore(Settings(home=tmp_path / "second"), tmp_path / "kept")

    engine = open_database(Settings(home=tmp_path / "second").resolved_database_url)
    with reading(engine) as connection:
        assert list(connection.execute(select(retraining_steps.c.run_id)).scalars()) == ["over"]
        assert set(connection.execute(select(retraining_runs.c.run_id)).scalars()) == {"over", "under-way"}
    engine.dispose()


def test_nothing_that_is_there_is_written_over(home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    back_up(Settings(home=home), kept)
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}

    with pytest.raises(BackupRefused, match="is there already"):
        back_up(Settings(home=home), kept)
    with pytest.raises(BackupRefused, match="lies in the home"):
        back_up(Settings(home=home), home / "kept")
    with pytest.raises(BackupRefused, match="there is nothing to copy"):
        back_up(Settings(home=tmp_path / "nowhere"), tmp_path / "nothing")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(BackupRefused, match="is not empty"):
        restore(Settings(home=home), kept)
    with pytest.raises(BackupRefused, match="is no backup"):
        restore(Settings(home=tmp_path / "second"), home)
    with pytest.raises(BackupRefused, match="of sqlite, and the database is postgresql"):
        restore(Settings(home=tmp_path / "second", database_url="postgresql+psycopg://x@localhost/x"), kept)

    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "second").exists()


@contextmanager
def changed(file: Path, content: bytes | None) -> Iterator[None]:
    was = file.read_bytes()
    file.unlink() if content is None else file.write_bytes(content)
    yield
    file.write_bytes(was)


def test_a_damaged_backup_is_refused_before_anything_is_made(home: Path, tmp_path: Path) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "second"
    back_up(Settings(home=home), kept)
    for file in [kept / "database.sqlite", kept / "home" / "keys.json", next(kept.rglob("manifest.json"))]:
        turned = bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:]
        for content, word in ((turned, "is not what was copied"), (None, "is missing")):
            with changed(file, content), pytest.raises(BackupDamaged, match=word):
                restore(Settings(home=elsewhere), kept)
    (kept / "home" / "more").write_text("x")
    with pytest.raises(BackupDamaged, match="was not copied"):
        restore(Settings(home=elsewhere), kept)
    (kept / "home" / "more").unlink()
    (kept / "backup.json").write_text("{")
    with pytest.raises(BackupDamaged, match="cannot be read"):
        restore(Settings(home=elsewhere), kept)
    assert {path.name for path in tmp_path.iterdir()} == {"first", "kept"}


def test_a_version_without_its_artifact_is_named(home: Path, tmp_path: Path) -> None:
    engine = open_database(Settings(home=home).resolved_database_url)
    with writing(engine) as connection:
        path = Path(str(connection.execute(select(model_versions.c.path)).scalar()))
        connection.execute(model_versions.update().values(path=str(home / "gone")))
    engine.dispose()

    made = back_up(Settings(home=home), tmp_path / "kept")

    assert [one.split()[-1] for one in made.missing] == [path.name]


def test_a_version_that_is_registered_meanwhile_is_copied_if_the_copy_names_it(
    home: Path, small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes right before the database is copied."""
    settings = Settings(home=home)

    def late(url: URL, target: Path) -> None:
        engine = open_database(settings.resolved_database_url)
        with reading(engine) as connection:
            known = connection.execute(select(model_versions)).mappings().first()
        assert known is not None
        path = shutil.copytree(known["path"], home / "artifacts" / known["market"] / "late")
        ModelRegistry(engine).register(known["market"], "late", known["model"], str(path), {})
        engine.dispose()
        dump(url, target)

    monkeypatch.setattr(backups, "dump", late)
    made = back_up(settings, tmp_path / "kept")
    assert (made.versions, made.missing) == (2, ())
    assert len(list((tmp_path / "kept").rglob("late/manifest.json"))) == 1


@pytest.mark.parametrize("where", ["in what it says", "between its pages"])
def test_a_damaged_database_is_not_passed_off_as_a_backup(home: Path, tmp_path: Path, where: str) -> None:
    file = home / "tablestakes.db"
    with closing(sqlite3.connect(file)) as connection:
        if where == "between its pages":  # pages that belong to nothing: whoever reads the tables sees nothing of it
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(
                "DELETE FROM sqlite_master WHERE type = 'index' AND sql > '' AND tbl_name = 'restaurants'"
            )
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute("PRAGMA page_size").fetchone()[0]
    if where == "in what it says":
        with file.open("r+b") as stream:
            stream.seek(page * 4)
            stream.write(os.urandom(page * 6))

    with pytest.raises(BackupDamaged):
        back_up(Settings(home=home), tmp_path / "kept")
    assert not [path for path in tmp_path.iterdir() if path.name != "first"]


def test_what_is_still_in_the_log_beside_the_file_is_copied(home: Path, tmp_path: Path) -> None:
    engine = open_database(Settings(home=home).resolved_database_url)
    EventLog(engine).append([event("beside")])
    assert (home / "tablestakes.db-wal").stat().st_size
    back_up(Settings(home=home), tmp_path / "kept")
    engine.dispose()
    restore(Settings(home=tmp_path / "second"), tmp_path / "kept")
    assert "ebeside" in stored(Settings(home=tmp_path / "second").resolved_database_url)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None or shutil.which("pg_dump") is None:
        pytest.skip(NOT_INSTALLED)
    with running_postgres(binaries) as server:
        yield server


def test_postgresql_goes_out_and_comes_back_by_its_own_tools(
    home: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    first, second = postgres.url(postgres.create_database()), postgres.url(postgres.create_database())
    engine = open_database(first)
    migrate(engine)
    ensure_keys(engine, Settings(home=home).keys_file)
    EventLog(engine).append([event(number) for number in range(300)])
    engine.dispose()

    made = back_up(Settings(home=home, database_url=first), tmp_path / "kept")
    assert (tmp_path / "kept" / "database.dump").exists()
    restored = restore(Settings(home=tmp_path / "second", database_url=second), tmp_path / "kept")

    assert restored == made
    assert tables(first) == tables(second)
    assert len(tables(second)["events"]) == 300
    with pytest.raises(BackupRefused, match="has tables"):
        restore(Settings(home=tmp_path / "third", database_url=second), tmp_path / "kept")
    assert not (tmp_path / "third").exists()


def test_postgresql_is_copied_under_load_with_all_that_was_acknowledged_before(
    home: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    first, second = postgres.url(postgres.create_database()), postgres.url(postgres.create_database())
    engine = open_database(first)
    migrate(engine)
    log, stop, acknowledged = EventLog(engine), threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            one = event(len(acknowledged))
            log.append([one])
            acknowledged.append(one.event_id)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        while len(acknowledged) < 20:
            assert writer.is_alive()
            time.sleep(0.01)
        before = list(acknowledged)
        back_up(Settings(home=home, database_url=first), tmp_path / "kept")
        assert len(acknowledged) > len(before), "nobody wrote while it was copied"
    finally:
        stop.set()
        writer.join(20)
        engine.dispose()
    restore(Settings(home=tmp_path / "second", database_url=second), tmp_path / "kept")

    restored = stored(second)
    assert set(before) <= restored <= set(acknowledged)


def tables(url: str) -> dict[str, list[Any]]:
    engine = open_database(url)
    with reading(engine) as connection:
        found = {
            table.name: sorted(map(repr, connection.execute(select(table)).all())) for table in metadata.sorted_tables
        }
    engine.dispose()
    return found
