"""The running system's tables as a dataset on disk, for retraining: what `Dataset.open` reads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Engine, Select, select

from data import columns as col
from data.columns import EventType, Table
from data.dataset import ARROW_SCHEMAS, Dataset, DatasetWriter, Manifest, MarketInfo, writing
from services.database import schema
from services.database.transactions import reading

Placements = Callable[[bytes], Mapping[str, tuple[int, float]]]
"""From a served list's document to each restaurant's position (1 = top) and propensity."""

Draws = Callable[[bytes], Mapping[str, Any] | None]
"""From a served list's document to its columns as a drawn list; None where nothing was left to chance."""

_ROWS: Final = 20_000
_LISTS: Final = 2_000
_IDS: Final = 500


def export_dataset(
    engine: Engine,
    path: Path,
    markets: Sequence[str] | None = None,
    until: datetime | None = None,
    placements: Placements | None = None,
    draws: Draws | None = None,
) -> Dataset:
    """Write some markets, or all, to a dataset at `path`, and open it; its source is `home`.

    All tables come from one state of the database, whatever is written meanwhile, and only events before `until` are
    in it: the same call on the same data gives the same snapshot hash. With `placements` an impression carries the
    position and propensity of the served list that its request id names; with `draws` the lists in which something was
    left to chance are a table of their own, from which other policies can be valued. Raises StorageUnavailable,
    DatasetError.
    """
    with reading(engine) as connection, writing(path) as writer:
        infos = tuple(_infos(connection, markets))
        keys = [info.market for info in infos]
        for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
            writer.append(table, ARROW_SCHEMAS[table].empty_table())
        for market in keys:
            _copy(connection, writer, Table.RESTAURANTS, _ordered(schema.restaurants, market, col.RESTAURANT_ID))
            _copy(connection, writer, Table.DINERS, _ordered(schema.diners, market, col.USER_ID))
            events = _ordered(schema.events, market, col.AT, col.EVENT_ID)
            if until is not None:
                events = events.where(schema.events.c.at < until)
            _copy(connection, writer, Table.EVENTS, events, placements)
            if draws is not None:
                _copy_lists(connection, writer, market, until, draws)
        writer.finish(Manifest(source="home", markets=infos, repeats=True, has_times=True))
    return Dataset.open(path)


def _infos(connection: Connection, markets: Sequence[str] | None) -> Iterator[MarketInfo]:
    statement = select(schema.markets).order_by(schema.markets.c.market)
    if markets is not None:
        statement = statement.where(schema.markets.c.market.in_(markets))
    for row in connection.execute(statement):
        yield MarketInfo(**{name: row._mapping[name] for name in MarketInfo.model_fields})


def _ordered(table: Any, market: str, *order: str) -> Select[Any]:
    return select(table).where(table.c.market == market).order_by(*(table.c[name] for name in order))


def _copy(
    connection: Connection,
    writer: DatasetWriter,
    table: Table,
    statement: Select[Any],
    placements: Placements | None = None,
) -> None:
    """Rows in parts, so that a long log needs little memory."""
    names = set(statement.selected_columns.keys()) & set(ARROW_SCHEMAS[table].names)
    for part in connection.execute(statement, execution_options={"yield_per": _ROWS}).partitions():
        rows = [{name: row._mapping[name] for name in names} for row in part]
        if placements is not None:
            _place(connection, rows, placements)
        writer.append(table, pa.Table.from_pylist(rows, schema=ARROW_SCHEMAS[table]))


def _copy_lists(
    connection: Connection, writer: DatasetWriter, market: str, until: datetime | None, draws: Draws
) -> None:
    statement = _ordered(schema.served_lists, market, col.AT, col.REQUEST_ID)
    if until is not None:
        statement = statement.where(schema.served_lists.c.at < until)
    heads = (col.REQUEST_ID, col.MARKET, col.USER_ID, col.AT)
    writer.append(Table.LISTS, ARROW_SCHEMAS[Table.LISTS].empty_table())
    for part in connection.execute(statement, execution_options={"yield_per": _LISTS}).partitions():
        drawn = [(row, draws(row.document)) for row in part]
        rows = [{**{name: row._mapping[name] for name in heads}, **draw} for row, draw in drawn if draw is not None]
        writer.append(Table.LISTS, pa.Table.from_pylist(rows, schema=ARROW_SCHEMAS[Table.LISTS]))


def _place(connection: Connection, rows: Sequence[dict[str, Any]], placements: Placements) -> None:
    """Give impressions the position and propensity of their served list, where there is one."""
    seen = [row for row in rows if row[col.TYPE] == EventType.IMPRESSION and row[col.REQUEST_ID] is not None]
    lists = schema.served_lists
    wanted = sorted({row[col.REQUEST_ID] for row in seen})
    placed: dict[tuple[str, str], Mapping[str, tuple[int, float]]] = {}
    for start in range(0, len(wanted), _IDS):
        chosen = lists.c.request_id.in_(wanted[start : start + _IDS])
        for row in connection.execute(select(lists.c.market, lists.c.request_id, lists.c.document).where(chosen)):
            placed[row.market, row.request_id] = placements(row.document)
    for event in seen:
        place = placed.get((event[col.MARKET], event[col.REQUEST_ID]), {}).get(event[col.RESTAURANT_ID])
        if place is not None:
            event[col.POSITION], event[col.PROPENSITY] = place
