"""Lists that take turns: so many in each, in order, with a look at the sockets in between."""

import asyncio
import contextlib

import pytest
import uvloop

from services.overload import Turns


class Loop:
    """A loop's turns, counted, and who was served in which."""

    def __init__(self, size: int) -> None:
        self.turns = Turns(size)
        self.served: dict[int, int] = {}
        self.turn = 0

    async def one(self, number: int) -> None:
        await self.turns.come()
        self.served[number] = self.turn

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turn += 1


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request):
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


@contextlib.asynccontextmanager
async def counted(size):
    loop = Loop(size)
    counting = asyncio.create_task(loop.count())
    await asyncio.sleep(0)
    yield loop
    counting.cancel()


def test_so_many_have_a_turn_and_the_others_wait_in_order(runner):
    async def asked():
        async with counted(3) as loop:
            await asyncio.gather(*(loop.one(number) for number in range(11)))
            return loop.served

    served = runner.run(asked())
    assert list(served) == list(range(11)), "in order"
    turns = list(served.values())
    assert max(turns.count(turn) for turn in turns) == 3
    assert turns[-1] - turns[0] >= 3


def test_few_go_on_at_once(runner):
    async def asked():
        async with counted(2) as loop:
            for number in range(0, 10, 2):
                before = loop.turn
                await loop.one(number)
                await loop.one(number + 1)
                assert loop.turn == before
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            return list(loop.served)

    assert runner.run(asked()) == list(range(10))


def test_a_latecomer_does_not_overtake_who_waits(runner):
    async def asked():
        async with counted(1) as loop:
            first = [asyncio.create_task(loop.one(number)) for number in range(4)]
            while len(loop.served) < 2:
                await asyncio.sleep(0)
            late = asyncio.create_task(loop.one(99))
            await asyncio.wait([*first, late])
            return list(loop.served)

    assert runner.run(asked()) == [0, 1, 2, 3, 99]


def test_who_gives_up_takes_nobodys_place(runner):
    async def asked():
        async with counted(2) as loop:
            tasks = [asyncio.create_task(loop.one(number)) for number in range(40)]
            await asyncio.sleep(0)
            for task in tasks[2::3]:
                task.cancel()
            await asyncio.wait(tasks)
            assert loop.turns.longest_wait(0.0) == 0.0
            return loop.served

    served = runner.run(asked())
    assert list(served) == [number for number in range(40) if number < 2 or number % 3 != 2]
    assert max(list(served.values()).count(turn) for turn in served.values()) == 2


def test_all_who_wait_give_up_and_the_next_one_goes_on(runner):
    async def asked():
        async with counted(1) as loop:
            tasks = [asyncio.create_task(loop.one(number)) for number in range(3)]
            await asyncio.sleep(0)
            for task in tasks[1:]:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.wait_for(loop.one(3), 10)
            return list(loop.served)

    assert runner.run(asked()) == [0, 3]


def test_how_long_the_first_one_waits(runner):
    async def asked():
        turns, loop = Turns(1), asyncio.get_running_loop()
        assert turns.longest_wait(loop.time()) == 0.0
        began = loop.time()
        await turns.come()
        waiting = asyncio.create_task(turns.come())
        late = asyncio.create_task(turns.come())
        await turns.come()
        told = turns.longest_wait(began + 5.0)
        await asyncio.wait([waiting, late])
        return told, turns.longest_wait(loop.time())

    told, after = runner.run(asked())
    assert 4.9 < told <= 5.0
    assert after == 0.0


def test_a_turn_without_room_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Turns(0)


def test_a_loop_that_has_ended_in_the_middle_of_a_turn_holds_up_no_other():
    turns = Turns(1)

    async def asked():
        async with asyncio.timeout(5):
            await turns.come()
            await turns.come()

    ended = asyncio.new_event_loop()
    ended.set_exception_handler(lambda *_: None)  # of tasks that nobody waits for
    left = [ended.create_task(turns.come()) for _ in range(3)]
    ended.run_until_complete(asyncio.sleep(0))
    ended.close()
    assert not left[-1].done()
    asyncio.run(asked())
