"""API keys: made once, kept in the home's `keys.json`, known to the database by their hashes alone."""

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine, select, update
from typing_extensions import override

from services.access.roles import Role
from services.clock import Clock
from services.database.schema import api_keys as table
from services.database.transactions import insert_into, lock_out, reading, writing
from services.private_files import read_private, write_private

_PREFIX: Final = "ts"
_SHAPE: Final = re.compile(r"ts_[a-z]+_[A-Za-z0-9_-]{43}")
_MAX_LENGTH: Final = 128
_log = structlog.get_logger(__name__)


class ApiKey(str):
    """A key, `ts_<role>_<43 characters base64url>` with 256 random bits. Its repr does not show it."""

    __slots__ = ()

    @classmethod
    def new(cls, role: Role) -> "ApiKey":
        """A fresh key for a role."""
        return cls(f"{_PREFIX}_{role}_{secrets.token_urlsafe(32)}")

    @override
    def __repr__(self) -> str:
        return f"'{self[: self.find('_', len(_PREFIX) + 1) + 1]}…'"


class KeysFileError(Exception):
    """`keys.json` cannot be read or written; the message says the mend."""


class KeyRing:
    """The roles of all valid keys, in memory; `refresh` follows rotations made by other processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._roles: Mapping[bytes, Role] = {}
        self.refresh()

    def __repr__(self) -> str:
        return f"KeyRing({len(self._roles)} keys)"

    def refresh(self) -> None:
        """Read the valid hashes. Raises StorageUnavailable; then the last ones stay."""
        statement = select(table.c.digest, table.c.role).where(
            table.c.revoked_at.is_(None), table.c.role.in_(list(Role))
        )
        with reading(self._engine) as connection:
            self._roles = {bytes.fromhex(row.digest): Role(row.role) for row in connection.execute(statement)}

    def role_of(self, key: str | bytes) -> Role | None:
        """The role of a key; None for an unknown or revoked one.

        The look-up compares hashes, so the time it takes tells nothing about any valid key.
        """
        if len(key) > _MAX_LENGTH:
            return None
        raw = key.encode(errors="surrogatepass") if isinstance(key, str) else key
        return self._roles.get(hashlib.sha256(raw).digest())


def ensure_keys(engine: Engine, keys_file: Path, clock: Clock | None = None) -> dict[Role, ApiKey]:
    """The key of each role, as in the file; what is missing is made.

    Afterwards exactly the file's keys are valid. So a lost file means new keys, and the old ones are revoked (a warning
    says so); a crash between file and database mends itself; a revoked key that comes back with an old copy of the file
    is replaced. Hence all processes of one database share one file. Raises KeysFileError, StorageUnavailable.
    """
    return _bring_in_line(engine, keys_file, (), clock or Clock())


def rotate_key(engine: Engine, keys_file: Path, role: Role, clock: Clock | None = None) -> ApiKey:
    """Give a role a new key; its old one is revoked at once. Other processes learn of it by `KeyRing.refresh`.

    Raises KeysFileError, StorageUnavailable.
    """
    return _bring_in_line(engine, keys_file, (role,), clock or Clock())[role]


def _bring_in_line(engine: Engine, keys_file: Path, renewed: Collection[Role], clock: Clock) -> dict[Role, ApiKey]:
    with writing(engine) as connection:
        lock_out(connection, "keys")
        keys = read_keys(keys_file)
        known = {row.digest: row.revoked_at for row in connection.execute(select(table))}
        lost = [role for role in Role if role not in keys or known.get(_digest(keys[role])) is not None]
        if lost and None in known.values():
            _log.warning(
                "keys_replaced", roles=[str(role) for role in lost], reason=f"{keys_file.name} had no valid ones"
            )
        keys.update({role: ApiKey.new(role) for role in (*lost, *renewed)})
        # The file first: what the database does not know of it is taken in at the next start.
        if lost or renewed:
            _write_keys(keys_file, keys)
        _make_valid(connection, insert_into(engine, table), keys, clock.now())
    return keys


def _make_valid(connection: Connection, insert: Any, keys: Mapping[Role, ApiKey], now: datetime) -> None:
    """Exactly these keys are valid from here on; what the database knows already stays as it is."""
    rows = [{"digest": _digest(key), "role": role, "created_at": now, "revoked_at": None} for role, key in keys.items()]
    connection.execute(insert.on_conflict_do_nothing(), rows)
    others = table.c.digest.not_in([row["digest"] for row in rows])
    connection.execute(update(table).where(others, table.c.revoked_at.is_(None)).values(revoked_at=now))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def read_keys(keys_file: Path) -> dict[Role, ApiKey]:
    """The keys in the file, none where there is no file; a file that others may read is closed to them.

    Raises KeysFileError for a file that is no set of keys.
    """
    try:
        entries = json.loads(read_private(keys_file))
        keys = {Role(role): ApiKey(key) for role, key in entries.items()}
        if not all(_SHAPE.fullmatch(key) and key.startswith(f"{_PREFIX}_{role}_") for role, key in keys.items()):
            raise ValueError
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise KeysFileError(f"{keys_file} cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError):
        # Not the error's own text: it may quote a key.
        raise KeysFileError(
            f"{keys_file} is no set of keys: delete it, and new keys are made at the next start"
        ) from None
    return keys


def _write_keys(keys_file: Path, keys: Mapping[Role, ApiKey]) -> None:
    ordered = {str(role): keys[role] for role in Role}
    try:
        write_private(keys_file, (json.dumps(ordered, indent=2) + "\n").encode("ascii"))
    except OSError as error:
        raise KeysFileError(f"{keys_file} cannot be written: {error.strerror}") from None
