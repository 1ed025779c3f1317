"""The reject report: every refused row counted and explained, while what is good is kept."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

REJECTS: Final = "rejects.csv"
SHOWN: Final = 80
"""A longer value is cut to this many characters in the report."""

HEADER: Final = ("file", "line", "column", "value", "reason", "effect")
ROW_REFUSED: Final = "row refused"
CELL_LEFT_OUT: Final = "cell left out"


class BadCell(ValueError):
    """A cell that cannot be used. `reason` is a fixed phrase without the value, so that equal faults can be counted."""

    def __init__(self, reason: str, column: str = "", value: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.value = value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: file name and line, 1 being the file's first line."""

    file: str
    line: int


@dataclass
class RowCount:
    """What became of the rows of one file."""

    read: int = 0
    refused: int = 0
    cells_left_out: int = 0
    not_utf8: int = 0
    """Rows that were read as Windows-1252 or Latin-1."""

    @property
    def kept(self) -> int:
        """Rows that went into the dataset."""
        return self.read - self.refused


class RowLog(Protocol):
    """Whoever counts the rows that are read and hears of those that are refused."""

    def count(self, file: str) -> RowCount:
        """The counts of one file."""

    def refuse(self, at: Place, fault: BadCell) -> None:
        """The row is not used."""


@dataclass
class RejectLog:
    """Writes the report line by line as the import runs, so that its memory does not grow with the faults."""

    file: Path
    counts: dict[str, RowCount] = field(default_factory=dict)
    """By file name, in the order of reading."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Refused rows by (file, reason)."""
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Cells left out of rows that were kept, by (file, reason)."""

    def __enter__(self) -> Self:
        self._stream = self.file.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow(HEADER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def count(self, file: str) -> RowCount:
        """The counts of one file; made at its first mention."""
        return self.counts.setdefault(file, RowCount())

    def refuse(self, at: Place, fault: BadCell) -> None:
        """The row is not in the dataset."""
        self.count(at.file).refused += 1
        self.reasons[at.file, fault.reason] += 1
        self._write(at, fault, ROW_REFUSED)

    def leave_out(self, at: Place, fault: BadCell) -> None:
        """The row is in the dataset, this cell of it is not."""
        self.count(at.file).cells_left_out += 1
        self.left_out[at.file, fault.reason] += 1
        self._write(at, fault, CELL_LEFT_OUT)

    def _write(self, at: Place, fault: BadCell, effect: str) -> None:
        self._csv.writerow((at.file, at.line, fault.column, shorten(fault.value), fault.reason, effect))


def shorten(value: str) -> str:
    """At most SHOWN characters, control characters as escapes: safe to print on a terminal."""
    head = value[:SHOWN]
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in head)
    return shown if len(value) <= SHOWN else f"{shown}… ({len(value):,} characters)"


def summarise(reasons: Mapping[tuple[str, str], int]) -> list[str]:
    """One line a reason and file, the most frequent first."""
    ranked = sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))
    return [f"{count:>9,}  {file}: {reason}" for (file, reason), count in ranked]
