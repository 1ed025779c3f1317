"""A dataset's events into the running system's log: history from before it ran, which retraining learns from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data import columns as col
from data.columns import Table
from data.dataset import Dataset, DatasetError
from services.audit.trail import refuse_moved
from services.clock import Clock
from services.database.event_partitions import day_of, make_days_if_free
from services.database.plain import PlainInsert
from services.database.schema import events
from services.database.transactions import reading, writing
from services.database.types import from_micros

Progress = Callable[[str, int, int], None]

_ROWS: Final = 20_000
_DAY: Final = 86_400_000_000
_DAYS_APART: Final = timedelta(days=100)
"""PostgreSQL keeps so many days of history apart; what is older shares a partition."""
_FROM_DATASET: Final = tuple(column.name for column in events.columns if column.name != "received_at")


@dataclass(frozen=True)
class ImportedEvents:
    """What became of the rows."""

    stored: int
    known: int
    """Events whose id was there already; they were left as they are."""


def import_events(engine: Engine, dataset: Dataset, market: str, progress: Progress) -> ImportedEvents:
    """Store a market's events, some thousand in each transaction; the same dataset again stores nothing more.

    They count as received when they happened, and none is billed: what was owed for them was settled elsewhere.
    Raises DatasetError where an event has no time, MarketHasMoved, StorageUnavailable.
    """
    with reading(engine) as connection:
        refuse_moved(connection, market)
    insert, oldest = PlainInsert(engine, events), day_of(Clock().now()) - _DAYS_APART
    at = [column.name for column in events.columns].index(col.AT)
    stored = read = 0
    for rows, total in _parts(dataset, market):
        days = {day_of(from_micros(number * _DAY)) for number in {row[at] // _DAY for row in rows}}
        make_days_if_free(engine, [day for day in days if day >= oldest])
        with writing(engine) as connection:
            stored += insert.execute(connection, rows)
        read += len(rows)
        progress(f"{market}: events", read, total)
    return ImportedEvents(stored, read - stored)


def _parts(dataset: Dataset, market: str) -> Iterator[tuple[list[tuple[Any, ...]], int]]:
    """Rows in the table's order of columns, times in microseconds; and how many rows the file has."""
    dataset.market(market)
    file = pq.ParquetFile(dataset.file(Table.EVENTS))
    for batch in file.iter_batches(_ROWS):
        part = pa.table(batch).filter(pc.field(col.MARKET) == market)
        if not part.num_rows:  # rows of other markets
            continue
        if part[col.AT].null_count:
            raise DatasetError(f"{dataset.file(Table.EVENTS)} has events without a time: the log cannot keep them")
        columns = {name: part[name] for name in _FROM_DATASET}
        columns[col.AT] = columns[col.AT].cast(pa.int64())
        lists = {name: values.to_pylist() for name, values in columns.items()}
        lists["received_at"] = lists[col.AT]
        yield list(zip(*(lists[column.name] for column in events.columns), strict=True)), file.metadata.num_rows
