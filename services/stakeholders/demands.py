"""Demands in the database: the newest version of each seat's; all versions are in the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.stakeholder_tables import demands as table
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.stakeholders.negotiation.demand import Demand


class DemandVersionMismatch(Exception):
    """The stored version is not the one that the caller has seen."""


@dataclass(frozen=True)
class StoredDemand:
    """What a seat demands."""

    seat: str
    demand: Demand
    version: int
    updated_at: datetime


class DemandStore:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def of(self, market: str) -> dict[str, StoredDemand]:
        """By seat; a seat that has demanded nothing is not in it."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(table).where(table.c.market == market).order_by(table.c.seat))
            return {row.seat: _stored(row) for row in rows}

    def put(
        self, market: str, seat: str, demand: Demand, expected_version: int | None, role: str, reason: str = ""
    ) -> StoredDemand:
        """Store a seat's demand as a new version; the same again keeps its version.

        Where no reason is given the demand's note is the one that the trail keeps.

        `expected_version` is the one that the caller has seen, None where it saw none. Raises DemandVersionMismatch
        where another one is stored.
        """
        now = self._clock.now()
        with writing(self._engine) as connection:
            lock_out(connection, f"demands {market}")
            before = _one(connection, market, seat)
            found = None if before is None else before.version
            if found != expected_version:
                there = "there is none" if found is None else f"version {found} is stored"
                raise DemandVersionMismatch(f"the demand of {seat}: {there}, another one was expected")
            if before is not None and before.demand == demand:
                return before
            after = StoredDemand(seat, demand, 1 if before is None else before.version + 1, now)
            row = {"market": market, "seat": seat, "version": after.version, "updated_at": now}
            connection.execute(upsert_into(self._engine, table), {**row, "document": demand.model_dump_json()})
            document: Mapping[str, Any] = {"before": _document(before), "after": _document(after)}
            self._trail.record(
                connection,
                role=role,
                action="demand.put",
                market=market,
                subject=seat,
                document=document,
                reason=reason or demand.note or "",
            )
        return after


def _one(connection: Connection, market: str, seat: str) -> StoredDemand | None:
    row = connection.execute(select(table).where(table.c.market == market, table.c.seat == seat)).first()
    return None if row is None else _stored(row)


def _stored(row: Row[Any]) -> StoredDemand:
    return StoredDemand(row.seat, Demand.model_validate_json(row.document), row.version, row.updated_at)


def _document(stored: StoredDemand | None) -> dict[str, Any] | None:
    return None if stored is None else {"version": stored.version, **stored.demand.model_dump(mode="json")}
