"""Reading delimited text line by line: odd bytes, broken quotes and endless cells cost their own row only."""

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

from data.importers.rejects import BadCell, Place, RowLog
from data.importers.report import ImportFailed, reading

MAX_ROW: Final = 100_000
"""Bytes in a row; the csv module's own bound on a cell (131,072) is thereby never met."""
MAX_LINES_PER_ROW: Final = 100
"""Lines that a quoted cell may span; past it the quote counts as not closed and only its first line is lost."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its place in the source."""

    at: Place
    cells: Mapping[str, str]

    def parse(self, column: str, parser: Callable[[str], T]) -> T:
        """The parsed cell; a BadCell leaves with the column and the value."""
        value = self.cells[column]
        try:
            return parser(value)
        except BadCell as fault:
            raise BadCell(fault.reason, column, value) from None


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    utf8: bool
    whole: bool
    """False: longer than MAX_ROW, only its head is here."""


@dataclass(frozen=True, slots=True)
class _Record:
    first: _Line
    text: str
    closed: bool = True


def read_rows(
    path: Path, log: RowLog, *, required: Sequence[str] = (), names: Sequence[str] = (), delimiter: str = ","
) -> Iterator[Row]:
    """The rows of a delimited file; those that are no rows go to the log.

    `names` are the columns of a file without a header; else the first line is the header, and every column of
    `required` must be in it (ImportFailed names those that are not). Lines may end in LF or CRLF, a UTF-8 byte order
    mark is dropped, blank lines are no rows. A delimiter of several letters (`::`) or a tab knows no quotes.
    """
    with reading(path), path.open("rb") as stream:
        lines = _lines(stream, path)
        if not names:
            names = _header(lines, path, required, delimiter)
        count = log.count(path.name)
        for record in _records(lines, delimiter, len(names)):
            at = Place(path.name, record.first.number)
            count.read += 1
            count.not_utf8 += not record.first.utf8
            try:
                cells = _cells(record, delimiter, len(names))
            except BadCell as fault:
                log.refuse(at, fault)
            else:
                yield Row(at, dict(zip(names, cells, strict=True)))


def header_of(path: Path, delimiter: str = "") -> tuple[list[str], str]:
    """The cells of the first line, and the delimiter: the given one, or the most frequent of tab , ; | in it."""
    with reading(path), path.open("rb") as stream:
        line = next(_lines(stream, path), None)
    if line is None:
        raise ImportFailed(f"{path} is empty: it needs at least one row.")
    delimiter = delimiter or max("\t,;|", key=line.text.count)
    return split(line.text, delimiter), delimiter


def split(text: str, delimiter: str) -> list[str]:
    """The cells of one row, trimmed."""
    if '"' in text and _has_quotes(delimiter):
        cells = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    else:
        cells = text.split(delimiter)
    return [cell.strip() for cell in cells]


def _has_quotes(delimiter: str) -> bool:
    return len(delimiter) == 1 and delimiter not in "\t|"


def _header(lines: Iterator[_Line], path: Path, required: Sequence[str], delimiter: str) -> list[str]:
    line = next(lines, None)
    if line is None:
        raise ImportFailed(f"{path} is empty: it needs a header line.")
    names = split(line.text, delimiter)
    missing = [name for name in required if name not in names]
    if missing:
        found = ", ".join(names)[:200]
        raise ImportFailed(f"{path} has no column {', '.join(missing)}: its first line must name it (found: {found}).")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ImportFailed(f"{path} names the column {', '.join(twice)} twice: give each its own name.")
    return names


def _cells(record: _Record, delimiter: str, width: int) -> list[str]:
    if not record.first.whole:
        raise BadCell(f"row longer than {MAX_ROW:,} bytes", value=record.text)
    if not record.closed:
        raise BadCell("quote not closed", value=record.text)
    if _CONTROL.search(record.text):
        raise BadCell("control character in the row", value=record.text)
    cells = split(record.text, delimiter)
    if len(cells) != width:
        raise BadCell(f"{'fewer' if len(cells) < width else 'more'} cells than the header", value=record.text)
    return cells


def _records(lines: Iterator[_Line], delimiter: str, width: int) -> Iterator[_Record]:
    """Lines joined where a quoted cell spans several; a quote that never closes costs its first line alone."""
    waiting: deque[_Line] = deque()

    def take() -> _Line | None:
        return waiting.popleft() if waiting else next(lines, None)

    while (first := take()) is not None:
        if first.whole and _open(first.text, delimiter):
            text, tail = _until_closed(first.text, take, delimiter, width)
            if text:
                yield _Record(first, text)
            else:
                waiting.extendleft(reversed(tail))
                yield _Record(first, first.text, closed=False)
        elif first.text.strip():
            yield _Record(first, first.text)


def _until_closed(text: str, take: Callable[[], _Line | None], delimiter: str, width: int) -> tuple[str, list[_Line]]:
    """The joined text, or none of it and the lines that were looked at.

    A line that is a good row by itself means that the quote before it was a slip, not the start of a long cell.
    """
    tail: list[_Line] = []
    while len(tail) < MAX_LINES_PER_ROW and len(text) < MAX_ROW and (line := take()) is not None:
        tail.append(line)
        if not line.text.count('"') % 2 and len(split(line.text, delimiter)) == width:
            break
        text = f"{text}\n{line.text}"
        if not _open(text, delimiter):
            return text, tail
    return "", tail


def _open(text: str, delimiter: str) -> bool:
    """Whether the text ends inside a quoted cell."""
    if '"' not in text or not _has_quotes(delimiter):
        return False
    try:
        list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _lines(stream: IO[bytes], path: Path) -> Iterator[_Line]:
    number = 0
    while raw := stream.readline(MAX_ROW + 1):
        number += 1
        whole = len(raw) <= MAX_ROW or raw.endswith(b"\n")
        if not whole:
            _skip_to_line_end(stream)
        if number == 1:
            if raw.startswith(_UTF16_MARKS):
                raise ImportFailed(f"{path} is UTF-16: save it as UTF-8.")
            raw = raw.removeprefix(codecs.BOM_UTF8)
        text, utf8 = _decode(raw.rstrip(b"\r\n"))
        yield _Line(number, text, utf8, whole)


def _skip_to_line_end(stream: IO[bytes]) -> None:
    while (rest := stream.readline(MAX_ROW)) and not rest.endswith(b"\n"):
        pass


def _decode(raw: bytes) -> tuple[str, bool]:
    """UTF-8, else Windows-1252, else Latin-1, which fits any bytes; line by line, since files are found mixed."""
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252"), False
    except UnicodeDecodeError:
        return raw.decode("latin-1"), False
