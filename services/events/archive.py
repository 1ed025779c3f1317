"""The event log as Parquet, a file for each market and day: what other programs read, and what outlives the log.

    DIR/market=aldermoor/day=2026-01-09/events.parquet      the layout that pyarrow, Spark and DuckDB call hive
    DIR/_export.json                                        what is there, of which state, with sums

DIR is a folder, or a path that fsspec opens. Files appear whole, one after the other; `_export.journal` says which are
done, and a run that was broken off is taken up by the next one with the same range. The same events received before the
same moment are the same bytes.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Connection, Engine, or_, select, type_coerce

from data import columns as col
from services.audit.trail import AuditTrail
from services.database.event_partitions import day_of, start_of
from services.database.plain import plain_rows
from services.database.schema import events
from services.database.transactions import reading, writing
from services.database.types import from_micros, micros
from services.events.log import EXPORTED, markets_in_log
from services.export_folder import ExportFolder, export_folder, is_aside_of

MANIFEST: Final = "_export.json"
JOURNAL: Final = "_export.journal"
_FILE: Final = "events.parquet"
_DAY_FILE: Final = re.compile(r"(?P<day>market=[^/]+/day=(?P<date>\d{4}-\d\d-\d\d))/[^/]+")
_EXPORT_ENDED: Final = "events.exported"
_ROWS: Final = 50_000
_DAY: Final = 86_400_000_000
_TEXT: Final = pa.string()
_TIME: Final = pa.timestamp("us", tz="UTC")
SCHEMA: Final = pa.schema(
    {
        col.EVENT_ID: _TEXT,
        col.TYPE: _TEXT,
        col.USER_ID: _TEXT,
        col.RESTAURANT_ID: _TEXT,
        col.REQUEST_ID: _TEXT,
        col.ORDER_ID: _TEXT,
        col.AT: _TIME,
        col.VALUE: pa.float64(),
        "received_at": _TIME,
        col.POSITION: pa.int16(),
        col.PROPENSITY: pa.float64(),
    }
)
"""Of a file; market and day (UTC, of `at`) are in its path."""
_TIMES: Final = frozenset({col.AT, "received_at"})

Progress = Callable[[str, int, int], None]


class ArchiveError(Exception):
    """The folder is not one that this export can write to; the message says why and the mend."""


@dataclass(frozen=True)
class Archived:
    """What an export came to."""

    received_before: datetime
    events: int
    files: int
    reused: int
    """Files of a run that was broken off."""


@dataclass(frozen=True)
class Range:
    """Events that happened on the days [first, end) and were received before a moment."""

    first: date
    end: date
    received_before: datetime

    def document(self) -> dict[str, Any]:
        """As it stands in the journal and the manifest."""
        return {
            "from": self.first.isoformat(),
            "to": self.end.isoformat(),
            "received_before": self.received_before.astimezone(UTC).isoformat(),
        }


def export_days(engine: Engine, trail: AuditTrail, path: str | Path, wanted: Range, progress: Progress) -> Archived:
    """Write the range's days, take away files of days in it that have no events now, and tell the trail
    before and after.

    A run that was broken off goes on with the moment that it began with, whatever `wanted` says. Days outside the range
    are left as they are. Raises ArchiveError, FolderError, StorageUnavailable.
    """
    folder = export_folder(path)

    def tell(action: str, came_to: Mapping[str, int]) -> None:
        document = {"before": None, "after": {**wanted.document(), **came_to, "folder": folder.url}}
        subject = f"{wanted.first} to {wanted.end}"
        with writing(engine) as connection:
            trail.record(connection, role="system", action=action, market=None, subject=subject, document=document)

    begun = _begun(folder, wanted)
    if begun is None:
        tell(EXPORTED, {})  # before the first file: who is erased meanwhile is told of it
        folder.write(JOURNAL, orjson.dumps(wanted.document()) + b"\n")
    wanted, done = begun or (wanted, {})
    with reading(engine) as connection:
        days = list(_days(connection, wanted))
    reused = total = 0
    lines: list[bytes] = []
    for number, (market, day) in enumerate(days):
        progress("days", number, len(days))
        name = f"market={quote(market, safe='')}/day={day}"
        entry = done.get(name)
        if entry is not None and _is_whole(folder, name, entry):
            reused += 1
        else:
            with reading(engine) as connection:
                entry = _write(connection, folder, name, market, day, wanted.received_before)
            lines.append(orjson.dumps({"day": name, **entry}) + b"\n")
            if len(lines) >= folder.lines_at_once:
                folder.append(JOURNAL, b"".join(lines))
                lines.clear()
        done[name] = entry
        total += entry["events"]
    files = {name: done[name] for name in sorted(done) if done[name]["events"]}
    _take_away(folder, wanted, files)
    tell(_EXPORT_ENDED, {"events": total, "files": len(files)})
    folder.write(MANIFEST, orjson.dumps({**wanted.document(), "files": files}, option=orjson.OPT_INDENT_2))
    folder.remove(JOURNAL)
    progress("days", len(days), len(days))
    return Archived(wanted.received_before, total, len(files), reused)


def _begun(folder: ExportFolder, wanted: Range) -> tuple[Range, dict[str, dict[str, Any]]] | None:
    """The range of a run that was broken off, with the moment that counts, and the days that are done by its journal.

    None where none was. What a killed run had not put in its place is taken away.
    """
    names = folder.names()
    if names and not {JOURNAL, MANIFEST} & set(names) and not all(map(_ours, names)):
        raise ArchiveError(f"{folder.url} holds something that is no export of events: name another folder")
    for name in filter(_ours, names):
        folder.remove(name)
    text = folder.read(JOURNAL)
    if text is None:
        return None
    lines = text.split(b"\n")
    begun, *entries = (orjson.loads(line) for line in lines[:-1])  # what has no end of line was being written
    if (begun["from"], begun["to"]) != (wanted.first.isoformat(), wanted.end.isoformat()):
        raise ArchiveError(
            f"an export from {begun['from']} to {begun['to']} was broken off in {folder.url}: "
            f"end it with the same range, or remove {JOURNAL} there"
        )
    if lines[-1]:
        folder.write(JOURNAL, text[: -len(lines[-1])])
    moment = datetime.fromisoformat(begun["received_before"])
    return Range(wanted.first, wanted.end, moment), {entry.pop("day"): entry for entry in entries}


def _ours(name: str) -> bool:
    """Whether the file is what a killed run had not put in its place."""
    return any(is_aside_of(name, one) for one in (_FILE, JOURNAL, MANIFEST))


def _days(connection: Connection, wanted: Range) -> Iterator[tuple[str, date]]:
    at: Any = type_coerce(events.c.at, BigInteger)
    number = (at - at % _DAY).label("begin")
    within = (at >= micros(start_of(wanted.first)), at < micros(start_of(wanted.end)))
    for market in markets_in_log(connection):
        statement = select(number).distinct().where(events.c.market == market, *within).order_by(number)
        for begin in connection.execute(statement).scalars():
            yield market, day_of(from_micros(begin))


def _write(
    connection: Connection, folder: ExportFolder, name: str, market: str, day: date, received_before: datetime
) -> dict[str, Any]:
    """Write a day's file; how many events it has and its sum. No events, no file."""
    at: Any = type_coerce(events.c.at, BigInteger)
    received: Any = type_coerce(events.c.received_at, BigInteger)
    statement = (
        select(
            *(type_coerce(events.c[name], BigInteger) if name in _TIMES else events.c[name] for name in SCHEMA.names)
        )
        .where(events.c.market == market)
        .where(at >= micros(start_of(day)), at < micros(start_of(day + timedelta(days=1))))
        .where(or_(received.is_(None), received < micros(received_before)))
        .order_by(events.c.at, events.c.event_id)
    )
    count = 0
    with folder.making(f"{name}/{_FILE}") as file:
        with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
            for rows in plain_rows(connection, statement, _ROWS):
                cells = zip(SCHEMA, zip(*rows, strict=True), strict=True)
                writer.write_table(pa.table([pa.array(values, field.type) for field, values in cells], schema=SCHEMA))
                count += len(rows)
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if not count:
            file.unlink()
    return {"events": count, "sha256": digest} if count else {"events": 0, "sha256": ""}


def _is_whole(folder: ExportFolder, name: str, entry: Mapping[str, Any]) -> bool:
    return folder.sha256(f"{name}/{_FILE}") == (entry["sha256"] if entry["events"] else None)


def _take_away(folder: ExportFolder, wanted: Range, files: Mapping[str, Any]) -> None:
    """Days of the range whose events have been erased or forgotten since an earlier export into this folder."""
    for name in folder.names():
        found = _DAY_FILE.fullmatch(name)
        if found is None or found["day"] in files:
            continue
        if wanted.first <= date.fromisoformat(found["date"]) < wanted.end:
            folder.remove(name)
