"""A market's rows, table by table, from one database into another, and whether they are the same in both.

Rows are read and written as the drivers take them, in the order of their keys, which is the same on both servers. What
has been copied of a table is a beginning of it, so that a copy that was broken off is gone on with; where it is no
beginning any more, for the source has changed, it is cleared away and made anew.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Select,
    Table,
    delete,
    or_,
    select,
    tuple_,
)

from data import columns as col
from services.clock import Clock
from services.database import lesson_tables, stakeholder_tables  # noqa: F401 - their tables are of the same metadata
from services.database.event_partitions import day_of, make_days_if_free
from services.database.plain import PlainInsert, plain_rows
from services.database.retraining_tables import retraining_runs, retraining_steps
from services.database.schema import audit_trail, events, market_moves, markets, metadata, model_versions
from services.database.transactions import reading, writing
from services.database.types import from_micros
from services.retraining.runs import RunState

Row = tuple[Any, ...]
Told = Callable[[str, int], None]
"""Called with a table's name and the number of its rows that are there."""

APART: Final = (markets, market_moves, audit_trail)
"""Tables of markets that are not copied row by row: the move's own steps see to them."""
BOUND: Final = tuple(table for table in metadata.sorted_tables if col.MARKET in table.c and table not in APART)
"""The tables that a market's rows are copied of, each after those that it refers to."""
_ROWS: Final = 1_000
_LARGE_ROWS: Final = 50
_DAYS_APART: Final = timedelta(days=100)
_FROM: Final = "path"
"""The column of `model_versions` that is another one in each home."""


@dataclass(frozen=True)
class Content:
    """What a table has of a market."""

    rows: int
    digest: str
    """sha256 over the rows in the order of their keys, hexadecimal."""


class _Sum:
    """A content as it is read."""

    def __init__(self, table: Table) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()
        self._own = [index for index, column in enumerate(table.columns) if _is_of_the_home(column)]
        self._truths = _truths(table)

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            values = list(row)
            for index in self._own:
                values[index] = None
            for index in self._truths:
                values[index] = None if row[index] is None else int(row[index])
            self._hash.update(orjson.dumps(values, default=_digest) + b"\n")
            self.rows += 1

    @property
    def content(self) -> Content:
        return Content(self.rows, self._hash.hexdigest())


def contents(connection: Connection, market: str) -> dict[str, Content]:
    """By table."""
    return {str(table.name): content(connection, table, market) for table in BOUND}


def content(connection: Connection, table: Table, market: str, first: int | None = None) -> Content:
    """What a table has of the market, or its first so many rows."""
    found = _Sum(table)
    for rows in _rows_of(connection, table, market):
        found.add(rows if first is None else rows[: first - found.rows])
        if first is not None and found.rows >= first:
            break
    return found.content


class Copier:
    """Copies a market's rows into one database."""

    def __init__(self, target: Engine, market: str, artifacts: Path) -> None:
        """`artifacts`: the target's, which the versions lie in."""
        self._target = target
        self._market = market
        self._artifacts = artifacts
        self._oldest_day = day_of(Clock().now()) - _DAYS_APART

    def copy(self, source: Connection, tell: Told) -> None:
        """Make the target's rows those that the source's transaction sees.

        What is the same already is left as it is. Nobody but the caller may change the market's rows in the target.
        """
        self._clear(self._wrong(source))
        for table in BOUND:
            self._go_on(source, table, tell)

    def add(self, table: Table, rows: list[Row]) -> int:
        """Store rows that are not there; how many were new."""
        if table is events:
            at = list(table.c).index(table.c[col.AT])
            days = {day_of(from_micros(row[at])) for row in rows}
            make_days_if_free(self._target, [day for day in days if day >= self._oldest_day])
        with writing(self._target) as connection:
            return PlainInsert(self._target, table).execute(connection, [self._here(table, row) for row in rows])

    def _wrong(self, source: Connection) -> list[Table]:
        """Tables of which the target has what is no beginning of the source's, with those that refer to them."""
        wrong: list[Table] = []
        for table in BOUND:
            with reading(self._target) as connection:
                there = content(connection, table, self._market)
            refers = any(key.column.table in wrong for key in table.foreign_keys)
            if refers or (there.rows and content(source, table, self._market, there.rows) != there):
                wrong.append(table)
        return wrong

    def _clear(self, tables: Collection[Table]) -> None:
        for table in reversed(list(tables)):
            remove(self._target, table, self._market)

    def _go_on(self, source: Connection, table: Table, tell: Told) -> None:
        with reading(self._target) as connection:
            there = content(connection, table, self._market).rows
        done = 0
        for rows in _rows_of(source, table, self._market):
            if new := rows[max(0, there - done) :]:
                self.add(table, new)
            done += len(rows)
            tell(table.name, done)

    def _here(self, table: Table, row: Row) -> Row:
        values = list(row)
        for index in _truths(table):
            values[index] = None if row[index] is None else bool(row[index])
        if table is model_versions:
            named = dict(zip(table.c.keys(), row, strict=True))
            values[list(named).index(_FROM)] = str(self._artifacts / named[col.MARKET] / Path(named[_FROM]).name)
        return tuple(values)


def remove(engine: Engine, table: Table, market: str, *where: ColumnElement[bool]) -> int:
    """Remove a market's rows, some at a time, so that no other writer waits for long; how many."""
    keys = list(table.primary_key.columns)
    chosen = select(*keys).where(table.c[col.MARKET] == market, *where).limit(_ROWS)
    statement = delete(table).where(tuple_(*keys).in_(chosen))
    removed = 0
    while True:
        with writing(engine) as connection:
            gone = connection.execute(statement).rowcount
        removed += gone
        if gone < _ROWS:
            return removed


def _rows_of(connection: Connection, table: Table, market: str) -> Iterator[list[Row]]:
    large = any(isinstance(column.type, LargeBinary) for column in table.columns)
    return plain_rows(connection, _chosen(table, market), _LARGE_ROWS if large else _ROWS)


def _chosen(table: Table, market: str) -> Select[Any]:
    """All rows of a market, but steps of runs that are not over: these lie in files that do not move."""
    statement = select(*table.columns).where(table.c[col.MARKET] == market).order_by(*table.primary_key.columns)
    if table is not retraining_steps:
        return statement
    is_over = or_(*(retraining_runs.c.state == state.value for state in RunState if state.is_over))
    runs = (retraining_runs.c.market == table.c.market, retraining_runs.c.run_id == table.c.run_id)
    return statement.where(select(retraining_runs.c.run_id).where(*runs, is_over).exists())


def named(table: Table, row: Row) -> Mapping[str, Any]:
    """A row by the names of its columns."""
    return dict(zip(table.c.keys(), row, strict=True))


def _is_of_the_home(column: Any) -> bool:
    return column.table is model_versions and column.name == _FROM


def _truths(table: Table) -> list[int]:
    """Columns that are numbers on one server and truth values on the other."""
    return [index for index, column in enumerate(table.columns) if isinstance(column.type, Boolean)]


def _digest(value: Any) -> str:
    return "sha256:" + hashlib.sha256(value).hexdigest()
