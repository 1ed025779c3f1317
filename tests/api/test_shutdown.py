"""A process that is told to end does end."""

import asyncio

from services.bootstrap import _cancelled


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = 0

    async def loop() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed += 1

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await _cancelled(task)
    assert task.cancelled()
    assert swallowed == 1


async def test_one_that_has_ended_by_itself_is_no_matter() -> None:
    async def fails() -> None:
        raise RuntimeError("planted")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await _cancelled(task)
    assert isinstance(task.exception(), RuntimeError)
