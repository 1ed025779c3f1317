"""Keys: made once, whole on disk, hashed in the database, revoked when lost or rotated."""

import hashlib
import json
import logging
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine, select
from structlog.testing import capture_logs

from services.access.keys import ApiKey, KeyRing, KeysFileError, ensure_keys, read_keys, rotate_key
from services.access.roles import SEATS, Role
from services.database.engine import migrate, open_database
from services.database.errors import StorageUnavailable
from services.database.schema import api_keys
from services.database.transactions import reading, writing


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


def stored(engine: Engine) -> str:
    with reading(engine) as connection:
        return repr(connection.execute(select(api_keys)).all())


def test_each_key_opens_its_own_role_and_nothing_else(engine: Engine, keys_file: Path) -> None:
    keys = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    assert set(keys) == set(Role)
    assert len(set(keys.values())) == len(Role)
    for role, key in keys.items():
        assert ring.role_of(key) is role
        assert ring.role_of(key.encode()) is role
        assert key.startswith(f"ts_{role}_")
        assert len(key.removeprefix(f"ts_{role}_")) == 43
        for wrong in (key[:-1], key + "x", key.upper(), f" {key}", hashlib.sha256(key.encode()).hexdigest(), key[::-1]):
            assert ring.role_of(wrong) is None


@pytest.mark.parametrize("odd", ["", b"", "\ud800", "\0", b"\xff\xfe", "x" * 1_000_000, "ts_admin_", "ключ"])
def test_odd_keys_open_nothing(engine: Engine, keys_file: Path, odd: str | bytes) -> None:
    ensure_keys(engine, keys_file)
    assert KeyRing(engine).role_of(odd) is None


def test_the_file_is_private_and_the_database_has_hashes_alone(engine: Engine, keys_file: Path) -> None:
    keys = ensure_keys(engine, keys_file)
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600
    assert json.loads(keys_file.read_text()) == {str(role): str(key) for role, key in keys.items()}
    assert [path.name for path in keys_file.parent.iterdir()] == ["keys.json"]
    for key in keys.values():
        assert key not in stored(engine)
        assert hashlib.sha256(key.encode()).hexdigest() in stored(engine)


def test_the_second_start_keeps_the_keys(engine: Engine, keys_file: Path) -> None:
    keys = ensure_keys(engine, keys_file)
    before = (keys_file.stat().st_mtime_ns, stored(engine))
    with capture_logs() as logs:
        assert ensure_keys(engine, keys_file) == keys
    assert (keys_file.stat().st_mtime_ns, stored(engine)) == before
    assert logs == []


def test_a_lost_file_means_new_keys_and_no_old_ones(engine: Engine, keys_file: Path) -> None:
    old = ensure_keys(engine, keys_file)
    keys_file.unlink()
    with capture_logs() as logs:
        new = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    assert [ring.role_of(key) for key in old.values()] == [None] * len(Role)
    assert [ring.role_of(key) for key in new.values()] == list(new)
    assert [entry["event"] for entry in logs] == ["keys_replaced"]
    assert not any(key in repr(logs) for key in [*old.values(), *new.values()])


def test_a_lost_database_takes_the_keys_of_the_file(engine: Engine, keys_file: Path) -> None:
    keys = ensure_keys(engine, keys_file)
    with writing(engine) as connection:
        connection.execute(api_keys.delete())
    assert ensure_keys(engine, keys_file) == keys
    assert KeyRing(engine).role_of(keys[Role.ML]) is Role.ML


def test_rotation_closes_the_old_key_and_touches_no_other(engine: Engine, keys_file: Path) -> None:
    keys = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    new = rotate_key(engine, keys_file, Role.SALES)
    assert ring.role_of(keys[Role.SALES]) is Role.SALES  # until the ring is refreshed
    ring.refresh()
    assert ring.role_of(keys[Role.SALES]) is None
    assert ring.role_of(new) is Role.SALES
    assert read_keys(keys_file) == {**keys, Role.SALES: new}
    assert all(ring.role_of(keys[role]) is role for role in Role if role is not Role.SALES)


def test_an_old_copy_of_the_file_does_not_bring_a_revoked_key_back(engine: Engine, keys_file: Path) -> None:
    ensure_keys(engine, keys_file)
    copy = keys_file.read_bytes()
    rotate_key(engine, keys_file, Role.SALES)
    keys_file.write_bytes(copy)
    keys = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    stolen = json.loads(copy)
    assert ring.role_of(stolen["sales"]) is None
    assert ring.role_of(keys[Role.SALES]) is Role.SALES
    assert keys[Role.APP] == stolen["app"]


def test_a_crash_between_file_and_database_mends_itself(
    engine: Engine, keys_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_keys(engine, keys_file)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("services.access.keys._make_valid", crash)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(engine, keys_file, Role.ML)
    keys = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    assert keys == read_keys(keys_file)
    assert [ring.role_of(key) for key in keys.values()] == list(keys)
    assert repr(ring) == f"KeyRing({len(Role)} keys)"


def test_whoever_starts_together_agrees(database_url: str, keys_file: Path) -> None:
    engines = [open_database(database_url) for _ in range(6)]
    together = threading.Barrier(len(engines))

    def start(engine: Engine) -> dict[Role, ApiKey]:
        KeyRing(engine)  # connects
        together.wait()
        return ensure_keys(engine, keys_file)

    with ThreadPoolExecutor(len(engines)) as pool:
        answers = list(pool.map(start, engines))
    assert answers == [read_keys(keys_file)] * len(engines)
    assert len(KeyRing(engines[0])._roles) == len(Role)
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"x"', b'{"app": 1}', b'{"cook": "ts_cook_x"}', b'{"app": "short"}', b"\xff\xfe"],
)
def test_a_file_that_is_no_set_of_keys_is_refused_and_kept(engine: Engine, keys_file: Path, content: bytes) -> None:
    keys_file.parent.mkdir()
    keys_file.write_bytes(content)
    with pytest.raises(KeysFileError, match="delete it"):
        ensure_keys(engine, keys_file)
    assert keys_file.read_bytes() == content


def test_a_key_in_the_place_of_another_role_is_refused(engine: Engine, keys_file: Path) -> None:
    entries = {str(role): str(key) for role, key in ensure_keys(engine, keys_file).items()}
    keys_file.write_text(json.dumps({**entries, "admin": entries["app"]}))
    with pytest.raises(KeysFileError) as caught:
        ensure_keys(engine, keys_file)
    assert entries["app"] not in str(caught.value)


def test_a_file_that_others_may_read_is_closed_to_them(engine: Engine, keys_file: Path) -> None:
    ensure_keys(engine, keys_file)
    keys_file.chmod(0o644)
    ensure_keys(engine, keys_file)
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_one_line(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(KeysFileError, match=r"cannot be read|cannot be written"):
        ensure_keys(engine, tmp_path / "keys" / "keys.json")
    with reading(engine) as connection:
        assert connection.execute(select(api_keys)).all() == []


def test_a_ring_without_a_database_keeps_what_it_knows(tmp_path: Path, keys_file: Path) -> None:
    file = tmp_path / "home" / "x.db"
    engine = open_database(f"sqlite:///{file}", lock_timeout_ms=100)
    migrate(engine)
    keys = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    engine.dispose()
    for part in file.parent.iterdir():
        part.unlink()
    file.parent.rmdir()
    with pytest.raises(StorageUnavailable):
        ring.refresh()
    assert ring.role_of(keys[Role.APP]) is Role.APP


def test_keys_do_not_show_in_reprs_and_logs(
    engine: Engine, keys_file: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    keys = ensure_keys(engine, keys_file)
    ring = KeyRing(engine)
    structlog.get_logger().warning("careless", keys=keys, ring=ring, key=repr(keys[Role.ADMIN]))
    logging.getLogger("careless").warning("%r %r", keys, ring)
    written = capsys.readouterr().out + caplog.text
    assert "ts_admin_…" in written
    assert not any(key in written for key in keys.values())


def test_the_six_seats_are_roles() -> None:
    assert SEATS == ("ml", "sales", "product", "infra", "interpretability", "fairness")
    assert {str(role) for role in Role} == {*SEATS, "app", "auditor", "admin"}
    assert repr(ApiKey.new(Role.INTERPRETABILITY)) == "'ts_interpretability_…'"
