"""Group commit: events of many requests share one transaction and so one wait for the disk."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from services.database.errors import StorageUnavailable
from services.events.log import Event, Outcome

_HANGS: Final = "the database neither takes the events nor fails"
_TURN: Final = 16
"""Deliveries that go on in one turn of the event loop: about 5 ms."""


class Appends(Protocol):
    """What the commit writes to; `EventLog` in the running system."""

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Store durably, or raise and store nothing."""
        ...


@dataclass(frozen=True, eq=False)
class _Delivery:
    """Events of one caller, and where the answer goes."""

    events: Sequence[Event]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[list[Outcome]]


class GroupCommit:
    """The event log for coroutines. While one transaction is written, what arrives gathers for the next.

    A thread of its own writes: several writers would only wait for one another's lock.
    """

    def __init__(
        self, log: Appends, max_waiting: int = 20_000, max_group: int = 2_000, patience_seconds: float = 6.0
    ) -> None:
        """At most `max_waiting` events wait; a transaction takes whole deliveries up to about `max_group` events.

        A caller waits `patience_seconds` at most, which is longer than the wait for a lock: beyond it the database
        neither takes the events nor fails. While a transaction has been out for so long nobody has to wait to be told.
        """
        self._log = log
        self._max_waiting = max_waiting
        self._max_group = max_group
        self._patience = patience_seconds
        self._writing_since: float | None = None
        self._deliveries: deque[_Delivery] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._closing = False
        self._writer = threading.Thread(target=self._write_groups, name="event-writer", daemon=True)
        self._writer.start()

    @property
    def waiting(self) -> int:
        """Events that wait for the next transaction."""
        return self._waiting

    async def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Store events; when this returns they are on disk. One outcome an event, in order.

        Raises StorageUnavailable at once when too many events wait, the database hangs or the log is closed, and when
        the database does not take the events. Nobody knows then whether they are stored: delivering them again is safe.
        """
        if not events:
            return []
        loop = asyncio.get_running_loop()
        delivery = _Delivery(events, loop, loop.create_future())
        with self._changed:
            if self._closing:
                raise StorageUnavailable("the event log is closed")
            if self._waiting and self._waiting + len(events) > self._max_waiting:
                raise StorageUnavailable(f"{self._waiting:,} events wait for the database already")
            if self._writing_since is not None and time.monotonic() - self._writing_since > self._patience:
                raise StorageUnavailable(_HANGS)
            self._waiting += len(events)
            self._deliveries.append(delivery)
            self._changed.notify()
        try:
            async with asyncio.timeout(self._patience):
                return await delivery.answer
        except TimeoutError:
            raise StorageUnavailable(_HANGS) from None

    async def close(self) -> None:
        """Write what waits, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._writer.join)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _write_groups(self) -> None:
        while group := self._next_group():
            events = [event for delivery in group for event in delivery.events]
            self._writing_since = time.monotonic()
            try:
                outcomes = self._log.append(events)
            except StorageUnavailable as error:
                # Who waits behind would wait for the same timeout again: all are told now.
                _answer(group + self._take_all(), error)
            except Exception as error:  # noqa: BLE001 - the callers get it; the thread must live on
                _answer(group, error)
            else:
                _answer(group, outcomes)
            self._writing_since = None

    def _next_group(self) -> list[_Delivery]:
        """Whole deliveries in order of arrival; empty when the log is closed and nothing waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._deliveries or self._closing)
            group: list[_Delivery] = []
            size = 0
            while self._deliveries and (not group or size + len(self._deliveries[0].events) <= self._max_group):
                group.append(self._deliveries.popleft())
                size += len(group[-1].events)
            self._waiting -= size
            return group

    def _take_all(self) -> list[_Delivery]:
        with self._changed:
            taken = list(self._deliveries)
            self._deliveries.clear()
            self._waiting = 0
            return taken


def _answer(group: Sequence[_Delivery], result: list[Outcome] | Exception) -> None:
    """Hand each caller its part, with one wake-up of each event loop."""
    answers: dict[asyncio.AbstractEventLoop, list[tuple[_Delivery, list[Outcome] | Exception]]] = {}
    start = 0
    for delivery in group:
        end = start + len(delivery.events)
        own = result if isinstance(result, Exception) else result[start:end]
        answers.setdefault(delivery.loop, []).append((delivery, own))
        start = end
    for loop, parts in answers.items():
        # A loop that is closed has nobody left who waits.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, parts)


def _settle(parts: Sequence[tuple[_Delivery, list[Outcome] | Exception]]) -> None:
    """Some in each turn of the loop: after a database has hung there are hundreds, and to go on with all of them in one
    turn kept everybody else waiting for 100 ms.
    """
    if len(parts) > _TURN:
        asyncio.get_running_loop().call_soon(_settle, parts[_TURN:])
    for delivery, result in parts[:_TURN]:
        if delivery.answer.done():  # the caller has gone
            continue
        if isinstance(result, Exception):
            delivery.answer.set_exception(result)
        else:
            delivery.answer.set_result(result)
