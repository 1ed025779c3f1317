"""The rows of our tables, and writing them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from data.columns import EventType, Table
from data.dataset import ARROW_SCHEMAS, DatasetWriter

BATCH: Final = 200_000
"""Events held in memory; a batch is one row group of the file."""


@dataclass
class Restaurant:
    """One row of the restaurants; the field names are the columns'."""

    restaurant_id: str
    market: str
    name: str
    lat: float
    lon: float
    cuisines: list[str] = field(default_factory=list)
    price_level: int | None = None
    chain: str | None = None
    district: str = ""
    opened_at: int | None = None
    """Microseconds since 1970 UTC."""
    hours: list[int] | None = None
    delivery: bool = False
    tags: list[str] = field(default_factory=list)


@dataclass
class Diner:
    """One row of the diners."""

    user_id: str
    market: str
    home_lat: float | None = None
    home_lon: float | None = None
    profile: list[str] = field(default_factory=list)
    protected: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Event:
    """What an import knows of one event."""

    event_id: str
    type: EventType
    market: str
    user_id: str
    restaurant_id: str
    at: int | None = None
    """Microseconds since 1970 UTC."""
    value: float | None = None
    request_id: str | None = None
    order_id: str | None = None
    position: int | None = None
    propensity: float | None = None


class TableSink:
    """Writes rows to the tables of a dataset under construction and counts them."""

    def __init__(self, writer: DatasetWriter) -> None:
        self._writer = writer
        self._events: list[Event] = []
        self.rows: dict[Table, int] = {}

    def restaurants(self, rows: Iterable[Restaurant]) -> None:
        """Write all restaurants, in order of market and id."""
        self._write(Table.RESTAURANTS, sorted(rows, key=lambda row: (row.market, row.restaurant_id)))

    def diners(self, rows: Iterable[Diner]) -> None:
        """Write all diners, in order of market and id."""
        self._write(Table.DINERS, sorted(rows, key=lambda row: (row.market, row.user_id)))

    def event(self, event: Event) -> None:
        """Write one event, in the source's order."""
        self._events.append(event)
        if len(self._events) >= BATCH:
            self._flush()

    def close(self) -> None:
        """Write the events that wait; a source without events gets an empty table."""
        if self._events or Table.EVENTS not in self.rows:
            self._flush()

    def _flush(self) -> None:
        self._write(Table.EVENTS, self._events)
        self._events = []

    def _write(self, table: Table, rows: Sequence[Any]) -> None:
        schema = ARROW_SCHEMAS[table]
        columns = {
            name: pa.array([getattr(row, name) for row in rows], schema.field(name).type) for name in schema.names
        }
        self._writer.append(table, pa.table(columns, schema=schema))
        self.rows[table] = self.rows.get(table, 0) + len(rows)


def order_event(event_id: str, market: str, user_id: str, restaurant_id: str, at: int) -> Event:
    """A visit counts as an order of unknown amount, with an order id of its own."""
    return Event(event_id, EventType.ORDER, market, user_id, restaurant_id, at=at, order_id=event_id)
