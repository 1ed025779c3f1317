"""The two homes between which a market moves: what they are, and whether they fit together."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from services.database.engine import address_of, open_database
from services.database.transactions import reading
from services.markets.life import MarketError
from services.settings import Settings

_POSTGRESQL: Final = "postgresql"


@dataclass(frozen=True, eq=False)
class Home:
    """A home with its database opened."""

    settings: Settings
    engine: Engine

    @property
    def name(self) -> str:
        """What tells it from others, without secrets."""
        address = address_of(self.settings.resolved_database_url)
        return f"{self.settings.home.resolve()} with {address.render_as_string(hide_password=True)}"


@contextmanager
def opened(settings: Settings) -> Iterator[Home]:
    """A home while it is needed."""
    engine = open_database(settings.resolved_database_url)
    try:
        yield Home(settings, engine)
    finally:
        engine.dispose()


@contextmanager
def alone(target: Home, market: str) -> Iterator[None]:
    """One command at a time moves a market to a home; one that was killed is in nobody's way. Raises MarketError."""
    lock = os.open(target.settings.home / f".moving.{market}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MarketError(f"another command moves market {market!r} just now: let it end") from None
        yield
    finally:
        os.close(lock)


def refuse_misfits(source: Home, target: Home) -> None:
    """Raise MarketError where the homes are one and the same, or their databases are of different versions."""
    if source.settings.home.resolve() == target.settings.home.resolve():
        raise MarketError(f"the market is in {source.settings.home} already: name another home")
    file = _file(target)
    if not target.settings.home.is_dir() or (file is not None and not file.is_file()):
        there = target.settings.home
        raise MarketError(f"there is no home in {there}: `TABLESTAKES_HOME={there} tablestakes market list` makes one")
    if _are_one(source, target):
        raise MarketError("both homes have the same database: name the target's, or another home")
    mine, theirs = _revision(source.engine), _revision(target.engine)
    if mine != theirs:
        raise MarketError(
            f"the database here has the schema {mine}, and the target's has {theirs or 'none'}: "
            "let both be of one version of the program, and start it once in each"
        )


def _file(home: Home) -> Path | None:
    address = address_of(home.settings.resolved_database_url)
    return Path(str(address.database)) if address.get_backend_name() == "sqlite" else None


def _are_one(source: Home, target: Home) -> bool:
    """Whether two addresses lead to one database."""
    files = (_file(source), _file(target))
    if files[0] is not None and files[1] is not None:
        return files[0].samefile(files[1])
    if {source.engine.dialect.name, target.engine.dialect.name} != {_POSTGRESQL}:
        return False
    # However the addresses are written: a lock that one holds, the other cannot have.
    key = {"key": secrets.randbits(62)}
    with ExitStack() as stack:
        one, other = (stack.enter_context(reading(home.engine)) for home in (source, target))
        one.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)
        return not other.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), key).scalar_one()


def _revision(engine: Engine) -> str | None:
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()
