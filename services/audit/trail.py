"""The audit trail: who used which lever, when, with what before and after; a change in the past breaks the chain.

Each row's digest covers the row and the digest before it (a hash chain, after Haber and Stornetta 1991). Whoever can
write to the database can rewrite the whole chain or cut off its end; an auditor who keeps a digest of yesterday sees
that too.
"""

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, Row, bindparam, insert, select

from services.clock import Clock
from services.database.schema import audit_trail as table
from services.database.schema import markets
from services.database.transactions import lock_out, reading

_BEGINNING: Final = "0" * 64
_COVERED: Final = ("seq", "at", "role", "action", "market", "subject", "document", "previous")
_PAGE: Final = 1_000
ANCHOR: Final = "served.anchor"
"""The action of the records that answer for served lists."""
FORGOTTEN: Final = "served.forget"
"""The action of a record that lists were removed because their time had come, or their market had moved away."""
_GO_ON: Final = (ANCHOR, FORGOTTEN, "events.forget", "sold.forget", "market.left", "market.purge", "market.stay")
"""What is done about what is kept of a market, wherever it is served."""
CARRIED: Final = "moved"
"""The key, in the document of a record that came with its market from another trail, of what it was there."""

_CARRIED_FIELDS: Final = ("seq", "previous", "digest", "document")


class MarketHasMoved(Exception):
    """No lever of a market is used where it is no more, or not yet; the message says where it is."""

    def __init__(self, market: str, moved_to: str) -> None:
        where = f"has moved to {moved_to}" if moved_to else "is on its way to here and not served yet"
        super().__init__(f"market {market!r} {where}")
        self.market = market
        self.moved_to = moved_to


@dataclass(frozen=True)
class AuditRecord:
    """One use of a lever."""

    seq: int
    """From 1, without gaps."""
    at: datetime
    role: str
    action: str
    market: str | None
    subject: str
    """What the lever moved: a policy's name, a campaign's id. Never a diner's id in the clear."""
    document: Mapping[str, Any]
    previous: str
    digest: str
    """sha256, hexadecimal, over all of the above as a JSON array, the document as the text that is stored."""


class AuditTrail:
    """Appends inside the transaction of the lever, so that there is none without the other."""

    def __init__(self, engine: Engine, clock: Clock, via: str = "") -> None:
        """`via` stands in the document of each record: over what the lever was reached where it was not the API."""
        self._engine = engine
        self._clock = clock
        self._via = {"via": via} if via else {}

    def record(
        self,
        connection: Connection,
        *,
        role: str,
        action: str,
        market: str | None,
        subject: str,
        document: Mapping[str, Any],
        reason: str = "",
    ) -> int:
        """Append within the caller's writing transaction; the record's number.

        `document` says what was there `before` and `after`; the reason goes in beside them, empty where none was given.
        Raises MarketHasMoved, whatever the caller believes: then the lever's transaction does not happen.
        """
        lock_out(connection, "audit-trail")
        if market is not None and action not in _GO_ON:
            refuse_moved(connection, market)
        text = orjson.dumps({"reason": reason, **self._via, **document}, option=orjson.OPT_SORT_KEYS).decode()
        names = {"role": role, "action": action, "market": market, "subject": subject}
        return _append(connection, [{"at": self._clock.now(), **names, "document": text}])

    def carry(self, connection: Connection, rows: Sequence[Row[Any]]) -> int:
        """Append records of a market that come from another trail, within the caller's transaction; the last number.

        Each keeps its time and content, and says which record it was: with its old number and the digest before it,
        the old digest can be worked out from it alone.
        """
        lock_out(connection, "audit-trail")
        return _append(connection, [_carried(row) for row in rows])

    def page(
        self,
        market: str | None = None,
        before: int | None = None,
        limit: int = 100,
        *,
        action: str | None = None,
        subject: str | None = None,
        role: str | None = None,
    ) -> list[AuditRecord]:
        """The newest records first, of all that is named; only those numbered below `before`.

        Anchors are no use of a lever, and each minute of traffic brings one: they are shown where they are asked for.
        """
        statement = select(table).order_by(table.c.seq.desc()).limit(limit)
        named = {"market": market, "action": action, "subject": subject, "role": role}
        for column, wanted in named.items():
            if wanted is not None:
                statement = statement.where(table.c[column] == wanted)
        if action is None:
            statement = statement.where(table.c.action != ANCHOR)
        if before is not None:
            statement = statement.where(table.c.seq < before)
        with reading(self._engine) as connection:
            return [_record(row) for row in connection.execute(statement)]

    def first_broken(self) -> int | None:
        """The number at which the chain does not hold; None where it holds from beginning to end."""
        expected, previous = 1, _BEGINNING
        following = select(table).where(table.c.seq >= bindparam("from")).order_by(table.c.seq).limit(_PAGE)
        with reading(self._engine) as connection:
            # A record numbered below 1 is one too many.
            while rows := connection.execute(following, {"from": expected if expected > 1 else -(2**62)}).all():
                for row in rows:
                    if (row.seq, row.previous) != (expected, previous) or row.digest != _digest(row._mapping):
                        return expected
                    expected, previous = expected + 1, row.digest
        return None


@dataclass(frozen=True)
class Verdict:
    """What a walk along the whole chain found."""

    broken_at: int | None
    """None: it holds."""
    at: datetime
    """When the walk began: what was changed later it need not have seen."""


class ChainCheck:
    """Walks along the chain at most once in so many seconds, however many ask: it costs what the trail is long."""

    def __init__(self, trail: AuditTrail, clock: Clock, seconds: float = 60.0) -> None:
        self._trail = trail
        self._clock = clock
        self._seconds = seconds
        self._kept: Verdict | None = None
        self._until = 0.0
        self._walking = threading.Lock()

    def verdict(self) -> Verdict:
        """The last one, or a new one where that is too old. Whoever asks during a walk gets the one before it.

        Blocks; raises StorageUnavailable where the database is away.
        """
        kept = self._kept
        if kept is not None and (time.monotonic() < self._until or self._walking.locked()):
            return kept
        with self._walking:
            if self._kept is None or time.monotonic() >= self._until:
                at = self._clock.now()
                self._kept = Verdict(self._trail.first_broken(), at)
                self._until = time.monotonic() + self._seconds
            return self._kept


def refuse_moved(connection: Connection, market: str) -> None:
    """Raise MarketHasMoved where a market is elsewhere, or not yet here."""
    moved_to = connection.execute(select(markets.c.moved_to).where(markets.c.market == market)).scalar()
    if moved_to is not None:
        raise MarketHasMoved(market, moved_to)


def _append(connection: Connection, fields: Sequence[Mapping[str, Any]]) -> int:
    """Under the lock: link rows into the chain; the last one's number."""
    last = connection.execute(select(table.c.seq, table.c.digest).order_by(table.c.seq.desc()).limit(1)).first()
    seq, previous = (0, _BEGINNING) if last is None else (int(last.seq), last.digest)
    rows = []
    for given in fields:
        seq += 1
        row = {"seq": seq, **given, "previous": previous}
        previous = _digest(row)
        rows.append({**row, "digest": previous})
    connection.execute(insert(table), rows)
    return seq


def _carried(row: Row[Any]) -> dict[str, Any]:
    was = {name: row._mapping[name] for name in _CARRIED_FIELDS}
    text = orjson.dumps({**orjson.loads(row.document), CARRIED: was}, option=orjson.OPT_SORT_KEYS).decode()
    return {name: row._mapping[name] for name in ("at", "role", "action", "market", "subject")} | {"document": text}


def original(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """From a record that came with its market, what it was in the trail that it came from; None for one of this trail.

    What is not as `carry` leaves it is None too: the digest that should be there is missing.
    """
    document = orjson.loads(row["document"])
    was = document.pop(CARRIED, None)
    if not isinstance(was, dict) or was.keys() != set(_CARRIED_FIELDS):
        return None
    then = orjson.loads(was["document"])
    then.pop(CARRIED, None)  # it had come from elsewhere even then
    return {**row, **was} if then == document else None


def holds(row: Mapping[str, Any]) -> bool:
    """Whether a record's digest is that of its content."""
    return bool(row["digest"] == _digest(row))


def _digest(row: Mapping[Any, Any]) -> str:
    canonical = orjson.dumps([row[name] for name in _COVERED], option=orjson.OPT_UTC_Z)
    return hashlib.sha256(canonical).hexdigest()


def _record(row: Row[Any]) -> AuditRecord:
    fields = dict(row._mapping)
    return AuditRecord(**{**fields, "document": orjson.loads(fields["document"])})
