"""Days of the event log as Parquet: the same bytes for the same events, whole at any moment, and taken up again."""

import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from happenings import NOON, event
from selling_records import StoppedClock
from sqlalchemy import Engine

from data.columns import EventType
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.events import archive
from services.events.archive import Archived, ArchiveError, Range, export_days
from services.events.log import EventLog
from services.export_folder import FolderError, Remote, export_folder

if TYPE_CHECKING:
    from fsspec.implementations.memory import MemoryFileSystem

DAY = timedelta(days=1)
TODAY = NOON.date()
WEEK = Range(TODAY - 3 * DAY, TODAY + 4 * DAY, NOON + DAY)


def exported(engine: Engine, path: Path | str, wanted: Range = WEEK) -> Archived:
    return export_days(engine, AuditTrail(engine, Clock()), path, wanted, lambda *_: None)


def files(path: Path) -> dict[str, str]:
    found = (file for file in path.rglob("*") if file.is_file() and file.name != archive.MANIFEST)
    return {str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


@pytest.fixture
def log(engine: Engine) -> EventLog:
    """Sixty events over twelve days in two markets, stored at noon."""
    log = EventLog(engine, StoppedClock(NOON))
    for number in range(60):
        market = "bramble/é" if number % 3 else "aldermoor"
        at = NOON + (number % 12 - 6) * DAY + timedelta(microseconds=number)
        log.append([event(number, market=market, at=at, type=EventType.RATING, value=1 / (number + 1))])
    return log


def test_an_export_reads_as_a_dataset_with_what_was_stored(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    done = exported(engine, tmp_path / "out")
    table = ds.dataset(tmp_path / "out", format="parquet", partitioning="hive").to_table()
    within = {
        (one.market, one.event_id, one.at, one.value)
        for market in ("aldermoor", "bramble/é")
        for one in log.of_diner(market, "d1")
        if WEEK.first <= one.at.date() < WEEK.end
    }
    rows = table.to_pylist()
    assert {(row["market"], row["event_id"], row["at"], row["value"]) for row in rows} == within
    assert {row["received_at"] for row in rows} == {NOON}
    assert all(row["day"] == row["at"].date().isoformat() for row in rows)
    assert (done.events, done.files) == (len(within), len(files(tmp_path / "out")))
    manifest = orjson.loads((tmp_path / "out" / archive.MANIFEST).read_bytes())
    assert {f"{name}/events.parquet": entry["sha256"] for name, entry in manifest["files"].items()} == files(
        tmp_path / "out"
    )


SAME_ON_BOTH: set[tuple[tuple[str, str], ...]] = set()


def test_the_same_events_are_the_same_bytes_on_both_databases(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    exported(engine, tmp_path / "one")
    exported(engine, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    SAME_ON_BOTH.add(tuple(sorted(files(tmp_path / "one").items())))
    assert len(SAME_ON_BOTH) == 1


def test_what_is_received_later_is_in_the_next_export(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    exported(engine, tmp_path / "out")
    before = files(tmp_path / "out")
    EventLog(engine, StoppedClock(NOON + 2 * DAY)).append([event("late", at=NOON)])
    exported(engine, tmp_path / "out")
    assert files(tmp_path / "out") == before
    exported(engine, tmp_path / "out", Range(WEEK.first, WEEK.end, NOON + 3 * DAY))
    changed = {name for name, digest in files(tmp_path / "out").items() if before[name] != digest}
    assert changed == {f"market=aldermoor/day={TODAY}/events.parquet"}


def test_days_that_have_been_erased_go_and_days_outside_stay(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    exported(engine, tmp_path / "out", Range(TODAY - 9 * DAY, TODAY + 9 * DAY, NOON + DAY))
    assert log.erase("aldermoor", "d1").events == 20
    done = exported(engine, tmp_path / "out")
    left = {name for name in files(tmp_path / "out") if name.startswith("market=aldermoor")}
    assert all(not WEEK.first <= datetime.fromisoformat(name.split("=")[2][:10]).date() < WEEK.end for name in left)
    assert left
    assert done.files == 4
    assert log.erase("bramble/é", "d1").exports == 2, "an erasure says that it does not reach them"


class Killed(BaseException):
    """Instead of a process that ends."""


@pytest.mark.parametrize("step", ["replace", "fsync", "unlink"])
def test_a_run_that_is_broken_off_anywhere_is_taken_up(
    engine: Engine, log: EventLog, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each call that changes a file, one after the other, until a run gets through."""
    exported(engine, tmp_path / "whole")
    target, runs = tmp_path / "out", 0
    for calls in range(0, 200, 3):
        with monkeypatch.context() as patched:
            begun = (target / archive.JOURNAL).exists()
            wanted = Range(WEEK.first, WEEK.end, NOON + 9 * DAY) if begun else WEEK
            _die_after(patched, step, calls)
            try:
                done = exported(engine, target, wanted)
            except Killed:
                runs += 1
                for file in target.rglob("events.parquet"):
                    pq.read_table(file)  # whole, whatever is missing
                EventLog(engine, StoppedClock(NOON + 2 * DAY)).append([event(f"late-{runs}", at=NOON)])
                continue
        break
    assert runs
    assert done.received_before == WEEK.received_before, "it goes on with the moment that it began with"
    assert files(target) == files(tmp_path / "whole")
    assert not list(target.rglob(".*"))


def _die_after(
    patched: pytest.MonkeyPatch,
    step: str,
    calls: int,
    owner: object = None,
    half: Callable[..., object] = lambda *_: None,
) -> None:
    """`half` is done of the call that is not."""
    left = [calls]

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            if not left[0]:
                half(*arguments)
                raise Killed
            left[0] -= 1
            return real(*arguments, **options)

        return call

    owner = owner or (os if step == "fsync" else Path)
    patched.setattr(owner, step, dying(getattr(owner, step)))


def test_an_erasure_beside_an_export_is_told_of_it(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    """A diner's events may be in a file that is there already."""
    told: list[int] = []

    def erases(_: str, done: int, of: int) -> None:
        if done == of - 1:
            told.append(log.erase("aldermoor", "d1").exports)

    trail = AuditTrail(engine, Clock())
    assert log.erase("aldermoor", "nobody").exports == 0
    export_days(engine, trail, tmp_path / "out", WEEK, erases)
    assert told == [1]
    assert log.erase("aldermoor", "nobody").exports == 1, "the same one"
    [begun] = trail.page(action="events.export")
    [ended] = trail.page(action="events.exported")
    assert begun.document["after"]["folder"] == ended.document["after"]["folder"] == str(tmp_path / "out")
    assert ended.document["after"]["files"] > 0


def test_a_run_that_is_taken_up_is_one_export(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        _die_after(patched, "replace", 2)
        with pytest.raises(Killed):
            exported(engine, tmp_path / "out")
    assert log.erase("aldermoor", "nobody").exports == 1, "what it has written is there"
    exported(engine, tmp_path / "out")
    assert log.erase("aldermoor", "nobody").exports == 1


def test_another_range_does_not_take_up_what_was_broken_off(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        _die_after(patched, "replace", 2)
        with pytest.raises(Killed):
            exported(engine, tmp_path / "out")
    with pytest.raises(ArchiveError, match="2026-01-06 to 2026-01-13 was broken off"):
        exported(engine, tmp_path / "out", Range(TODAY, TODAY + DAY, NOON))


def test_a_folder_of_something_else_is_refused(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("")
    with pytest.raises(ArchiveError, match="something that is no export"):
        exported(engine, tmp_path)
    with pytest.raises(FolderError, match="is a file: name a folder"):
        exported(engine, tmp_path / "thesis.doc")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A folder that only fsspec reaches."""
    pytest.importorskip("fsspec")
    return f"memory://{tmp_path.name}/lake"


def sums(url: str) -> dict[str, str | None]:
    folder = export_folder(url)
    return {name: folder.sha256(name) for name in folder.names() if name != archive.MANIFEST}


def test_an_export_behind_a_url_has_the_same_files_and_reads_as_a_dataset(
    engine: Engine, log: EventLog, tmp_path: Path, url: str
) -> None:
    import fsspec

    done = exported(engine, tmp_path / "out")
    assert exported(engine, url) == done
    assert sums(url) == files(tmp_path / "out")
    files_there, root = fsspec.core.url_to_fs(url)
    there = ds.dataset(root, filesystem=files_there, format="parquet", partitioning="hive").to_table()
    assert there.num_rows == done.events
    [first, second] = AuditTrail(engine, Clock()).page(action="events.export")
    assert {one.document["after"]["folder"] for one in (first, second)} == {str(tmp_path / "out"), url}

    log.erase("aldermoor", "d1")
    exported(engine, url)
    assert sums(url) == {name: sha for name, sha in files(tmp_path / "out").items() if "aldermoor" not in name}


def test_a_file_url_is_the_folder_itself(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    exported(engine, f"file://{tmp_path}/out")
    exported(engine, tmp_path / "same")
    assert files(tmp_path / "out") == files(tmp_path / "same")
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def sent_half(there: "MemoryFileSystem", file: str, name: str) -> None:
    content = Path(file).read_bytes()
    there.pipe_file(name, content[: len(content) // 2])


@pytest.mark.parametrize("step", ["put_file", "mv", "rm_file"])
def test_a_run_behind_a_url_that_is_broken_off_anywhere_is_taken_up(
    engine: Engine, log: EventLog, tmp_path: Path, url: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each call that changes a file there, or in the middle of one that sends it."""
    from fsspec.implementations.memory import MemoryFileSystem

    monkeypatch.setattr(Remote, "lines_at_once", 2)
    exported(engine, tmp_path / "whole")
    runs = 0
    for calls in range(0, 200, 3):
        with monkeypatch.context() as patched:
            begun = archive.JOURNAL in export_folder(url).names()
            _die_after(patched, step, calls, MemoryFileSystem, sent_half if step == "put_file" else lambda *_: None)
            try:
                done = exported(engine, url, Range(WEEK.first, WEEK.end, NOON + 9 * DAY) if begun else WEEK)
            except Killed:
                runs += 1
                whole = files(tmp_path / "whole")
                seen = {name: sha for name, sha in sums(url).items() if name.endswith("/events.parquet")}
                assert seen.items() <= whole.items(), "whole, whatever is missing"
                EventLog(engine, StoppedClock(NOON + 2 * DAY)).append([event(f"late-{runs}", at=NOON)])
                continue
        break
    assert runs
    assert done.received_before == WEEK.received_before, "it goes on with the moment that it began with"
    assert sums(url) == files(tmp_path / "whole"), "and what was left aside is gone"


def test_a_url_that_nobody_has_a_driver_for_is_refused(engine: Engine) -> None:
    with pytest.raises(FolderError, match="teapot://lake: Protocol not known"):
        exported(engine, "teapot://lake")
