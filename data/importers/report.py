"""What an import is told and what it says when it is done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from data.columns import Table
from data.importers.rejects import RejectLog, RowCount, summarise


class ImportFailed(Exception):
    """Nothing could be imported; one line that says what, where and the mend."""


@dataclass(frozen=True)
class ImportOptions:
    """What the source cannot say itself. `uci` and `movielens` need none of it."""

    market: str | None = None
    """Key of the market for sources that name none: lower case letters, digits and hyphens; None: `imported`."""
    title: str = ""
    time_zone: str = "UTC"
    """IANA name."""
    currency: str = "EUR"
    """ISO 4217 code."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Our name -> the source's column (its header, or its number from 0 where there is no header)."""
    delimiter: str = ""
    """Between cells; empty: found in the first line."""

    @property
    def market_key(self) -> str:
        """The market's key with the default filled in."""
        return self.market or "imported"


@dataclass(frozen=True)
class ImportReport:
    """Rows read, kept and refused, why, and what had to be assumed."""

    source: str
    """The kind of source."""
    out: Path
    files: Mapping[str, RowCount]
    """By file of the source: read = kept + refused."""
    tables: Mapping[Table, int]
    """Rows written by table."""
    reasons: Mapping[tuple[str, str], int]
    """Refused rows by (file, reason)."""
    left_out: Mapping[tuple[str, str], int]
    """Cells left out of kept rows by (file, reason)."""
    assumptions: tuple[str, ...]

    @property
    def refused(self) -> int:
        """Refused rows of all files."""
        return sum(count.refused for count in self.files.values())

    def lines(self) -> list[str]:
        """For the terminal."""
        written = ", ".join(f"{rows:,} {table}" for table, rows in self.tables.items())
        lines = [f"{self.out}: {written}", "rows read / kept / refused"]
        for file, count in self.files.items():
            other = f"   {count.not_utf8:,} rows are not UTF-8: read as Windows-1252" if count.not_utf8 else ""
            lines.append(f"{count.read:>9,} {count.kept:>9,} {count.refused:>9,}  {file}{other}")
        if self.reasons:
            lines += ["refused, each with its line in rejects.csv", *summarise(self.reasons)]
        if self.left_out:
            lines += ["cells left out of rows that were kept", *summarise(self.left_out)]
        if self.assumptions:
            lines += ["assumed", *(f"  - {text}" for text in self.assumptions)]
        return lines


def report(
    source: str, out: Path, log: RejectLog, tables: Mapping[Table, int], assumptions: tuple[str, ...]
) -> ImportReport:
    """The report of a finished import."""
    return ImportReport(source, out, log.counts, tables, log.reasons, log.left_out, assumptions)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a file into ImportFailed."""
    try:
        yield
    except FileNotFoundError:
        raise ImportFailed(f"{path} does not exist: check the path.") from None
    except PermissionError:
        raise ImportFailed(f"{path} may not be read: give yourself the right to read it.") from None
    except OSError as error:
        raise ImportFailed(f"{path} cannot be read: {error.strerror}.") from None


def folder_with(source: Path, required: tuple[str, ...], what: str) -> None:
    """Refuse a folder that lacks one of the files; the message lists all that are missing."""
    with reading(source):
        present = {entry.name for entry in source.iterdir()} if source.is_dir() else None
    if present is None:
        state = "is a file" if source.exists() else "does not exist"
        raise ImportFailed(f"{source} {state}: name the folder of {what}, the one with {required[0]}.")
    missing = [name for name in required if name not in present]
    if missing:
        raise ImportFailed(f"{source} lacks {', '.join(missing)}: name the folder of {what} with all its files.")
