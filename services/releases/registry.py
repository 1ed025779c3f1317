"""The model versions of each market, and the champion: the one that serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, Row, Select, insert, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import champions, releases
from services.database.schema import model_versions as table
from services.database.transactions import insert_into, lock_out, reading, writing
from services.releases.states import State
from services.releases.verdict import Verdict

SYSTEM: Final = "system"
"""The role in the trail of what nobody's key did."""


class RegistryError(Exception):
    """A version that is there with another content; the message names it."""


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
        self._trail = AuditTrail(engine, self._clock)

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
        """Add a version as a challenger, or as rejected where its verdict says so.

        The first one of a market that is not rejected becomes its champion. Registering the same again changes nothing,
        so that a job that was killed can be run again: a version keeps its first verdict. `metrics` is what JSON can
        hold; NaN becomes null. `witness` is called first in the transaction, which does not happen where it raises.
        Raises RegistryError where the version is there with another content.
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
            lock_releases(connection, market)
            connection.execute(insert_into(self._engine, table).on_conflict_do_nothing(), row)
            stored = _version(connection.execute(_versions(market).where(table.c.version == version)).one())
            if stored != _version_of(row):
                raise RegistryError(f"version {version!r} of market {market!r} is registered with another content")
            known = select(releases.c.state).where(releases.c.market == market, releases.c.version == version)
            if connection.execute(known).first() is None:
                self._release(connection, stored, verdict or Verdict(True, ()), now)
        return stored

    def _release(self, connection: Connection, stored: ModelVersion, verdict: Verdict, now: datetime) -> None:
        """Give a new version its first state."""
        market, version = stored.market, stored.version
        state = State.CHALLENGER if verdict.passed else State.REJECTED
        there = connection.execute(select(champions.c.version).where(champions.c.market == market)).first()
        if there is None and verdict.passed:
            state = State.CHAMPION
            connection.execute(insert(champions), {"market": market, "version": version, "since": now})
        row = {"market": market, "version": version, "state": state, "since": now, "reason": "; ".join(verdict.reasons)}
        served = state is State.CHAMPION
        connection.execute(insert(releases), {**row, "served": served, "share": 0.0, "trial": 0, "evidence": "{}"})
        after = {"state": state, "reasons": list(verdict.reasons)}
        self._trail.record(
            connection,
            role=SYSTEM,
            action="release.register",
            market=market,
            subject=version,
            document={"before": None, "after": after},
            reason="; ".join(verdict.reasons),
        )

    def champion(self, market: str) -> ModelVersion | None:
        """The version that serves; None before the first is registered."""
        serving = _versions(market).join(
            champions, (champions.c.market == table.c.market) & (champions.c.version == table.c.version)
        )
        with reading(self._engine) as connection:
            row = connection.execute(serving).first()
        return None if row is None else _version(row)

    def champions_made(self) -> Mapping[str, datetime]:
        """When the champion of each market was registered, in one read."""
        pointed = (champions.c.market == table.c.market) & (champions.c.version == table.c.version)
        with reading(self._engine) as connection:
            rows = connection.execute(select(table.c.market, table.c.created_at).join(champions, pointed))
            return {row.market: row.created_at for row in rows}

    def versions(self, market: str) -> list[ModelVersion]:
        """All versions of a market, newest first."""
        ordered = _versions(market).order_by(table.c.created_at.desc(), table.c.version.desc())
        with reading(self._engine) as connection:
            return [_version(row) for row in connection.execute(ordered)]


def lock_releases(connection: Connection, market: str) -> None:
    """One transaction a market that moves releases, freezes them, or depends on a freeze."""
    lock_out(connection, f"releases {market}")


def _versions(market: str) -> Select[Any]:
    return select(table).where(table.c.market == market)


def _version(row: Row[Any]) -> ModelVersion:
    return _version_of(dict(row._mapping))


def _version_of(fields: dict[str, Any]) -> ModelVersion:
    return ModelVersion(**{**fields, "metrics": orjson.loads(fields["metrics"])})
