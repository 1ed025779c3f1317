"""Group commit: acknowledged means stored, under concurrency and when the database is away."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence

import pytest
from happenings import event
from locks import events_locked
from sqlalchemy import Engine

from services.database.errors import StorageUnavailable
from services.events.commit import GroupCommit
from services.events.log import Event, EventLog, Outcome

STORED, DUPLICATE, CONFLICT = Outcome.STORED, Outcome.DUPLICATE, Outcome.CONFLICT


class Gate:
    """An event log whose writes wait until they are let through; counts transactions."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.opened = threading.Event()
        self.reached = threading.Event()
        self.groups: list[int] = []

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        self.reached.set()
        assert self.opened.wait(30)
        self.groups.append(len(events))
        return self.log.append(events)


@pytest.fixture
def log(engine: Engine) -> EventLog:
    return EventLog(engine)


async def test_each_caller_gets_the_outcomes_of_its_own_events(log: EventLog) -> None:
    async with GroupCommit(log) as commit:
        assert await commit.append([]) == []
        assert await commit.append([event(1)]) == [STORED]
        answers = await asyncio.gather(
            commit.append([event(1), event(2)]),
            commit.append([event(3, value=1.0)]),
            commit.append([event(3, value=2.0), event(2), event(4)]),
        )
    assert answers == [[DUPLICATE, STORED], [STORED], [CONFLICT, DUPLICATE, STORED]]


async def test_many_callers_deliver_the_same_events_and_one_of_each_is_stored(log: EventLog) -> None:
    async def caller(number: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for start in range(0, 60, 3):
            shifted = (start + 7 * number) % 60
            outcomes += await commit.append([event(n) for n in range(shifted, shifted + 3)])
        return outcomes

    async with GroupCommit(log) as commit:
        answers = await asyncio.gather(*(caller(number) for number in range(16)))
    counts = Counter(outcome for outcomes in answers for outcome in outcomes)
    assert counts == {STORED: log.count(), DUPLICATE: 16 * 60 - log.count()}
    assert log.count() == len({found.event_id for found in log.of_diner("aldermoor", "d1")}) == 62


async def test_two_writers_on_one_database_store_each_event_once(engine: Engine) -> None:
    """As two processes would: each with its own thread and connections."""
    async with GroupCommit(EventLog(engine)) as one, GroupCommit(EventLog(engine)) as two:
        deliveries = [[event(n) for n in range(start, start + 10)] for start in range(0, 300, 5)]
        answers = await asyncio.gather(
            *(one.append(events) for events in deliveries),
            *(two.append(events[::-1]) for events in reversed(deliveries)),
        )
    counts = Counter(outcome for outcomes in answers for outcome in outcomes)
    assert counts[STORED] == EventLog(engine).count() == 305
    assert counts[CONFLICT] == 0


async def test_what_arrives_during_a_write_shares_the_next_one(log: EventLog) -> None:
    gate = Gate(log)
    async with GroupCommit(gate, max_group=50) as commit:
        first = asyncio.create_task(commit.append([event("first")]))
        await asyncio.to_thread(gate.reached.wait, 30)
        rest = [asyncio.create_task(commit.append([event(n), event(-n)])) for n in range(1, 41)]
        await asyncio.sleep(0)
        gate.opened.set()
        await asyncio.gather(first, *rest)
    assert gate.groups == [1, 50, 30]


async def test_beyond_the_bound_callers_are_refused_at_once(log: EventLog) -> None:
    gate = Gate(log)
    async with GroupCommit(gate, max_waiting=3) as commit:
        first = asyncio.create_task(commit.append([event(0)]))
        await asyncio.to_thread(gate.reached.wait, 30)
        second = asyncio.create_task(commit.append([event(1), event(2)]))
        await asyncio.sleep(0)
        with pytest.raises(StorageUnavailable, match="2 events wait"):
            await commit.append([event(3), event(4)])
        gate.opened.set()
        assert await first + await second == [STORED] * 3
        assert await commit.append([event(n) for n in range(3, 8)]) == [STORED] * 5  # alone it may be larger
    assert log.count() == 8


async def test_a_locked_database_refuses_all_who_wait_and_takes_them_afterwards(engine: Engine, log: EventLog) -> None:
    async with GroupCommit(log) as commit:
        with events_locked(engine):
            tasks = [asyncio.create_task(commit.append([event(n)])) for n in range(20)]
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [StorageUnavailable] * 20
        assert log.count() == 0
        again = await asyncio.gather(*(commit.append([event(n)]) for n in range(20)))
    assert again == [[STORED]] * 20


async def test_who_waits_behind_a_failed_write_is_told_at_once(engine: Engine, log: EventLog) -> None:
    gate = Gate(log)
    async with GroupCommit(gate, max_group=1) as commit:
        with events_locked(engine):
            tasks = [asyncio.create_task(commit.append([event(n)])) for n in range(5)]
            await asyncio.sleep(0)
            gate.opened.set()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [StorageUnavailable] * 5
    assert len(gate.groups) == 1


async def test_those_who_waited_go_on_some_in_each_turn_of_the_loop(engine: Engine, log: EventLog) -> None:
    """All at once they would keep everybody else waiting: here whoever looks at the loop's every turn."""
    gone_on = 0

    async def deliver(number: int) -> None:
        nonlocal gone_on
        with pytest.raises(StorageUnavailable):
            await commit.append([event(number)])
        gone_on += 1

    async with GroupCommit(log) as commit:
        with events_locked(engine):
            callers = asyncio.gather(*(deliver(number) for number in range(200)))
            most, before = 0, 0
            while not callers.done():
                await asyncio.sleep(0)
                most, before = max(most, gone_on - before), gone_on
    assert gone_on == 200
    assert most <= 32


async def test_a_fault_of_the_program_reaches_the_callers_and_the_log_goes_on(log: EventLog) -> None:
    class Faulty:
        def append(self, events: Sequence[Event]) -> list[Outcome]:
            if events[0].event_id == "e0":
                raise ZeroDivisionError
            return log.append(events)

    async with GroupCommit(Faulty()) as commit:
        with pytest.raises(ZeroDivisionError):
            await commit.append([event(0)])
        assert await commit.append([event(1)]) == [STORED]


async def test_a_caller_that_leaves_disturbs_nobody(log: EventLog) -> None:
    gate = Gate(log)
    async with asyncio.timeout(30), GroupCommit(gate) as commit:
        first = asyncio.create_task(commit.append([event(9)]))
        await asyncio.to_thread(gate.reached.wait, 30)
        leaver, stayer = (asyncio.create_task(commit.append([event(n)])) for n in range(2))
        await asyncio.sleep(0)
        leaver.cancel()
        gate.opened.set()
        assert await first + await stayer == [STORED, STORED]
        assert leaver.cancelled()
        assert await commit.append([event(0)]) == [DUPLICATE]


async def test_closing_writes_what_waits_and_takes_nothing_more(log: EventLog) -> None:
    gate = Gate(log)
    commit = GroupCommit(gate)
    tasks = [asyncio.create_task(commit.append([event(n)])) for n in range(5)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(commit.close())
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable, match="closed"):
        await commit.append([event(9)])
    gate.opened.set()
    await closing
    assert await asyncio.gather(*tasks) == [[STORED]] * 5
    assert log.count() == 5


async def test_a_database_that_hangs_keeps_nobody_for_long(log: EventLog) -> None:
    """Neither those who wait, nor those who come later; what they brought is stored all the same, once."""
    gate = Gate(log)
    async with asyncio.timeout(60), GroupCommit(gate, patience_seconds=0.2) as commit:
        try:
            with pytest.raises(StorageUnavailable, match="neither takes the events nor fails"):
                await commit.append([event(1)])
            await asyncio.sleep(0.2)
            late = [commit.append([event(2)]) for _ in range(50)]
            outcomes = await asyncio.gather(*late, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
            assert commit.waiting == 0, "those who come later are refused at once"
        finally:
            gate.opened.set()
        while log.count() < 1:
            await asyncio.sleep(0.01)
    async with GroupCommit(log) as commit:
        assert await commit.append([event(1), event(2)]) == [DUPLICATE, STORED]
