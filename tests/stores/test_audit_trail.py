"""The audit trail: one chain, one record for each lever, and no quiet change of the past."""

import contextlib
import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from happenings import NOON
from sqlalchemy import Engine, delete, insert, select, update

from services.audit.trail import AuditTrail, ChainCheck
from services.clock import Clock
from services.database.schema import audit_trail, markets
from services.database.transactions import reading, writing

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trail(engine: Engine) -> AuditTrail:
    """An empty one."""
    return AuditTrail(engine, Clock())


def use_lever(engine: Engine, trail: AuditTrail, number: int, **changes: Any) -> int:
    given = {"role": "sales", "action": "campaign.put", "market": "aldermoor", "subject": f"c{number}"}
    with writing(engine) as connection:
        return trail.record(connection, **{**given, **changes}, document={"before": None, "after": {"bid": number}})


def test_records_come_back_newest_first_by_market_and_by_page(engine: Engine, trail: AuditTrail) -> None:
    assert trail.page() == []
    assert trail.first_broken() is None
    for number in range(1, 8):
        assert use_lever(engine, trail, number, market="bramble" if number % 3 == 0 else "aldermoor") == number
    assert [record.seq for record in trail.page(limit=3)] == [7, 6, 5]
    assert [record.seq for record in trail.page(before=5, limit=3)] == [4, 3, 2]
    assert [record.subject for record in trail.page("bramble")] == ["c6", "c3"]
    first, second = trail.page(before=3)[::-1]
    assert (first.previous, second.previous) == ("0" * 64, first.digest)
    assert first.document == {"before": None, "after": {"bid": 1}, "reason": ""}
    assert trail.first_broken() is None


def digest_of(row: dict[str, Any]) -> str:
    at = row["at"].isoformat().replace("+00:00", "Z")
    fields = [row["seq"], at, *(row[name] for name in ("role", "action", "market", "subject", "document", "previous"))]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def read_row(engine: Engine, number: int) -> dict[str, Any]:
    with reading(engine) as connection:
        return dict(connection.execute(select(audit_trail).where(audit_trail.c.seq == number)).one()._mapping)


def change_row(engine: Engine, number: int, values: dict[str, Any]) -> None:
    with writing(engine) as connection:
        connection.execute(update(audit_trail).where(audit_trail.c.seq == number).values(**values))


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 9},
        {"at": NOON},
        {"role": "admin"},
        {"action": "campaign.close"},
        {"market": None},
        {"subject": "c9"},
        {"document": '{"before":null,"after":{"bid":999}}'},
        {"previous": "f" * 64},
        {"digest": "f" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_any_column_is_found(engine: Engine, trail: AuditTrail, change: dict[str, Any]) -> None:
    for number in range(1, 6):
        use_lever(engine, trail, number)
    for number in range(1, 6):
        was = read_row(engine, number)
        change_row(engine, number, change)
        assert trail.first_broken() == number
        change_row(engine, change.get("seq", number), was)
        assert trail.first_broken() is None


def test_a_record_before_the_first_one_is_found(engine: Engine, trail: AuditTrail) -> None:
    use_lever(engine, trail, 1)
    forged = {**read_row(engine, 1), "seq": -7}
    with writing(engine) as connection:
        connection.execute(insert(audit_trail), forged)
    assert trail.first_broken() == 1


def test_the_digest_is_what_the_documentation_says(engine: Engine, trail: AuditTrail) -> None:
    """Made here with the standard library alone, as an auditor would."""
    for number in range(1, 4):
        use_lever(engine, trail, number, market=None if number == 2 else "aldermoor")
    previous = "0" * 64
    for number in range(1, 4):
        row = read_row(engine, number)
        assert row["previous"] == previous
        assert row["digest"] == (previous := digest_of(row))


def test_a_forger_who_makes_the_digest_anew_is_found_at_the_next_record(engine: Engine, trail: AuditTrail) -> None:
    for number in range(1, 6):
        use_lever(engine, trail, number)
    forged = {**read_row(engine, 3), "role": "admin"}
    change_row(engine, 3, {"role": "admin", "digest": digest_of(forged)})
    assert trail.first_broken() == 4


def test_a_chain_that_is_closed_again_over_a_gap_is_found(engine: Engine, trail: AuditTrail) -> None:
    for number in range(1, 6):
        use_lever(engine, trail, number)
    with writing(engine) as connection:
        connection.execute(delete(audit_trail).where(audit_trail.c.seq == 3))
    previous = read_row(engine, 2)["digest"]
    for number in (4, 5):
        row = {**read_row(engine, number), "previous": previous}
        change_row(engine, number, {"previous": previous, "digest": (previous := digest_of(row))})
    assert trail.first_broken() == 3


@pytest.mark.parametrize("gone", [1, 3])
def test_a_record_that_is_taken_out_is_missed(engine: Engine, trail: AuditTrail, gone: int) -> None:
    for number in range(1, 6):
        use_lever(engine, trail, number)
    with writing(engine) as connection:
        connection.execute(delete(audit_trail).where(audit_trail.c.seq == gone))
    assert trail.first_broken() == gone


def test_a_lever_that_is_rolled_back_leaves_no_record(engine: Engine, trail: AuditTrail) -> None:
    use_lever(engine, trail, 1)

    def break_off() -> None:
        with writing(engine) as connection:
            trail.record(connection, role="ml", action="x", market=None, subject="s", document={})
            raise RuntimeError("the lever broke")

    with pytest.raises(RuntimeError):
        break_off()
    assert use_lever(engine, trail, 2) == 2
    assert trail.first_broken() is None


def test_writers_at_the_same_time_make_one_chain_without_gaps(engine: Engine, trail: AuditTrail) -> None:
    def work(thread: int) -> None:
        for number in range(10):
            use_lever(engine, trail, thread * 100 + number)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.seq for record in trail.page()] == list(range(40, 0, -1))
    assert trail.first_broken() is None


def test_processes_at_the_same_time_make_one_chain_without_gaps(
    engine: Engine, trail: AuditTrail, database_url: str
) -> None:
    program = (
        "import sys; from services.audit.trail import AuditTrail; from services.clock import Clock;"
        "from services.database.engine import open_database; from services.database.transactions import writing\n"
        "engine = open_database(sys.argv[1], 30_000); trail = AuditTrail(engine, Clock())\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for number in range(15):\n"
        "    with writing(engine) as connection:\n"
        "        trail.record(connection, role='ml', action='x', market=None, subject=str(number), document={})\n"
        "engine.dispose()"
    )
    command = [sys.executable, "-c", program, database_url]
    with contextlib.ExitStack() as stack:
        working = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True)
            )
            for _ in range(4)
        ]
        assert [process.stdout.readline() for process in working] == ["ready\n"] * 4
        for process in working:
            process.stdin.close()
        assert [process.wait(60) for process in working] == [0] * 4
    assert [record.seq for record in trail.page()] == list(range(60, 0, -1))
    assert trail.first_broken() is None


def test_the_trail_survives_other_tables_being_empty(engine: Engine, trail: AuditTrail) -> None:
    with writing(engine) as connection:
        connection.execute(delete(markets))
    use_lever(engine, trail, 1, market=None)
    assert trail.page()[0].market is None


def test_the_chain_is_walked_once_for_all_who_ask_within_the_time(engine: Engine, trail: AuditTrail) -> None:
    use_lever(engine, trail, 1)
    kept, anew = ChainCheck(trail, Clock(), seconds=3_600.0), ChainCheck(trail, Clock(), seconds=0.0)
    first = kept.verdict()
    assert (first.broken_at, anew.verdict().broken_at) == (None, None)
    change_row(engine, 1, {"role": "admin"})
    assert kept.verdict() is first
    assert anew.verdict().broken_at == 1
    assert anew.verdict().at > first.at


def test_who_asks_during_a_walk_gets_the_verdict_before_it(engine: Engine) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Long(AuditTrail):
        def first_broken(self) -> int | None:
            if begun.is_set():
                assert go_on.wait(30)
            return super().first_broken()

    check = ChainCheck(Long(engine, Clock()), Clock(), seconds=0.0)
    first = check.verdict()
    begun.set()
    walking = threading.Thread(target=check.verdict)
    walking.start()
    try:
        while not check._walking.locked():
            walking.join(0.001)
        assert check.verdict() is first
    finally:
        go_on.set()
        walking.join(30)
    assert check.verdict() is not first
