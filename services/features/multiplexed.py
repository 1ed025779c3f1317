"""Many callers, one Redis connection: commands of one turn of the event loop leave in one write, replies come in order.

A general client gives every caller a connection of its own, with a read loop, a timer and two system calls a command.
Here the callers share all three, which costs about a tenth of the CPU at 16 concurrent callers (docs/feature-cache.md).

Replies are matched to callers by their order alone, so a place in the queue is never given up: a caller that is
cancelled or runs out of time leaves its place behind, and the reply that comes for it is dropped.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final, cast

import hiredis
from redis.exceptions import RedisError

from services.features.servers import Address, Place

_STALE_SECONDS: Final = 1.0
"""A connection that owes a reply for so long is dropped: its server may be gone without a word."""

Reply = bytes | int | list[Any] | None


class UnavailableError(Exception):
    """Redis does not answer: refused, lost, or too late."""


class PatienceError(Exception):
    """The caller had less time than Redis is given. `asking`: the call that goes on without it; None: none was made."""

    def __init__(self, asking: "asyncio.Future[Reply] | None" = None) -> None:
        super().__init__("the caller's patience is at its end")
        self.asking = asking


class ErrorReplyError(Exception):
    """Redis answered with an error; the message is its text."""

    @property
    def kind(self) -> str:
        """The first word of the text."""
        return str(self).partition(" ")[0]


def packed(parts: tuple[bytes, ...]) -> bytes:
    """A command as the protocol has it (RESP, an array of bulk strings)."""
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


class _Link(asyncio.Protocol):
    """One live connection and the queue of those who wait on it, in the order of their commands."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[asyncio.Future[Reply], float]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost: asyncio.Future[None] = self._loop.create_future()

    @property
    def alive(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, command: bytes, before: bytes = b"") -> asyncio.Future[Reply]:
        """Queue the command; the future gets its reply, or UnavailableError.

        `before`: a command that has to come right before it, and whose reply nobody needs.
        """
        if before:
            self.send(before).add_done_callback(_look_at)
        reply: asyncio.Future[Reply] = self._loop.create_future()
        if not self.alive:  # lost between the end of connecting and this: nobody else would tell the caller
            reply.set_exception(UnavailableError("connection lost: closed by the server"))
            return reply
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(command)
        deadline = self._loop.time() + self._timeout
        self._waiting.append((reply, deadline))
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._expire)
        return reply

    async def close(self) -> None:
        """Drop the connection; who still waits gets UnavailableError."""
        if self._transport is not None:
            self._transport.abort()
            await self._lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        # uvloop's transports are none of asyncio's classes, so this cannot be asserted.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: hand each reply to the first in the queue."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                future, _ = self._waiting.popleft()
                if not future.done():
                    future.set_result(reply)
        except (hiredis.HiredisError, IndexError):
            # Not the protocol, or a reply that no one asked for: no later reply of this connection can be trusted.
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop: nobody is left waiting."""
        if self._timer is not None:
            self._timer.cancel()
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(UnavailableError(f"connection lost: {exc or 'closed by the server'}"))
        self._lost.set_result(None)

    def _flush(self) -> None:
        # Closed since the commands were queued: who waits is told by `connection_lost`, and uvloop would raise here.
        if self._transport is not None and self.alive:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _expire(self) -> None:
        """One timer for all: deadlines are in the queue's order, because all callers have the same patience."""
        self._timer = None
        now = self._loop.time()
        if self._waiting and now >= self._waiting[0][1] + _STALE_SECONDS:
            self.abort()
            return
        for future, deadline in self._waiting:
            if future.done():
                continue
            if deadline > now:
                self._timer = self._loop.call_at(deadline, self._expire)
                return
            future.set_exception(UnavailableError(f"no reply within {self._timeout * 1000:g} ms"))
        if self._waiting:  # all gave up: come back for those who may join, and to see whether the connection is stale
            self._timer = self._loop.call_at(now + self._timeout, self._expire)

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()


def _look_at(asking: asyncio.Future[Reply]) -> None:
    """Nobody may be waiting any more; asyncio must not complain that no one looked at an error."""
    if not asking.cancelled():
        asking.exception()


class MultiplexedConnection:
    """One connection to Redis for all callers of one event loop; opened at the first call and again after a loss."""

    def __init__(self, place: Place, *, timeout_seconds: float, lost: Callable[[], None] | None = None) -> None:
        """No call waits longer than `timeout_seconds` for its reply, nor for the connection before it.

        `lost` is called when there is a connection again after one was lost: what the server has may be another's.
        """
        self._place = place
        self._timeout = timeout_seconds
        self._lost = lost
        self._link: _Link | None = None
        self._connecting: asyncio.Task[_Link] | None = None

    async def call(self, *parts: bytes, patience: float = inf, before: bytes = b"") -> Reply:
        """One command, one reply. Raises UnavailableError and ErrorReplyError; may be cancelled at any time.

        A caller who has less `patience` (seconds) than Redis is given gets PatienceError when it is at its end.
        `before`: a `packed` command that has to come right before this one, and whose reply nobody needs.
        """
        link = self._link
        if patience < self._timeout:
            reply = await self._within(link, parts, patience, before)
        else:
            if link is None or not link.alive:
                link = await self._connected()
            reply = await link.send(packed(parts), before)
        if isinstance(reply, hiredis.ReplyError):
            raise ErrorReplyError(str(reply))
        return reply

    async def pipeline(self, commands: Sequence[tuple[bytes, ...]], before: bytes = b"") -> list[Reply]:
        """Several commands in one write, and their replies. Raises as `call` does, for the first that fails.

        `before`: as there, for each of them.
        """
        link = self._link
        if link is None or not link.alive:
            link = await self._connected()
        asking = [link.send(packed(command), before) for command in commands]
        for future in asking:
            future.add_done_callback(_look_at)
        replies = [await future for future in asking]
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise ErrorReplyError(str(reply))
        return replies

    def drop(self) -> None:
        """Let go of the connection: the next call asks again where to connect. Who waits gets UnavailableError."""
        if self._link is not None:
            self._link.abort()

    async def _within(
        self, link: _Link | None, parts: tuple[bytes, ...], patience: float, before: bytes = b""
    ) -> Reply:
        """The same, but only the caller stops waiting: how Redis answers is then in the error's `asking`."""
        asking: asyncio.Future[Reply]
        if link is not None and link.alive:
            asking = link.send(packed(parts), before)
        else:
            asking = asyncio.get_running_loop().create_task(self.call(*parts, before=before))
        asking.add_done_callback(_look_at)
        await asyncio.wait([asking], timeout=patience)
        if not asking.done():
            raise PatienceError(asking)
        return asking.result()

    async def close(self) -> None:
        """Close the connection; a later call would open it again."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._link is not None:
            await self._link.close()

    async def _connected(self) -> _Link:
        """The one connection that all wait for; a caller that is cancelled does not take it from the others."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
            self._connecting.add_done_callback(self._settled)
        return await asyncio.shield(self._connecting)

    def _settled(self, task: asyncio.Task[_Link]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # all who waited may be gone; asyncio must not complain that no one looked

    async def _connect(self) -> _Link:
        again = self._link is not None
        if self._link is not None:
            await self._link.close()
        link = _Link(self._timeout)
        try:
            async with asyncio.timeout(self._timeout):
                address = await self._place.address()
                await self._open(link, address)
            for command in address.greeting:
                if isinstance(refusal := await link.send(packed(command)), hiredis.ReplyError):
                    raise UnavailableError(f"{command[0].decode()} refused: {refusal}")
            if address.master and not _is_master(await link.send(packed((b"ROLE",)))):
                raise UnavailableError("the server is not the master any more, or not yet")
        except (OSError, RedisError) as error:
            await link.close()
            raise UnavailableError(f"cannot connect: {error or type(error).__name__}") from error
        except BaseException:
            await link.close()
            raise
        self._link = link
        if again and self._lost is not None:
            self._lost()
        return link

    async def _open(self, link: _Link, address: Address) -> None:
        loop = asyncio.get_running_loop()
        if address.path:
            await loop.create_unix_connection(lambda: link, address.path)
        else:
            await loop.create_connection(lambda: link, address.host, address.port, ssl=address.tls)


def _is_master(role: Reply) -> bool:
    return isinstance(role, list) and role[:1] == [b"master"]
