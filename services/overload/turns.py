"""So many lists in one turn of the event loop; the others wait for the next, in order.

A loop goes from one look at its sockets to the next by way of everything that is ready. Replies of Redis come together,
so that would be all lists in flight: whoever asks meanwhile, and is refused or asks for something that costs nothing,
waits for all of them. Lists that wait here do so outside the loop's queue, and its turns stay short.
"""

import asyncio
from collections import deque
from typing import Final

_SIZE: Final = 8
"""Lists in a turn: 3 to 5 ms at 1,000 to 10,000 restaurants."""


class Turns:
    """Of one event loop at a time: whoever waited in one that has ended waits no more."""

    def __init__(self, size: int = _SIZE) -> None:
        """Raises ValueError where nobody ever had a turn."""
        if size < 1:
            raise ValueError("a turn has room for at least one")
        self._size = self._left = size
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        """Who waits, and since when by the loop's clock."""

    async def come(self) -> None:
        """Until the caller's turn has come: at once where there is room in this one. May be cancelled."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._left = loop, self._size
            self._waiting.clear()
        if self._left and not self._waiting:
            if self._left == self._size:
                loop.call_soon(self._begin)
            self._left -= 1
            return
        mine = loop.create_future()
        self._waiting.append((mine, loop.time()))
        await mine

    def longest_wait(self, now: float) -> float:
        """Seconds for which the first one has been waiting, by the loop's clock; 0 where nobody waits."""
        return now - self._waiting[0][1] if self._waiting else 0.0

    def _begin(self) -> None:
        """A turn begins. Who is called here runs in the next one of the loop, after it has looked at its sockets."""
        self._left = self._size
        while self._waiting and self._left:
            mine, _ = self._waiting.popleft()
            if not mine.done():
                mine.set_result(None)
                self._left -= 1
        if self._left < self._size:
            asyncio.get_running_loop().call_soon(self._begin)
