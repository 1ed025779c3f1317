"""Retiring a market and bringing it back, and what there is to see of each. Processes that serve follow at a refresh.

A retired market makes no lists; all that is kept of it stays, for as long as it would have anyway. What happened before
is still taken in: its diners' late events are stored, and what they owe is settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, func, select, update

from data.dataset import MarketInfo
from services.audit.trail import AuditTrail, MarketHasMoved
from services.clock import Clock
from services.database.schema import champions, diners, markets, restaurants
from services.database.transactions import lock_out, reading, writing


class MarketError(Exception):
    """What cannot be done with a market; the message says which and the mend."""


@dataclass(frozen=True)
class Standing:
    """Where a market is in its life."""

    info: MarketInfo
    restaurants: int
    diners: int
    champion: str | None
    """The version that serves; None: it has no model yet."""
    retired_at: datetime | None
    moved_to: str | None
    """Where clients find it now; empty while it is on its way to here; None: it is here."""

    @property
    def state(self) -> str:
        """In one word: `served`, `waiting` for a model, `retired`, `arriving` or `moved`."""
        if self.moved_to is not None:
            return "moved" if self.moved_to else "arriving"
        if self.retired_at is not None:
            return "retired"
        return "waiting" if self.champion is None else "served"


class MarketLife:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def standing(self) -> list[Standing]:
        """All markets by key, retired ones too."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(markets).order_by(markets.c.market)).mappings().all()
            versions = dict(connection.execute(select(champions.c.market, champions.c.version)).all())
            places, people = _counts(connection, restaurants), _counts(connection, diners)
        return [
            Standing(
                info=MarketInfo(**{name: row[name] for name in MarketInfo.model_fields}),
                restaurants=places.get(row["market"], 0),
                diners=people.get(row["market"], 0),
                champion=versions.get(row["market"]),
                retired_at=row["retired_at"],
                moved_to=row["moved_to"],
            )
            for row in rows
        ]

    def retire(self, market: str, role: str, reason: str = "") -> bool:
        """Serve the market no more; False where it is retired already.

        Raises MarketError where there is none, MarketHasMoved where it is elsewhere, or not yet here.
        """
        with writing(self._engine) as connection:
            before = _retired_at(connection, market)
            if before is not None:
                return False
            self._write(connection, "market.retire", market, None, self._clock.now(), role, reason)
        return True

    def reinstate(self, market: str, role: str, reason: str = "") -> bool:
        """Serve a retired market again, as it was; False where it is not retired. Raises as `retire` does."""
        with writing(self._engine) as connection:
            before = _retired_at(connection, market)
            if before is None:
                return False
            self._write(connection, "market.reinstate", market, before, None, role, reason)
        return True

    def _write(
        self,
        connection: Connection,
        action: str,
        market: str,
        before: datetime | None,
        after: datetime | None,
        role: str,
        reason: str,
    ) -> None:
        connection.execute(update(markets).where(markets.c.market == market).values(retired_at=after))
        document = {"before": _document(before), "after": _document(after)}
        self._trail.record(
            connection, role=role, action=action, market=market, subject=market, document=document, reason=reason
        )


def unknown(market: str) -> MarketError:
    """Where there is no such market."""
    return MarketError(f"there is no market {market!r}: `tablestakes market list` shows those that there are")


def _retired_at(connection: Connection, market: str) -> datetime | None:
    """When the market was retired; nobody else changes it until the transaction ends. Raises as `retire` does."""
    lock_out(connection, f"market {market}")
    row = connection.execute(select(markets.c.retired_at, markets.c.moved_to).where(markets.c.market == market)).first()
    if row is None:
        raise unknown(market)
    if row.moved_to is not None:
        raise MarketHasMoved(market, row.moved_to)
    at: datetime | None = row.retired_at
    return at


def _document(retired_at: datetime | None) -> Mapping[str, str | None]:
    return {"retired_at": None if retired_at is None else retired_at.isoformat()}


def _counts(connection: Connection, table: Table) -> Mapping[str, int]:
    statement = select(table.c.market, func.count()).group_by(table.c.market)
    return dict(connection.execute(statement).all())
