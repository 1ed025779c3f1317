"""Is a dataset fit to be learnt from? All faults at once, its size, its gaps, and what each seat can do with it."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from data import columns as col
from data.checks import Finding, MarketTables, Severity, all_checks
from data.columns import Table
from data.computable import Facts, SeatReport, by_seat
from data.dataset import Dataset, DatasetError, MarketInfo

NEEDED: Final = (Table.RESTAURANTS, Table.DINERS, Table.EVENTS)
CHANGED: Final = "the file is not the one that the manifest was written for"
EVERY_MARKET: Final = "*"
"""Stands for the market in findings about a whole file."""


@dataclass(frozen=True)
class QualityReport:
    """What `validate` found."""

    path: Path
    source: str
    findings: tuple[Finding, ...]
    volumes: Mapping[str, Mapping[str, float]]
    """By market: rows by table, and `events_per_diner` and `density` (share of pairs with an event)."""
    missing: Mapping[str, Mapping[str, float]]
    """By table and column: the share of empty cells, where there are any. An empty list is an empty cell."""
    seats: Mapping[str, SeatReport]
    assumptions: tuple[str, ...]
    """What the import had to assume."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What must be mended first."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What weakens the results."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.WARNING)

    @property
    def ok(self) -> bool:
        """No errors."""
        return not self.errors

    def lines(self) -> list[str]:
        """For the terminal."""
        state = "no errors" if self.ok else f"{len(self.errors)} errors"
        return [
            f"{self.path} ({self.source}): {state}, {len(self.warnings)} warnings",
            *(_finding_line(finding) for finding in (*self.errors, *self.warnings)),
            *(_volume_line(market, volume) for market, volume in self.volumes.items()),
            *(_missing_line(table, shares) for table, shares in self.missing.items()),
            *(line for seat, answer in self.seats.items() for line in _seat_lines(seat, answer)),
            *(f"assumed: {text}" for text in self.assumptions),
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain objects, lists, texts and finite numbers."""
        return {
            "path": str(self.path),
            "source": self.source,
            "ok": self.ok,
            "errors": [asdict(finding) for finding in self.errors],
            "warnings": [asdict(finding) for finding in self.warnings],
            "volumes": {market: dict(volume) for market, volume in self.volumes.items()},
            "missing": {table: dict(shares) for table, shares in self.missing.items()},
            "seats": {seat: asdict(answer) for seat, answer in self.seats.items()},
            "assumptions": list(self.assumptions),
        }


def validate(dataset: Dataset, now: datetime | None = None) -> QualityReport:
    """Check every table of every market, one market in memory at a time; faults are findings, never exceptions.

    `now` (aware; the present by default) is the time after which nothing can have happened.
    """
    now = now or datetime.now(UTC)
    findings = [*_file_faults(dataset)]
    volumes: dict[str, dict[str, float]] = {}
    facts, gaps = Facts(dataset.manifest.has_times), _Gaps()
    if all(finding.kind == CHANGED for finding in findings):
        findings += _stray_markets(dataset)
        for info in dataset.manifest.markets:
            tables = _read(dataset, info)
            findings += all_checks(tables, dataset.manifest.has_times, now)
            volumes[info.market] = _volume(tables)
            gaps.add(tables)
            facts.add(tables)
    manifest = dataset.manifest
    return QualityReport(
        dataset.path,
        manifest.source,
        tuple(findings),
        volumes,
        gaps.shares(),
        by_seat(facts),
        manifest.assumptions,
    )


def _file_faults(dataset: Dataset) -> Iterator[Finding]:
    """Tables that are missing, cannot be read, or are not those that the manifest was written for."""
    for table in Table:
        if not dataset.has(table):
            if table in NEEDED or table in dataset.manifest.tables:
                yield Finding(Severity.ERROR, table, EVERY_MARKET, f"{dataset.file(table).name} is missing", 0)
            continue
        with dataset.file(table).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest == dataset.manifest.tables.get(table):
            continue
        yield Finding(Severity.ERROR, table, EVERY_MARKET, CHANGED, 0)
        try:
            for info in dataset.manifest.markets:
                _reader(dataset, table)(info.market)
        except DatasetError as error:
            yield Finding(Severity.ERROR, table, EVERY_MARKET, "the file cannot be read", 0, str(error)[:200])


def _stray_markets(dataset: Dataset) -> Iterator[Finding]:
    """Rows of markets that the manifest does not name: nobody will ever read them."""
    for table in Table:
        if dataset.has(table):
            for market, rows in _markets_of(dataset, table).items():
                if market not in dataset.markets:
                    kind = "rows of a market that the manifest does not name"
                    yield Finding(Severity.ERROR, table, str(market), kind, int(rows))


def _markets_of(dataset: Dataset, table: Table) -> "pd.Series[int]":
    """Rows by market."""
    frame = dataset.events(columns=[col.MARKET]) if table is Table.EVENTS else _reader(dataset, table)(None)
    return frame[col.MARKET].value_counts(dropna=False)


def _read(dataset: Dataset, info: MarketInfo) -> MarketTables:
    campaigns = dataset.campaigns(info.market) if dataset.has(Table.CAMPAIGNS) else None
    market = info.market
    return MarketTables(info, dataset.restaurants(market), dataset.diners(market), dataset.events(market), campaigns)


def _reader(dataset: Dataset, table: Table) -> Callable[[str | None], pd.DataFrame]:
    readers: dict[Table, Callable[[str | None], pd.DataFrame]] = {
        Table.RESTAURANTS: dataset.restaurants,
        Table.DINERS: dataset.diners,
        Table.EVENTS: dataset.events,
        Table.CAMPAIGNS: dataset.campaigns,
        Table.LISTS: dataset.lists,
    }
    return readers[table]


def _volume(tables: MarketTables) -> dict[str, float]:
    diners, restaurants, events = len(tables.diners), len(tables.restaurants), len(tables.events)
    pairs = len(tables.events[[col.USER_ID, col.RESTAURANT_ID]].drop_duplicates())
    return {
        Table.RESTAURANTS: restaurants,
        Table.DINERS: diners,
        Table.EVENTS: events,
        "events_per_diner": events / diners if diners else 0.0,
        "density": pairs / (diners * restaurants) if diners and restaurants else 0.0,
    }


class _Gaps:
    """Counts empty cells over the markets."""

    def __init__(self) -> None:
        self._empty: defaultdict[tuple[Table, str], int] = defaultdict(int)
        self._rows: defaultdict[Table, int] = defaultdict(int)

    def add(self, tables: MarketTables) -> None:
        for table, frame in tables.frames():
            self._rows[table] += len(frame)
            for column in frame.columns:
                cells = frame[column]
                if cells.dtype == object:
                    empty = cells.map(lambda cell: cell is None or len(cell) == 0)
                else:
                    empty = cells.isna() | (cells.eq("") if pd.api.types.is_string_dtype(cells) else False)
                self._empty[table, column] += int(empty.sum())

    def shares(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for (table, column), empty in self._empty.items():
            if empty:
                found.setdefault(str(table), {})[column] = empty / self._rows[table]
        return found


def _finding_line(finding: Finding) -> str:
    where = str(finding.table) if finding.market == EVERY_MARKET else f"{finding.market}, {finding.table}"
    rows = f" ({finding.rows:,} rows)" if finding.rows else ""
    example = f", such as {finding.example}" if finding.example else ""
    return f"{finding.severity}: {where}: {finding.kind}{rows}{example}"


def _volume_line(market: str, volume: Mapping[str, float]) -> str:
    rows = ", ".join(f"{int(volume[table]):,} {table}" for table in NEEDED)
    return f"{market}: {rows}; {volume['events_per_diner']:.1f} events a diner, density {volume['density']:.2%}"


def _missing_line(table: str, shares: Mapping[str, float]) -> str:
    return f"empty cells of {table}: " + ", ".join(f"{column} {share:.0%}" for column, share in shares.items())


def _seat_lines(seat: str, answer: SeatReport) -> Iterator[str]:
    parts = ("computable", answer.computable), ("missing", answer.missing), ("assumed", answer.assumed)
    for label, texts in parts:
        if texts:
            yield f"{seat:<17}{label:<11}{'; '.join(texts)}"
