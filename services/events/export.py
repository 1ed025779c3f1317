"""The running system's tables as a dataset on disk, for retraining: what `Dataset.open` reads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, Boolean, Column, Connection, Engine, Select, or_, select, type_coerce

from data import columns as col
from data.columns import EventType, Table
from data.dataset import ARROW_SCHEMAS, Dataset, DatasetWriter, Manifest, MarketInfo, writing
from services.database import schema
from services.database.plain import plain_rows
from services.database.transactions import reading
from services.database.types import JsonList, micros

Placements = Callable[[bytes], Mapping[str, tuple[int, float]]]
"""From a served list's document to each restaurant's position (1 = top) and propensity."""

Draws = Callable[[bytes], Mapping[str, Any] | None]
"""From a served list's document to its columns as a drawn list; None where nothing was left to chance."""

_ROWS: Final = 50_000
_LISTS: Final = 2_000
_IDS: Final = 500


def export_dataset(
    engine: Engine,
    path: Path,
    markets: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    placements: Placements | None = None,
    received_before: datetime | None = None,
    draws: Draws | None = None,
) -> Dataset:
    """Write some markets, or all, to a dataset at `path`, and open it; its source is `home`.

    All tables come from one state of the database, whatever is written meanwhile, and only events in [`since`, `until`)
    that were received before `received_before` are in it: the same call on the same data gives the same snapshot hash.
    Whoever has events but no profile is a diner of whom nothing else is known. With `placements` an impression that has
    no position of its own gets that of the served list that its request id names, and its propensity; with `draws` the
    lists in which something was left to chance are a table of their own, from which other policies can be valued.
    Raises StorageUnavailable, DatasetError.
    """
    with reading(engine) as connection, writing(path) as writer:
        infos = tuple(_infos(connection, markets))
        for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
            writer.append(table, ARROW_SCHEMAS[table].empty_table())
        for info in infos:
            _copy_market(
                connection, writer, info.market, _events(info.market, since, until, received_before), placements
            )
            if draws is not None:
                _copy_lists(connection, writer, info.market, since, until, draws)
        writer.finish(Manifest(source="home", markets=infos, repeats=True, has_times=True))
    return Dataset.open(path)


def _infos(connection: Connection, markets: Sequence[str] | None) -> Iterator[MarketInfo]:
    statement = select(schema.markets).order_by(schema.markets.c.market)
    if markets is not None:
        statement = statement.where(schema.markets.c.market.in_(markets))
    for row in connection.execute(statement):
        yield MarketInfo(**{name: row._mapping[name] for name in MarketInfo.model_fields})


def _copy_market(
    connection: Connection, writer: DatasetWriter, market: str, events: Select[Any], placements: Placements | None
) -> None:
    """Rows in parts, so that a long log needs little memory."""
    for table, source, key in (
        (Table.RESTAURANTS, schema.restaurants, col.RESTAURANT_ID),
        (Table.DINERS, schema.diners, col.USER_ID),
    ):
        for part in _parts(connection, _ordered(source, table, market, key), table, market):
            writer.append(table, part)
    seen: set[str] = set()
    for part in _parts(connection, events, Table.EVENTS, market):
        seen.update(pc.unique(part[col.USER_ID]).to_pylist())
        writer.append(Table.EVENTS, part if placements is None else _placed(connection, market, part, placements))
    known = select(schema.diners.c.user_id).where(schema.diners.c.market == market)
    if nameless := sorted(seen - set(connection.execute(known).scalars())):
        writer.append(Table.DINERS, _without_profile(market, nameless))


def _copy_lists(
    connection: Connection,
    writer: DatasetWriter,
    market: str,
    since: datetime | None,
    until: datetime | None,
    draws: Draws,
) -> None:
    lists = schema.served_lists
    statement = select(lists).where(lists.c.market == market).order_by(lists.c.at, lists.c.request_id)
    if since is not None:
        statement = statement.where(lists.c.at >= since)
    if until is not None:
        statement = statement.where(lists.c.at < until)
    heads = (col.REQUEST_ID, col.MARKET, col.USER_ID, col.AT)
    writer.append(Table.LISTS, ARROW_SCHEMAS[Table.LISTS].empty_table())
    for part in connection.execute(statement, execution_options={"yield_per": _LISTS}).partitions():
        drawn = [(row, draws(row.document)) for row in part]
        rows = [{**{name: row._mapping[name] for name in heads}, **draw} for row, draw in drawn if draw is not None]
        writer.append(Table.LISTS, pa.Table.from_pylist(rows, schema=ARROW_SCHEMAS[Table.LISTS]))


def _ordered(source: Any, table: Table, market: str, *order: str) -> Select[Any]:
    """The dataset's columns but the market."""
    columns = [source.c[name] for name in ARROW_SCHEMAS[table].names if name in source.c and name != col.MARKET]
    return select(*columns).where(source.c.market == market).order_by(*(source.c[name] for name in order))


def _events(
    market: str, since: datetime | None, until: datetime | None, received_before: datetime | None
) -> Select[Any]:
    statement = _ordered(schema.events, Table.EVENTS, market, col.AT, col.EVENT_ID)
    if since is not None:
        statement = statement.where(_plain(schema.events.c.at) >= micros(since))
    if until is not None:
        statement = statement.where(_plain(schema.events.c.at) < micros(until))
    if received_before is not None:
        received = schema.events.c.received_at
        statement = statement.where(or_(received.is_(None), _plain(received) < micros(received_before)))
    return statement


def _plain(column: Column[Any]) -> Any:
    """A time as the integer that it is kept as."""
    return type_coerce(column, BigInteger)


def _parts(connection: Connection, statement: Select[Any], table: Table, market: str) -> Iterator[pa.Table]:
    names = statement.selected_columns.keys()
    kinds = ARROW_SCHEMAS[table]
    of_type = {name: column.type for name, column in statement.selected_columns.items()}
    for rows in plain_rows(connection, statement, _ROWS):
        columns: dict[str, Any] = {col.MARKET: pa.repeat(market, len(rows))}
        for name, values in zip(names, zip(*rows, strict=True), strict=True):
            columns[name] = pa.array(_cells(of_type[name], values), kinds.field(name).type)
        yield pa.table([columns[name] for name in kinds.names], schema=kinds)


def _cells(of_type: Any, values: Sequence[Any]) -> Sequence[Any]:
    """What the driver gave as what it means."""
    if isinstance(of_type, JsonList):
        return [None if text is None else orjson.loads(text) for text in values]
    return [bool(value) for value in values] if isinstance(of_type, Boolean) else values


def _without_profile(market: str, ids: list[str]) -> pa.Table:
    kinds, n = ARROW_SCHEMAS[Table.DINERS], len(ids)
    empty: dict[str, Any] = {col.HOME_LAT: [None] * n, col.HOME_LON: [None] * n, col.PROFILE: [[]] * n}
    return pa.table({col.USER_ID: ids, col.MARKET: [market] * n, **empty, col.PROTECTED: [[]] * n}, schema=kinds)


def _placed(connection: Connection, market: str, part: pa.Table, placements: Placements) -> pa.Table:
    """Give impressions without a position that of their served list, where there is one, and its propensity."""
    shown = pc.equal(part[col.TYPE], EventType.IMPRESSION)
    asked = pc.and_(pc.is_null(part[col.POSITION]), pc.is_valid(part[col.REQUEST_ID]))
    open_ones = pc.and_(shown, asked).combine_chunks()
    rows = pc.indices_nonzero(open_ones)
    if not len(rows):
        return part
    requests, places = part[col.REQUEST_ID].take(rows).to_pylist(), part[col.RESTAURANT_ID].take(rows).to_pylist()
    lists, wanted = schema.served_lists, sorted(set(requests))
    placed: dict[str, Mapping[str, tuple[int, float]]] = {}
    for start in range(0, len(wanted), _IDS):
        chosen = (lists.c.market == market) & lists.c.request_id.in_(wanted[start : start + _IDS])
        for found in connection.execute(select(lists.c.request_id, lists.c.document).where(chosen)):
            placed[found.request_id] = placements(found.document)
    nowhere: tuple[int | None, float | None] = (None, None)
    found_places = [
        placed.get(request, {}).get(place, nowhere) for request, place in zip(requests, places, strict=True)
    ]
    for name, values in zip((col.POSITION, col.PROPENSITY), zip(*found_places, strict=True), strict=True):
        at, field = part.schema.get_field_index(name), part.schema.field(name)
        filled = pc.replace_with_mask(part[name].combine_chunks(), open_ones, pa.array(values, field.type))
        part = part.set_column(at, field, filled)
    return part
