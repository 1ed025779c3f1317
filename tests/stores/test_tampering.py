"""Whoever changes the trail, a served list or a seal afterwards is found: here, and by the auditor's own program."""

import hashlib
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from happenings import NOON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Table, delete, event, insert, select, update

from services.audit._columns import pack, pack_names
from services.audit.anchors import ServedAnchors
from services.audit.bundle import write_bundle
from services.audit.documents import encoded
from services.audit.seals import merkle_root
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import audit_trail, served_lists, served_seals
from services.database.transactions import writing
from services.events.log import EventLog
from services.events.served import Record, ServedLog

MARKETS = ("aldermoor", "bramble")
KEYS: dict[str, tuple[Table, tuple[str, ...]]] = {
    "trail": (audit_trail, ("seq",)),
    "lists": (served_lists, ("request_id", "market")),
    "seals": (served_seals, ("request_id", "market")),
}
Row = dict[str, Any]


def packed(number: int) -> bytes:
    """A document of today's form, of one restaurant."""
    names, distance = pack_names([f"r{number}é"], np.zeros(1, np.int64)), np.asarray([0.3])
    return encoded(b'{"k":1,"terms":0}', names, pack(np.full((6, 1), number / 7.0), distance))


class Books:
    """A trail and lists of two markets: two anchors each, one diner erased, one list that waits for its anchor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.trail = AuditTrail(engine, Clock())
        self.anchors = ServedAnchors(engine, self.trail)
        with ServedLog(engine, interval_seconds=3_600.0) as log:
            for number in range(21):
                self.serve(log, number)
                if number in (8, 16):
                    log.flush()
                    self.anchors.anchor()
                    self.use_lever(number)
            log.flush()
        EventLog(engine).erase("aldermoor", "d2", self.witness)

    def serve(self, log: ServedLog, number: int) -> None:
        document = b'{"number":%d,"name":"\xc3\xa9"}' % number if number % 3 else packed(number)
        record = Record(document, inputs=None if number == 3 else bytes([number] * 20))
        market, at = MARKETS[number % 2], NOON + timedelta(seconds=number)
        log.record(f"q{number:02d}", market, f"d{number % 4}", at, "balanced", 1, "v1", record)

    def use_lever(self, number: int) -> None:
        with writing(self.engine) as connection:
            document = {"before": None, "after": {"é": number}}
            self.trail.record(
                connection, role="ml", action="policy.put", market="aldermoor", subject=f"p{number}", document=document
            )

    def witness(self, connection: Connection, erased: Any) -> None:
        document = {"before": {"served_lists": erased.served_lists, "root": erased.root}, "after": None}
        self.trail.record(
            connection, role="app", action="diner.erase", market="aldermoor", subject="f" * 64, document=document
        )

    def holds(self) -> bool:
        return self.trail.first_broken() is None and not list(self.anchors.findings())

    def rows(self, kind: str) -> list[Row]:
        table, keys = KEYS[kind]
        with self.engine.connect() as connection:
            found = connection.execute(select(table).order_by(*(table.c[key] for key in keys)))
            return [dict(row._mapping) for row in found]

    def replace(self, kind: str, was: Row, now: Row | None) -> None:
        """Put one row in the place of another, or take it out."""
        table, keys = KEYS[kind]
        this = [table.c[key] == was[key] for key in keys]
        with writing(self.engine) as connection:
            if now is None:
                connection.execute(delete(table).where(*this))
            else:
                connection.execute(update(table).where(*this).values(**now))

    def restore(self, kind: str, rows: list[Row]) -> None:
        table, _ = KEYS[kind]
        with writing(self.engine) as connection:
            connection.execute(delete(table))
            connection.execute(insert(table), rows)


@pytest.fixture
def books(engine: Engine) -> Books:
    made = Books(engine)
    assert made.holds()
    return made


@pytest.fixture
def check(tmp_path: Path) -> Callable[[Books], tuple[int, str]]:
    """The auditor's program over a fresh bundle, in an empty folder, without anything but the standard library."""

    def run(books: Books) -> tuple[int, str]:
        path, folder = tmp_path / "bundle.zip", tmp_path / "unpacked"
        write_bundle(books.engine, Clock(), path)
        with zipfile.ZipFile(path) as bundle:
            bundle.extractall(folder)
        return verify(folder)

    return run


def verify(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-I", "-S", "verify.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def other(value: Any) -> Any:
    """A value of the same kind that is not this one."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return ("0" if value[:1] != "0" else "1") + value[1:]
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case None:
            return None
    return value + timedelta(microseconds=1)


def edits(books: Books) -> Iterator[tuple[str, str, Row, Row | None]]:
    """Each column of each row changed, and each row taken out."""
    for kind in KEYS:
        for row in books.rows(kind):
            yield kind, "row", row, None
            for column, value in row.items():
                if (changed := other(value)) != value:
                    yield kind, column, row, {**row, column: changed}


def test_each_edit_of_each_row_is_found(books: Books) -> None:
    tried = 0
    before = {kind: books.rows(kind) for kind in KEYS}
    for kind, column, row, changed in edits(books):
        try:
            books.replace(kind, row, changed)
        except Exception:  # noqa: BLE001 - a key that is there already: the database itself refuses
            continue
        tried += 1
        assert not books.holds(), (kind, column, row)
        books.restore(kind, before[kind])
    assert tried > 250
    assert books.holds()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=st.data())
def test_rows_that_change_places_or_come_in_are_found(books: Books, choices: st.DataObject) -> None:
    kind = choices.draw(st.sampled_from(sorted(KEYS)))
    before = books.rows(kind)
    _, keys = KEYS[kind]
    one, two = choices.draw(st.lists(st.sampled_from(range(len(before))), min_size=2, max_size=2, unique=True))
    first, second = before[one], before[two]
    if choices.draw(st.booleans()):  # they change places: each gets the other's key
        changed = [row for row in before if row not in (first, second)]
        changed += [
            {**first, **{key: second[key] for key in keys}},
            {**second, **{key: first[key] for key in keys}},
        ]
    else:  # a copy comes in under a new key
        new = {"seq": len(before) + 1} if kind == "trail" else {"request_id": first["request_id"] + "x"}
        changed = [*before, {**first, **new}]
    same = {tuple(sorted((name, str(value)) for name, value in row.items())) for row in changed} == {
        tuple(sorted((name, str(value)) for name, value in row.items())) for row in before
    }
    books.restore(kind, changed)
    assert books.holds() == same, (kind, first, second)
    books.restore(kind, before)
    assert books.holds()


def test_an_invented_erasure_is_found(books: Books) -> None:
    """A list taken out and marked as erased, by a name of the liar's own or by that of a true erasure."""
    seals = {row["request_id"]: row for row in books.rows("seals")}
    [true] = {row["erasure"] for row in seals.values()} - {None}
    lists = {row["request_id"]: row for row in books.rows("lists")}
    for name in (merkle_root([seals["q00"]["digest"]]), true):
        books.replace("lists", lists["q00"], None)
        books.replace("seals", seals["q00"], {**seals["q00"], "erasure": name})
        assert not books.holds()
        books.restore("seals", list(seals.values()))
        books.restore("lists", list(lists.values()))
    assert books.holds()


def test_the_auditors_program_agrees_and_needs_nothing(books: Books, check: Callable[[Books], tuple[int, str]]) -> None:
    assert check(books) == (0, "all of it holds\n")
    before = {kind: books.rows(kind) for kind in KEYS}
    every = list(edits(books))
    tried = 0
    for kind, column, row, changed in every[:: max(1, len(every) // 24)]:
        try:
            books.replace(kind, row, changed)
        except Exception:  # noqa: BLE001 - a key that is there already
            continue
        tried += 1
        code, said = check(books)
        assert (code, books.holds()) == (1, False), (kind, column, row, said)
        books.restore(kind, before[kind])
    assert tried > 15
    assert check(books)[0] == 0


def test_a_bundle_that_was_changed_on_its_way_is_found(
    books: Books, check: Callable[[Books], tuple[int, str]], tmp_path: Path
) -> None:
    assert check(books)[0] == 0
    folder = tmp_path / "unpacked"
    for name in ("trail.jsonl", "seals.jsonl", "lists.jsonl"):
        was = (folder / name).read_bytes()
        lines = was.splitlines(keepends=True)
        for changed in (lines[1:], lines[:-1], [*lines[1::-1], *lines[2:]], [*lines, lines[-1]]):
            (folder / name).write_bytes(b"".join(changed))
            code, said = verify(folder)
            assert (code, f"{name}: not the file of the manifest" in said) == (1, True), said
        (folder / name).write_bytes(was)
    (folder / "manifest.json").unlink()
    assert verify(folder)[0] == 2


def test_a_bundle_whose_lists_read_otherwise_is_found(
    books: Books, check: Callable[[Books], tuple[int, str]], tmp_path: Path
) -> None:
    """Also where the manifest was made anew: what a list reads is in its sealed bytes."""
    assert check(books)[0] == 0
    folder = tmp_path / "unpacked"
    was = (folder / "lists.jsonl").read_bytes()
    changed = was.replace('"restaurant_ids":["r9é"]'.encode(), '"restaurant_ids":["r8é"]'.encode())
    assert changed != was
    (folder / "lists.jsonl").write_bytes(changed)
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["files"]["lists.jsonl"]["sha256"] = hashlib.sha256(changed).hexdigest()
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    code, said = verify(folder)
    assert (code, said.splitlines()[0]) == (1, "list q09: it does not read as the bundle says")


def test_what_waits_is_anchored_once_by_many(books: Books) -> None:
    waiting = [row for row in books.rows("seals") if row["anchor"] is None]
    assert {row["market"] for row in waiting} == set(MARKETS)
    assert books.anchors.anchor() == 2
    assert books.anchors.anchor() == 0
    assert books.anchors.anchor_if_due() == 0
    assert {row["anchor"] for row in books.rows("seals")} == {1, 2, 3}
    assert books.holds()


def test_what_is_old_is_forgotten_by_whole_anchors_and_the_rest_holds(
    books: Books, check: Callable[[Books], tuple[int, str]]
) -> None:
    books.anchors.anchor()
    assert books.anchors.forget(NOON) == 0
    assert books.anchors.forget(NOON + timedelta(seconds=12)) == 7  # of the first nine lists the erased diner had two
    assert {row["request_id"] for row in books.rows("lists")}.isdisjoint(f"q{number:02d}" for number in range(9))
    assert books.anchors.forget(NOON + timedelta(seconds=12)) == 0
    assert books.holds()
    assert check(books)[0] == 0
    forgotten = books.trail.page(action="served.forget")
    assert sorted((record.market, record.subject) for record in forgotten) == [("aldermoor", "1"), ("bramble", "1")]
    seal = next(row for row in books.rows("seals") if row["request_id"] == "q01")
    books.replace("seals", seal, {**seal, "erasure": None})
    assert not books.holds()


@contextmanager
def meanwhile(engine: Engine, when: str, told: Callable[[str], bool], work: Callable[[], object]) -> Iterator[None]:
    """Do `work` in another thread once, before or after the first statement of which `told` is true.

    PostgreSQL lets it through where no lock is in its way, and then it is done before the statement goes on; SQLite
    lets it wait for the end of the transaction.
    """
    threads: list[threading.Thread] = []

    def hear(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not threads and told(statement):
            threads.append(threading.Thread(target=work))
            threads[0].start()
            threads[0].join(0.5)

    event.listen(engine, when, hear)
    try:
        yield
    finally:
        event.remove(engine, when, hear)
        assert threads
        threads[0].join(30)
        assert not threads[0].is_alive()


def of_lists(statement: str) -> bool:
    return statement.startswith("DELETE FROM served_lists")


@pytest.mark.parametrize("when", ["before_cursor_execute", "after_cursor_execute"])
def test_a_list_that_is_stored_during_an_erasure_goes_with_its_mark_or_stays_without(
    books: Books, database_url: str, when: str
) -> None:
    engine = open_database(database_url)
    with ServedLog(engine, interval_seconds=3_600.0) as log:
        books.serve(log, 22)  # of the market aldermoor and the diner d2, as those that are erased
        books.serve(log, 26)
        with meanwhile(books.engine, when, of_lists, log.flush):
            EventLog(books.engine).erase("aldermoor", "d2", books.witness)
    engine.dispose()
    assert books.holds()
    marked = {row["request_id"] for row in books.rows("seals") if row["erasure"] is not None}
    assert {row["request_id"] for row in books.rows("lists")}.isdisjoint(marked)


def test_a_diner_is_erased_while_the_anchor_is_forgotten(books: Books, database_url: str) -> None:
    """Each list goes once, under one name, whichever comes first; a lock is held before anything is read."""
    engine = open_database(database_url)

    def erase() -> None:
        EventLog(engine).erase("aldermoor", "d0", books.witness)

    with meanwhile(books.engine, "before_cursor_execute", of_lists, erase):
        assert books.anchors.forget(NOON + timedelta(seconds=12)) == 7
    engine.dispose()
    assert books.holds()
    assert not any(row["user_id"] == "d0" for row in books.rows("lists"))


def test_what_was_taken_out_before_is_not_forgotten_as_if_it_had_been_there(books: Books) -> None:
    [gone] = [row for row in books.rows("lists") if row["request_id"] == "q01"]
    books.replace("lists", gone, None)
    books.anchors.forget(NOON + timedelta(seconds=12))
    assert [(found.where, found.problem) for found in books.anchors.findings()] == [("q01", "the list is gone")]
