"""A split that the source itself documents, kept beside the tables: DIR/split.parquet, one row an event."""

from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data import columns as col
from data.dataset import Dataset
from data.splits import Method, Split

FILE: Final = "split.parquet"
TEST: Final = "test"
"""bool: the event is in the test part, else in the training part."""

_SCHEMA = pa.schema({col.EVENT_ID: pa.string(), TEST: pa.bool_()})


def write_split(folder: Path, parts: dict[str, bool]) -> None:
    """Write which events are in the test part, by event id; `folder` is the dataset under construction."""
    table = pa.table({col.EVENT_ID: list(parts), TEST: list(parts.values())}, schema=_SCHEMA)
    pq.write_table(table, folder / FILE, compression="zstd")


def documented_split(dataset: Dataset, events: pd.DataFrame) -> Split | None:
    """The documented split as masks over these rows of the log, which must have their event ids.

    None where the source documents none. Events that the split does not name are in neither part.
    """
    file = dataset.path / FILE
    if not file.exists():
        return None
    named = pq.read_table(file, schema=_SCHEMA).to_pandas().set_index(col.EVENT_ID)[TEST]
    part = events[col.EVENT_ID].map(named)
    train, test = (part == False).to_numpy(), (part == True).to_numpy()  # noqa: E712 - neither holds where unnamed
    return Split(Method.DOCUMENTED, train, test & False, test)
