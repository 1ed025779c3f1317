"""One Redis server as the cache asks it: a connection for what diners wait on, another for the rest, and a breaker."""

import asyncio
from collections.abc import Callable, Sequence, Sized
from math import inf
from typing import Final, Protocol

from services.features.breaker import REFUSED, BreakerState, CircuitBreaker
from services.features.multiplexed import ErrorReplyError, MultiplexedConnection, PatienceError, Reply, UnavailableError
from services.features.servers import Place

_PATIENCE_SECONDS: Final = 2.0
"""For what no request waits on: warm-up, the market's blob, clearing away."""
_NOT_NOW: Final = frozenset({"LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "READONLY"})
"""Kinds of errors by which a server says that it cannot serve now; nothing is wrong with the key."""

Command = tuple[bytes, ...]


class Nodes(Protocol):
    """The servers behind the cache, whichever of them has a key."""

    @property
    def breaker_state(self) -> BreakerState:
        """Closed: all answer."""

    async def call(self, key: bytes, /, *command: bytes, patience: float = inf) -> Reply:
        """A command on this key that a diner waits on.

        Raises UnavailableError, ErrorReplyError, and PatienceError after `patience` seconds.
        """

    async def execute(self, key: bytes, /, commands: Sequence[Command]) -> list[Reply]:
        """Commands on keys beside this one that no diner waits on, in one write. Raises as `call` does."""

    async def ping(self) -> bool:
        """Whether all answer; at once where a breaker is open and no probe is due."""

    async def close(self) -> None:
        """Close all connections."""


class Node:
    """A server and its breaker; the whole of `Nodes` where there is one."""

    def __init__(
        self,
        place: Place,
        timeout_seconds: float,
        clock: Callable[[], float],
        owed: Sized,
        answered: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        """`answered` is called when the server answers while anything is `owed` to it, `lost` when it may have lost
        what it was told last."""
        self._quick = MultiplexedConnection(place, timeout_seconds=timeout_seconds, lost=lost)
        self._patient = MultiplexedConnection(place, timeout_seconds=_PATIENCE_SECONDS)
        self._breaker = CircuitBreaker(clock)
        self._owed = owed
        self._on_answer = answered
        self._probing: asyncio.Task[bool] | None = None

    @property
    def breaker_state(self) -> BreakerState:
        """Closed: it answers."""
        return self._breaker.state

    async def call(self, _key: bytes, *command: bytes, patience: float = inf, before: bytes = b"") -> Reply:
        """As in `Nodes`, if the breaker lets it; `before` as in `MultiplexedConnection`."""
        if patience <= 0.0:
            raise PatienceError
        ticket = self._breaker.enter()
        if ticket == REFUSED:
            raise UnavailableError("the circuit breaker is open")
        if self._breaker.state is BreakerState.HALF_OPEN:
            # No diner waits to find out that Redis is still away: the probe goes by itself, this call without.
            self._probing = asyncio.get_running_loop().create_task(self._asked(ticket))
            raise UnavailableError("the circuit breaker is open, a probe is on its way")
        return await self._try(ticket, command, patience, before)

    async def execute(self, _key: bytes, commands: Sequence[Command], before: bytes = b"") -> list[Reply]:
        """As in `Nodes`, if the breaker lets it; `before` as in `MultiplexedConnection`."""
        ticket = self._breaker.enter()
        if self._breaker.state is BreakerState.HALF_OPEN:
            # A probe must not take as long as the patience here: the breaker would be kept from closing.
            ticket = self._breaker.enter() if await self._asked(ticket) else REFUSED
        if ticket == REFUSED:
            raise UnavailableError("the circuit breaker is open")
        try:
            replies = await self._patient.pipeline(commands, before)
        except UnavailableError:
            self._breaker.failed(ticket)
            raise
        except ErrorReplyError as error:  # it is there and will not: full, or the key is of another type
            self._refused(ticket, error)
            raise
        except BaseException:
            self._breaker.gave_up(ticket)
            raise
        self._breaker.succeeded(ticket)
        return replies

    async def ping(self) -> bool:
        """Whether it answers; at once when the breaker is open and no probe is due."""
        return await self._asked(self._breaker.enter())

    async def slots(self) -> Reply:
        """What it knows of its cluster, whatever the breaker says. Raises UnavailableError and ErrorReplyError."""
        return await self._quick.call(b"CLUSTER", b"SLOTS")

    async def close(self) -> None:
        """Close both connections."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        await self._quick.close()
        await self._patient.close()

    async def _asked(self, ticket: int) -> bool:
        """Whether it answers a PING with this ticket, within the patience of a diner's call."""
        if ticket == REFUSED:
            return False
        try:
            return await self._try(ticket, (b"PING",)) == b"PONG"
        except (UnavailableError, ErrorReplyError):
            return False

    async def _try(self, ticket: int, command: Command, patience: float = inf, before: bytes = b"") -> Reply:
        """The command, and a word to the breaker of how it went."""
        try:
            reply = await self._quick.call(*command, patience=patience, before=before)
        except UnavailableError:
            self._breaker.failed(ticket)
            raise
        except ErrorReplyError as error:  # an error is an answer too
            self._refused(ticket, error)
            raise
        except PatienceError as error:  # says nothing of Redis yet; were it forgotten, impatience would hide an outage
            if error.asking is not None:
                error.asking.add_done_callback(lambda asking: self._ended(ticket, asking))
            raise
        except BaseException:
            self._breaker.gave_up(ticket)
            raise
        self._answered(ticket)
        return reply

    def _ended(self, ticket: int, asking: asyncio.Future[Reply]) -> None:
        """A call has ended that its caller did not wait for."""
        if asking.cancelled():
            self._breaker.gave_up(ticket)
        elif isinstance(asking.exception(), UnavailableError):
            self._breaker.failed(ticket)
        else:
            self._answered(ticket)

    def _answered(self, ticket: int) -> None:
        self._breaker.succeeded(ticket)
        if self._owed:
            self._on_answer()

    def _refused(self, ticket: int, error: ErrorReplyError) -> None:
        """It answered with an error. Raises UnavailableError where that says that it cannot serve now."""
        if error.kind not in _NOT_NOW:
            self._answered(ticket)
            return
        self._breaker.failed(ticket)
        if error.kind == "READONLY":  # no master any more: whoever knows where to connect knows a better one
            self._quick.drop()
            self._patient.drop()
        raise UnavailableError(str(error)) from None
