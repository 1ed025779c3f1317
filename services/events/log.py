"""The event log in the database: each event is kept once, however often it is delivered."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, delete, func, select, update

from data.columns import EventType
from services.audit.removing import remove_lists
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.event_partitions import plan_once, with_ids
from services.database.schema import ad_impressions, audit_trail, billing_queue, served_lists, settlements
from services.database.schema import events as table
from services.database.transactions import insert_into, reading, writing
from services.database.types import is_storable

Key = tuple[str, str]
"""Market and event id."""

EXPORTED: Final = "events.export"
"""The action of an audit record that the log was copied to where an erasure does not reach."""
BILLABLE: Final = frozenset({EventType.CLICK, EventType.ORDER, EventType.ORDER_CANCELLED})
_CHUNK: Final = 1_000
_MAX_ID: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a diner did. Raises ValueError for what could not be stored or would not come back the same."""

    event_id: str
    type: EventType
    market: str
    user_id: str
    restaurant_id: str
    at: datetime
    """Aware."""
    request_id: str | None = None
    """The list in which the restaurant was seen."""
    order_id: str | None = None
    value: float | None = None
    """rating: stars 1..5 · order: minor units of the market's currency."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", EventType(self.type))
        if self.at.tzinfo is None:
            raise ValueError("at: the time needs its offset from UTC")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError("value: not a finite number")
        for name in ("event_id", "market", "user_id", "restaurant_id", "request_id", "order_id"):
            text = getattr(self, name)
            if text is not None and not (0 < len(text) <= _MAX_ID and is_storable(text)):
                raise ValueError(f"{name}: 1 to {_MAX_ID} characters, no NUL")

    @property
    def key(self) -> Key:
        """What makes the event the same event."""
        return self.market, self.event_id


_COLUMNS: Final = tuple(table.c[name] for name in Event.__slots__)


class Outcome(StrEnum):
    """What became of a delivered event."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """The same event is kept already."""
    CONFLICT = "conflict"
    """Another event is kept under this id; this one is not stored."""


@dataclass(frozen=True)
class Erasure:
    """How much was removed."""

    events: int
    served_lists: int
    root: str = field(default="", compare=False)
    """Of the digests of the lists, which stay; empty where there were none."""
    exports: int = field(default=0, compare=False)
    """Copies of the log that were begun until now: what is in them is not removed."""


class EventLog:
    """Append, read, erase. All methods block and raise StorageUnavailable when the database is away."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or Clock()
        self._insert = insert_into(engine, table).on_conflict_do_nothing().returning(table.c.market, table.c.event_id)
        self._queue = insert_into(engine, billing_queue).on_conflict_do_nothing()

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Store events in one transaction; when this returns they are on disk. One outcome an event, in order.

        Delivering an event again, in the same call or later, from wherever, stores nothing more. Of two events with one
        id the first one counts. What may cost an advertiser something is put into the billing queue as well.

        Raises StorageUnavailable also where an event was removed in the very moment in which it was delivered again.
        """
        if not events:
            return []
        first: dict[Key, Event] = {}
        for event in events:
            first.setdefault(event.key, event)
        with writing(self._engine) as connection:
            # Sorted: two processes that store the same events lock them in the same order.
            now = self._clock.now()
            rows = [{**_row(first[key]), "received_at": now} for key in sorted(first)]
            new = {(row.market, row.event_id) for row in connection.execute(self._insert, rows)}
            queued = [key for key in sorted(new) if first[key].type in BILLABLE]
            if queued:
                fields = [{"market": market, "event_id": event_id, "received_at": now} for market, event_id in queued]
                connection.execute(self._queue, fields)
            kept = _read_keys(connection, [key for key in first if key not in new])
        return list(_outcomes(events, new, {**first, **kept}))

    def recent(
        self, market: str, user_id: str, since: datetime, limit: int, types: Collection[EventType]
    ) -> list[Event]:
        """A diner's last events of some types, newest first."""
        chosen = (table.c.at >= since, table.c.type.in_(sorted(types)))
        with reading(self._engine) as connection:
            plan_once(connection)
            rows = connection.execute(_of_diner(market, user_id).where(*chosen).limit(limit))
            return [_event(row) for row in rows]

    def of_diner(self, market: str, user_id: str) -> list[Event]:
        """All events of a diner, newest first."""
        with reading(self._engine) as connection:
            plan_once(connection)
            return [_event(row) for row in connection.execute(_of_diner(market, user_id))]

    def active_diners(self, market: str, since: datetime) -> list[str]:
        """Who has an event at or after this time."""
        statement = select(table.c.user_id).distinct().where(table.c.market == market, table.c.at >= since)
        with reading(self._engine) as connection:
            return list(connection.execute(statement).scalars())

    def orders_since(self, market: str, since: datetime) -> dict[str, int]:
        """Number of orders at or after this time, by restaurant; a cancelled one counts, the kitchen had it."""
        statement = (
            select(table.c.restaurant_id, func.count().label("orders"))
            .where(table.c.market == market, table.c.at >= since, table.c.type == EventType.ORDER)
            .group_by(table.c.restaurant_id)
        )
        with reading(self._engine) as connection:
            return {row.restaurant_id: row.orders for row in connection.execute(statement)}

    def count(self, market: str | None = None) -> int:
        """Number of events kept, of a market or of all."""
        statement = select(func.count()).select_from(table)
        if market is not None:
            statement = statement.where(table.c.market == market)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()

    def erase(
        self, market: str, user_id: str, witness: Callable[[Connection, Erasure], object] | None = None
    ) -> Erasure:
        """Remove a diner's events, served lists and sold places in one transaction, in which `witness` may write too.

        What was charged for them stays, without the diner. Served lists that still wait to be written are not in the
        database yet: call `ServedLog.flush` before.
        """
        of_diner = select(table.c.event_id).where(table.c.market == market, table.c.user_id == user_id)
        queued = (billing_queue.c.market == market, billing_queue.c.event_id.in_(of_diner))
        with writing(self._engine) as connection:
            # First: where the diner's events are being settled now, this waits, and what follows sees the settlements.
            connection.execute(delete(billing_queue).where(*queued))
            lists, root = remove_lists(connection, market, served_lists.c.user_id == user_id)
            events, _ = (
                connection.execute(delete(kept).where(kept.c.market == market, kept.c.user_id == user_id)).rowcount
                for kept in (table, ad_impressions)
            )
            paid = (settlements.c.market == market, settlements.c.user_id == user_id)
            connection.execute(update(settlements).where(*paid).values(user_id=None))
            copies = select(func.count()).select_from(audit_trail).where(audit_trail.c.action == EXPORTED)
            erased = Erasure(events, lists, root, connection.execute(copies).scalar_one())
            if witness is not None:
                witness(connection, erased)
        return erased


def markets_in_log(connection: Connection) -> Iterator[str]:
    """Markets that have events, in order; from one to the next by the index."""
    last = ""
    while True:
        found = connection.execute(select(func.min(table.c.market)).where(table.c.market > last)).scalar()
        if found is None:
            return
        yield (last := found)


def _outcomes(events: Sequence[Event], new: set[Key], kept: Mapping[Key, Event]) -> Iterable[Outcome]:
    unclaimed = set(new)
    for event in events:
        if event.key in unclaimed:
            unclaimed.remove(event.key)
            yield Outcome.STORED
        elif event.key not in kept:  # not new to the transaction, and gone when it looked
            raise StorageUnavailable("an event was removed while it was delivered again")
        else:
            yield Outcome.DUPLICATE if event == kept[event.key] else Outcome.CONFLICT


def _of_diner(market: str, user_id: str) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .where(table.c.market == market, table.c.user_id == user_id)
        .order_by(table.c.at.desc(), table.c.event_id)
    )


def _read_keys(connection: Connection, keys: Sequence[Key]) -> dict[Key, Event]:
    by_market: dict[str, list[str]] = {}
    for market, event_id in keys:
        by_market.setdefault(market, []).append(event_id)
    found: dict[Key, Event] = {}
    for market, ids in by_market.items():
        for start in range(0, len(ids), _CHUNK):
            chosen = with_ids(connection, market, ids[start : start + _CHUNK])
            rows = connection.execute(select(*_COLUMNS).where(*chosen))
            found.update((event.key, event) for event in map(_event, rows))
    return found


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__slots__}


def _event(row: Row[Any]) -> Event:
    return Event(**row._mapping)
