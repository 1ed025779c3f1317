"""A market with rows in every table that has some of a market, and homes for it, for the tests of moves."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from happenings import NOON
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from release_records import save_versions
from sqlalchemy import Boolean, Column, Engine, Float, Integer, LargeBinary, Table, insert, select
from test_tampering import Books

from data.columns import EventType
from services.catalogue.store import CatalogueStore
from services.database.schema import audit_trail, billing_queue, events, metadata, served_lists, served_seals
from services.database.transactions import reading, writing
from services.database.types import JsonList, UtcTime
from services.markets.homes import Home
from services.markets.rows import BOUND
from services.settings import Settings

MARKET = "aldermoor"
OTHER = "bramble"
ROWS = 3
_STATES = ["finished", "running", "queued"]
_TYPES = [EventType.CLICK, EventType.ORDER, EventType.IMPRESSION]


def filled_home(engine: Engine, home: Path) -> Home:
    """A home with two markets. Of the first every table has rows, and the trail and the lists have a history."""
    store = CatalogueStore(engine)
    store.load(ALDERMOOR, restaurants("A", "B"), diners("d1"))
    store.load(BRAMBLE, restaurants("C", of=OTHER), diners("d2", of=OTHER))
    settings = Settings(home=home, settle_after_seconds=0)
    versions = save_versions(settings.artifacts, ROWS, MARKET)
    Books(engine)
    for market in (MARKET, OTHER):
        for table in BOUND:
            if table in (served_lists, served_seals) or (market == OTHER and table is events):
                continue
            rows = [_row(table, market, number) for number in range(_rows(table))]
            for row, version in zip(rows, versions, strict=False):
                if "version" in row and isinstance(row["version"], str):
                    row["version"] = version.version
                if "path" in row:
                    row["path"] = str(version.path)
            with writing(engine) as connection:
                connection.execute(insert(table), rows)
    return Home(settings, engine)


def rows_of(engine: Engine, market: str) -> dict[str, list[dict[str, Any]]]:
    """Everything in the database that names the market, but the trail, by table, in the order of the keys."""
    found = {}
    with reading(engine) as connection:
        for table in metadata.sorted_tables:
            if "market" in table.c and table is not audit_trail:
                chosen = select(table).where(table.c.market == market).order_by(*table.primary_key.columns)
                found[table.name] = [dict(row._mapping) for row in connection.execute(chosen)]
    return found


def _rows(table: Table) -> int:
    """One where the market is the whole key."""
    return 1 if len(table.primary_key.columns) == 1 else ROWS


def _row(table: Table, market: str, number: int) -> dict[str, Any]:
    row = {column.name: _value(column, number) for column in table.columns}
    row["market"] = market
    if "state" in row and table.name == "retraining_runs":
        row["state"] = _STATES[number]
    if "type" in row:
        row["type"] = _TYPES[number]
    if table is billing_queue:
        row["received_at"] = NOON
    return row


def _value(column: Column[Any], number: int) -> Any:
    """Another one for each row; the same for columns of one name, so that rows refer to one another."""
    if column.nullable and number == ROWS - 1:
        return None
    kinds: Iterator[tuple[type[Any], Any]] = iter(
        [
            (UtcTime, NOON + timedelta(hours=number, microseconds=number)),
            (JsonList, [f"é{number}", number]),
            (Boolean, bool(number % 2)),
            (Float, number + 0.1),
            (Integer, number + 1),
            (LargeBinary, bytes([0, 255, number])),
        ]
    )
    return next((value for kind, value in kinds if isinstance(column.type, kind)), f"{column.name} {number}")
