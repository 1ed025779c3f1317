"""Diners' names in the audit trail: the same for the same diner, and no way back."""

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from happenings import event
from sqlalchemy import Connection, Engine

from services.audit.pseudonyms import SecretError, ensure_secret, pseudonym
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.events.log import Erasure, EventLog


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    return tmp_path / "home-of-secrets" / "pseudonym.secret"


def test_it_is_hmac_sha256() -> None:
    """RFC 4231, test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert pseudonym(b"Jefe", "what do ya want for nothing?") == expected


def test_without_the_secret_ids_cannot_be_tried(engine: Engine, secret_file: Path) -> None:
    name = pseudonym(ensure_secret(engine, secret_file), "d1")
    assert name not in (hashlib.sha256(b"d1").hexdigest(), pseudonym(b"", "d1"), pseudonym(bytes(32), "d1"))


def test_the_secret_is_made_once_and_is_private(engine: Engine, secret_file: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        secrets = set(pool.map(lambda _: ensure_secret(engine, secret_file), range(12)))
    assert secrets == {secret_file.read_bytes()}
    assert [path.name for path in secret_file.parent.iterdir()] == ["pseudonym.secret"]
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    secret_file.chmod(0o644)
    assert ensure_secret(engine, secret_file) in secrets
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    secret_file.unlink()
    assert ensure_secret(engine, secret_file) not in secrets


def test_what_is_no_secret_is_named(engine: Engine, secret_file: Path) -> None:
    ensure_secret(engine, secret_file)
    secret_file.write_bytes(b"short")
    with pytest.raises(SecretError, match=r"pseudonym\.secret is no secret of 32 bytes"):
        ensure_secret(engine, secret_file)
    secret_file.unlink()
    secret_file.mkdir()
    with pytest.raises(SecretError, match="cannot be read or written"):
        ensure_secret(engine, secret_file)


def test_an_erasure_and_its_record_are_one(engine: Engine) -> None:
    trail, log = AuditTrail(engine, Clock()), EventLog(engine)
    log.append([event(1), event(2), event(3, user_id="d2")])

    def witness(connection: Connection, erased: Erasure) -> None:
        document = {"events": erased.events}
        trail.record(connection, role="app", action="diner.erase", market=None, subject="x", document=document)

    def break_off(connection: Connection, erased: Erasure) -> None:
        witness(connection, erased)
        raise RuntimeError("the record broke")

    with pytest.raises(RuntimeError):
        log.erase("aldermoor", "d1", break_off)
    assert (log.count(), trail.page()) == (3, [])
    assert log.erase("aldermoor", "d1", witness).events == 2
    assert log.count() == 1
    assert [record.document for record in trail.page()] == [{"events": 2, "reason": ""}]
