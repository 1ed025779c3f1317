"""Rows of a campaigns table from a CSV or Parquet file, as the file has them; what they mean is for others to say."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from data import columns as col
from data.importers.rejects import Place, RowLog
from data.importers.report import ImportFailed, reading
from data.importers.sources import header_of, read_rows

REQUIRED: Final = (
    col.CAMPAIGN_ID,
    col.RESTAURANT_ID,
    col.PAYER,
    col.BID,
    col.BILLING,
    col.DAILY_BUDGET,
    col.TOTAL_BUDGET,
)
OPTIONAL: Final = (col.MARKET, col.STARTS_AT, col.ENDS_AT)


def read_campaigns(path: Path, log: RowLog) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Each row with its place; cells that are empty are left out, other columns too.

    A CSV's place is its line, a Parquet file's the number of the row from 1. Rows that are no rows go to the log.
    Raises ImportFailed where the file cannot be read or lacks a column of REQUIRED.
    """
    rows = _parquet(path, log) if path.suffix.lower() == ".parquet" else _delimited(path, log)
    for at, cells in rows:
        yield at, {name: cells[name] for name in (*REQUIRED, *OPTIONAL) if cells.get(name) not in (None, "")}


def _delimited(path: Path, log: RowLog) -> Iterator[tuple[Place, dict[str, Any]]]:
    _, delimiter = header_of(path)
    for row in read_rows(path, log, required=REQUIRED, delimiter=delimiter):
        yield row.at, dict(row.cells)


def _parquet(path: Path, log: RowLog) -> Iterator[tuple[Place, dict[str, Any]]]:
    with reading(path):
        path.stat()
    try:
        with pq.ParquetFile(path) as file:
            _demand(path, file.schema_arrow.names)
            rows = (cells for batch in file.iter_batches() for cells in batch.to_pylist())
            for number, cells in enumerate(rows, 1):
                log.count(path.name).read += 1
                yield Place(path.name, number), cells
    except (pa.ArrowException, OSError) as error:
        raise ImportFailed(f"{path} is no Parquet file that can be read: {error}") from None


def _demand(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ImportFailed(f"{path} has no column {', '.join(missing)} (found: {', '.join(names)[:200]}).")
