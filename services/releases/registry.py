"""The model versions of each market, and the champion: the one that serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Row, Select, select

from services.clock import Clock
from services.database.schema import champions
from services.database.schema import model_versions as table
from services.database.transactions import insert_into, reading, upsert_into, writing
from services.releases.verdict import Verdict


class RegistryError(Exception):
    """A version that is not there, or one that is there with another content; the message names it."""


@dataclass(frozen=True)
class ModelVersion:
    """A trained model of a market, and where it lies."""

    market: str
    version: str
    model: str
    """The model's name on the ladder."""
    path: str
    """Folder of the artifact."""
    metrics: Mapping[str, Any]
    created_at: datetime = field(compare=False)


class ModelRegistry:
    """Which models there are. All methods block and raise StorageUnavailable when the database is away."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or Clock()

    def register(
        self,
        market: str,
        version: str,
        model: str,
        path: str,
        metrics: Mapping[str, Any],
        *,
        verdict: Verdict | None = None,
        witness: Callable[[Connection], object] | None = None,
    ) -> ModelVersion:
        """Add a version; a market's first one becomes its champion, unless the gates' verdict is against it.

        Registering the same again changes nothing, so that a job that was killed can be run again. `metrics` is what
        JSON can hold; NaN becomes null. `witness` is called first in the transaction, which does not happen where it
        raises. Raises RegistryError where the version is there with another content.
        """
        now = self._clock.now()
        row = {
            "market": market,
            "version": version,
            "model": model,
            "path": path,
            "metrics": orjson.dumps(metrics, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS).decode(),
            "created_at": now,
        }
        with writing(self._engine) as connection:
            if witness is not None:
                witness(connection)
            connection.execute(insert_into(self._engine, table).on_conflict_do_nothing(), row)
            stored = _version(connection.execute(_versions(market).where(table.c.version == version)).one())
            if stored != _version_of(row):
                raise RegistryError(f"version {version!r} of market {market!r} is registered with another content")
            if verdict is None or verdict.passed:
                first = insert_into(self._engine, champions).on_conflict_do_nothing()
                connection.execute(first, {"market": market, "version": version, "since": now})
        return stored

    def champion(self, market: str) -> ModelVersion | None:
        """The version that serves; None before the first is registered."""
        serving = _versions(market).join(
            champions, (champions.c.market == table.c.market) & (champions.c.version == table.c.version)
        )
        with reading(self._engine) as connection:
            row = connection.execute(serving).first()
        return None if row is None else _version(row)

    def versions(self, market: str) -> list[ModelVersion]:
        """All versions of a market, newest first."""
        ordered = _versions(market).order_by(table.c.created_at.desc(), table.c.version.desc())
        with reading(self._engine) as connection:
            return [_version(row) for row in connection.execute(ordered)]

    def make_champion(self, market: str, version: str) -> None:
        """Let a version serve from now on, in one step. Raises RegistryError where it is not registered."""
        with writing(self._engine) as connection:
            if connection.execute(_versions(market).where(table.c.version == version)).first() is None:
                raise RegistryError(f"market {market!r} has no version {version!r}")
            row = {"market": market, "version": version, "since": self._clock.now()}
            connection.execute(upsert_into(self._engine, champions), row)


def _versions(market: str) -> Select[Any]:
    return select(table).where(table.c.market == market)


def _version(row: Row[Any]) -> ModelVersion:
    return _version_of(dict(row._mapping))


def _version_of(fields: dict[str, Any]) -> ModelVersion:
    return ModelVersion(**{**fields, "metrics": orjson.loads(fields["metrics"])})
