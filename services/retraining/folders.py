"""What a run leaves on disk: its log, and the snapshot of the data while it is needed.

    <home>/retraining/<market>/<run_id>/log.jsonl           what happened, a JSON object a line
                                        snapshot-<token>/   the data, by the lease under which it was written

Snapshots of runs that are over are removed at once: they hold what diners did, and erasing a diner must reach it all.
"""

import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

KEPT_FOLDERS: Final = 20
_LITTER_SECONDS: Final = 3_600.0
_TAIL_BYTES: Final = 256_000


class RunLog:
    """Appends to a run's log. Several attempts write to one file; a line is written in one piece."""

    def __init__(self, folder: Path, now: Callable[[], datetime], **always: Any) -> None:
        self._file = folder / "log.jsonl"
        self._now = now
        self._always = always

    def write(self, event: str, **fields: Any) -> None:
        """One line."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        cpu = {"cpu_seconds": round(time.process_time(), 3)}
        line = orjson.dumps(
            {"at": self._now(), "event": event, **self._always, **fields, **cpu}, option=orjson.OPT_APPEND_NEWLINE
        )
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def run_folder(root: Path, market: str, run_id: str) -> Path:
    """Where a run has its files."""
    return root / market / run_id


def tail(folder: Path, lines: int) -> list[dict[str, Any]]:
    """The last lines of a run's log; none where it is on another machine or was pruned.

    A line that a killed process left unfinished is left out.
    """
    try:
        with (folder / "log.jsonl").open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            start = max(0, stream.tell() - _TAIL_BYTES)
            stream.seek(start)
            found = stream.read().splitlines()[1 if start else 0 :]
    except OSError:
        return []
    return [entry for line in found[-lines - 1 :] if (entry := _entry(line)) is not None][-lines:] if lines else []


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) else None


def prune(root: Path, market: str, is_over: Callable[[str], bool]) -> None:
    """Remove the data of runs that are over, and the folders of old ones. `is_over` is asked by run id."""
    folders = sorted((path for path in (root / market).glob("*") if path.is_dir()), key=lambda path: path.name)
    over = [path for path in folders if is_over(path.name)]
    for path in over:
        for snapshot in (*path.glob("snapshot-*"), *path.glob(".snapshot-*")):
            shutil.rmtree(snapshot, ignore_errors=True)
    for path in over[:-KEPT_FOLDERS]:
        shutil.rmtree(path, ignore_errors=True)


def remove_litter(artifacts: Path, market: str) -> None:
    """Remove what killed processes left half written beside a market's model versions, if it is an hour old."""
    for path in (artifacts / market).glob(".*.tmp"):
        try:
            old = time.time() - path.stat().st_mtime > _LITTER_SECONDS
        except OSError:  # somebody else has removed it
            continue
        if old:
            shutil.rmtree(path, ignore_errors=True)
