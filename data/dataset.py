"""A dataset on disk: one folder with a manifest and one Parquet file a table.

DIR/dataset.json          manifest: where it comes from, its markets, and the sha256 of each table
DIR/restaurants.parquet   DIR/diners.parquet   DIR/events.parquet   DIR/campaigns.parquet   DIR/lists.parquet
DIR/truth/                synthetic cities only: the latent truth, never read by training
DIR/rejects.csv           imports only: every refused row with its reason
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data import columns as col
from data.columns import EventType, Table

MANIFEST = "dataset.json"
TRUTH = "truth"
SCHEMA_VERSION = 1
SURELY_SHOWN_KM = "surely_shown_km"
"""Of the manifest's parameters: who is open this near to a home had a positive chance in each list of the log."""

_TEXT, _TEXTS, _TIME = pa.string(), pa.list_(pa.string()), pa.timestamp("us", tz="UTC")

ARROW_SCHEMAS: dict[Table, pa.Schema] = {
    Table.RESTAURANTS: pa.schema(
        {
            col.RESTAURANT_ID: _TEXT,
            col.MARKET: _TEXT,
            col.NAME: _TEXT,
            col.LAT: pa.float64(),
            col.LON: pa.float64(),
            col.CUISINES: _TEXTS,
            col.PRICE_LEVEL: pa.int8(),
            col.CHAIN: _TEXT,
            col.DISTRICT: _TEXT,
            col.OPENED_AT: _TIME,
            col.HOURS: pa.list_(pa.int32()),
            col.DELIVERY: pa.bool_(),
            col.TAGS: _TEXTS,
        }
    ),
    Table.DINERS: pa.schema(
        {
            col.USER_ID: _TEXT,
            col.MARKET: _TEXT,
            col.HOME_LAT: pa.float64(),
            col.HOME_LON: pa.float64(),
            col.PROFILE: _TEXTS,
            col.PROTECTED: _TEXTS,
        }
    ),
    Table.EVENTS: pa.schema(
        {
            col.EVENT_ID: _TEXT,
            col.TYPE: _TEXT,
            col.MARKET: _TEXT,
            col.USER_ID: _TEXT,
            col.RESTAURANT_ID: _TEXT,
            col.REQUEST_ID: _TEXT,
            col.ORDER_ID: _TEXT,
            col.AT: _TIME,
            col.POSITION: pa.int16(),
            col.PROPENSITY: pa.float32(),
            col.VALUE: pa.float32(),
        }
    ),
    Table.CAMPAIGNS: pa.schema(
        {
            col.CAMPAIGN_ID: _TEXT,
            col.MARKET: _TEXT,
            col.RESTAURANT_ID: _TEXT,
            col.PAYER: _TEXT,
            col.BID: pa.int64(),
            col.BILLING: _TEXT,
            col.DAILY_BUDGET: pa.int64(),
            col.TOTAL_BUDGET: pa.int64(),
            col.STARTS_AT: _TIME,
            col.ENDS_AT: _TIME,
        }
    ),
    Table.LISTS: pa.schema(
        {
            col.REQUEST_ID: _TEXT,
            col.MARKET: _TEXT,
            col.USER_ID: _TEXT,
            col.AT: _TIME,
            col.RESTAURANT_IDS: _TEXTS,
            col.PROPENSITIES: pa.list_(pa.float64()),
            col.ALSO_SHOWN: _TEXTS,
            col.CANDIDATES: _TEXTS,
            col.LAT_FROM: pa.float64(),
            col.LON_FROM: pa.float64(),
        }
    ),
}


class DatasetError(Exception):
    """A folder that is no dataset, or a damaged one; the message names the folder and the mend."""


class MarketInfo(BaseModel):
    """A market (city): the unit by which models, catalogues, caches and budgets are partitioned."""

    model_config = ConfigDict(frozen=True)

    market: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    title: str = ""
    time_zone: str = "UTC"
    """IANA name; opening hours are local to it."""
    currency: str = "EUR"
    """ISO 4217 code; money is in its integer minor units."""
    lat: float = 0.0
    lon: float = 0.0
    """The centre."""


class Manifest(BaseModel):
    """What `dataset.json` says."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    source: str
    """`synthetic`, `uci`, `movielens`, `checkins`, `csv` or `home` (a snapshot of a running system)."""
    markets: tuple[MarketInfo, ...]
    repeats: bool
    """Whether diners come back to the same restaurant: then known items stay in the ranking when it is evaluated."""
    has_times: bool
    """False: no event has a time, so nothing can be split by it."""
    assumptions: tuple[str, ...] = ()
    """What the importer had to assume, in words."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Seed and sizes of a synthetic city; options of an import."""
    tables: dict[Table, str] = Field(default_factory=dict)
    """sha256 of each table's file."""


@dataclass(frozen=True)
class Dataset:
    """A dataset opened for reading. Tables are read when asked for, a market or a few columns at a time."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the manifest; raise DatasetError where there is none or it cannot be read."""
        file = path / MANIFEST
        try:
            manifest = Manifest.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            raise DatasetError(
                f"{path} is no dataset: it has no {MANIFEST}. Make one with `tablestakes generate` or `import`."
            ) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise DatasetError(f"{file}: {where}: {first['msg']}") from None
        if manifest.schema_version != SCHEMA_VERSION:
            raise DatasetError(
                f"{file} has schema version {manifest.schema_version}; this program reads {SCHEMA_VERSION}: redo it."
            )
        return cls(path, manifest)

    @property
    def snapshot(self) -> str:
        """Hash of the content of all tables: the same data has the same snapshot wherever it lies."""
        return hashlib.sha256(json.dumps(self.manifest.tables, sort_keys=True).encode()).hexdigest()

    @property
    def markets(self) -> tuple[str, ...]:
        """The markets' keys, in the manifest's order."""
        return tuple(info.market for info in self.manifest.markets)

    def market(self, market: str) -> MarketInfo:
        """The market's description; raise DatasetError for one that the dataset does not have."""
        for info in self.manifest.markets:
            if info.market == market:
                return info
        raise DatasetError(f"{self.path} has no market {market!r}; it has {', '.join(self.markets)}.")

    def has(self, table: Table) -> bool:
        """Whether the dataset has this table."""
        return self.file(table).exists()

    def file(self, table: Table) -> Path:
        """The table's Parquet file."""
        return self.path / f"{table}.parquet"

    def restaurants(self, market: str | None = None) -> pd.DataFrame:
        """The restaurants of a market, or of all."""
        return self._read(Table.RESTAURANTS, market)

    def diners(self, market: str | None = None) -> pd.DataFrame:
        """The diners of a market, or of all."""
        return self._read(Table.DINERS, market)

    def campaigns(self, market: str | None = None) -> pd.DataFrame:
        """The campaigns of a market, or of all."""
        return self._read(Table.CAMPAIGNS, market)

    def lists(
        self, market: str | None = None, since: pd.Timestamp | None = None, until: pd.Timestamp | None = None
    ) -> pd.DataFrame:
        """The drawn lists of a market in [since, until), in the log's order."""
        return self._read(Table.LISTS, market, _between(since, until))

    def events(
        self,
        market: str | None = None,
        types: Sequence[EventType] | None = None,
        columns: Sequence[str] | None = None,
        since: pd.Timestamp | None = None,
        until: pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """The events of a market, of some types, in [since, until), in the log's order; naming these saves memory."""
        filters: list[tuple[str, str, object]] = []
        if types is not None:
            filters.append((col.TYPE, "in", [str(kind) for kind in types]))
        filters += _between(since, until)
        return self._read(Table.EVENTS, market, filters, columns)

    def write_part(self, market: str, folder: Path) -> None:
        """Write this dataset with the rows of one market alone into a folder that is made; the rest is as it is.

        The manifest stays, so what is opened there has the same snapshot, and what is learnt of the market is the same.
        """
        self.market(market)
        folder.mkdir(parents=True)
        tables = {self.file(table).name: table for table in Table}
        for file in sorted(path for path in self.path.rglob("*") if path.is_file()):
            target = folder / file.relative_to(self.path)
            if file.name in tables and file.parent == self.path:
                rows = self._table(tables[file.name], market)
                pq.write_table(rows, target, compression="zstd")
            elif file.parent.name != TRUTH or file.stem == market:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)

    def _read(
        self,
        table: Table,
        market: str | None,
        filters: Sequence[tuple[str, str, object]] = (),
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        return to_pandas(self._table(table, market, filters, columns))

    def _table(
        self,
        table: Table,
        market: str | None,
        filters: Sequence[tuple[str, str, object]] = (),
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        if market is not None:
            self.market(market)
            filters = [*filters, (col.MARKET, "=", market)]
        try:
            return pq.read_table(
                self.file(table),
                columns=list(columns) if columns is not None else None,
                filters=list(filters) or None,
                schema=ARROW_SCHEMAS[table],
            )
        except (FileNotFoundError, pa.ArrowInvalid, OSError) as error:
            raise DatasetError(f"{self.file(table)} cannot be read: {error}") from error


def _between(since: pd.Timestamp | None, until: pd.Timestamp | None) -> list[tuple[str, str, object]]:
    return [(col.AT, sign, time) for sign, time in ((">=", since), ("<", until)) if time is not None]


def to_pandas(arrow: pa.Table) -> pd.DataFrame:
    """Arrow to the dtypes that `data.schemas` demands (nullable small integers, `str`, UTC times)."""
    nullable = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype()}
    frame: pd.DataFrame = arrow.to_pandas(types_mapper=nullable.get)
    return frame


def to_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """A frame with the table's columns, in any order, as Arrow with the table's exact types."""
    schema = ARROW_SCHEMAS[table]
    return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)


class DatasetWriter:
    """Writes a dataset beside its place and moves it there when it is whole; see `writing`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The folder under construction: extra files (`truth/`, `rejects.csv`) go here."""
        self._writers: dict[Table, pq.ParquetWriter] = {}

    def append(self, table: Table, part: pd.DataFrame | pa.Table) -> None:
        """Append rows; a long log can be written in parts, each a row group."""
        if isinstance(part, pd.DataFrame):
            part = to_arrow(part, table)
        if table not in self._writers:
            file = self.path / f"{table}.parquet"
            self._writers[table] = pq.ParquetWriter(file, ARROW_SCHEMAS[table], compression="zstd")
        self._writers[table].write_table(part)

    def finish(self, manifest: Manifest) -> None:
        """Close the tables and write the manifest with their hashes."""
        self.close()
        hashes = {table: _sha256(self.path / f"{table}.parquet") for table in self._writers}
        text = manifest.model_copy(update={"tables": hashes}).model_dump_json(indent=2)
        (self.path / MANIFEST).write_text(text + "\n")

    def close(self) -> None:
        """Close the open files."""
        for writer in self._writers.values():
            writer.close()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[DatasetWriter]:
    """Build a dataset that appears at `path` whole or not at all.

    The body must call `finish`. A dataset that stands at `path` already is replaced; a folder that holds something
    else is refused with a DatasetError, so that a wrong `--out` cannot erase anything.
    """
    path = path.absolute()
    if path.exists() and not path.is_dir():
        raise DatasetError(f"{path} is a file: name a folder.")
    if path.exists() and any(path.iterdir()) and not (path / MANIFEST).exists():
        raise DatasetError(f"{path} holds something that is no dataset: name another folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
    building.mkdir()
    writer = DatasetWriter(building)
    try:
        yield writer
        if not (building / MANIFEST).exists():
            raise DatasetError("the dataset was not finished")
        _replace(building, path)
    finally:
        writer.close()
        shutil.rmtree(building, ignore_errors=True)


def _replace(new: Path, path: Path) -> None:
    """Move `new` to `path`. A folder cannot be replaced in one step, so the old one steps aside first."""
    aside = path.parent / f".{path.name}.{secrets.token_hex(4)}.old"
    if path.exists():
        os.rename(path, aside)
    os.rename(new, path)
    shutil.rmtree(aside, ignore_errors=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
