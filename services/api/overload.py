"""The gate in front of everything: lets a request in, or answers 503 before it is parsed any further.

A refusal must cost next to nothing, or refusing takes the time that the answers need. So what it says is made once, and
the connection's protocol (`services/api/slow_clients.py`) sends it without a task, a scope or a look at the rest. The
same gate stands in `Application.__call__` for servers with another protocol.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from typing import Final

from starlette.types import Scope, Send

from services.api.deadlines import read_deadline
from services.api.edge import Headers
from services.api.problems import MEDIA_TYPE, BadRequest, Overloaded
from services.monitoring.metrics import Metrics
from services.overload import Limiter, Priority, Turns, priority_of

_LOOK_SECONDS: Final = 0.005
_LOOKS_A_REPORT: Final = 100
_RETRY_AFTER: Final = (1, 2, 3)
"""Seconds, in turn: clients that were refused together do not come back together."""

BUSY: Final = "busy"
LATE: Final = "late"
_DETAILS: Final = {
    BUSY: "the process has as much to do as it can do in time; try again after Retry-After",
    LATE: "the time that the request gives was up before the work began",
}


class Refusals:
    """What is answered to whom is not let in: made once, as ASGI has it and as bytes."""

    def __init__(self, reason: str, sealing: Headers) -> None:
        self.body = Overloaded(_DETAILS[reason]).body("")
        common = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(self.body)), *sealing]
        self._headers = cycle([[*common, (b"retry-after", b"%d" % seconds)] for seconds in _RETRY_AFTER])
        texts = [_head([*common, (b"retry-after", b"%d" % seconds)]) for seconds in _RETRY_AFTER]
        self._going_on = cycle([head + b"\r\n" + self.body for head in texts])
        self._closing = cycle([head + b"connection: close\r\n\r\n" for head in texts])

    def http(self) -> bytes:
        """An answer after which the connection goes on."""
        return next(self._going_on)

    def http_closing(self, *, with_body: bool = True) -> bytes:
        """An answer after which the connection is closed; `with_body` False: to a HEAD."""
        return next(self._closing) + (self.body if with_body else b"")

    async def send(self, send: Send) -> None:
        """The same over ASGI."""
        await send({"type": "http.response.start", "status": Overloaded.status, "headers": next(self._headers)})
        await send({"type": "http.response.body", "body": self.body})


class Gate:
    """Of one process: whether a request is let in, and what is told of those that are not."""

    def __init__(self, limiter: Limiter, turns: Turns, metrics: Metrics, sealing: Headers) -> None:
        """`sealing`: headers of every answer."""
        self.limiter = limiter
        self._turns = turns
        self.busy = Refusals(BUSY, sealing)
        self._late = Refusals(LATE, sealing)
        self._metrics = metrics
        self._refused: Counter[tuple[Priority, str]] = Counter()
        self._looking = False
        self._looks = 0

    def lets_in(self, path: bytes) -> Priority | None:
        """The priority of a request that is now in flight, to be given back to `leave`; None: it is refused."""
        priority = priority_of(path)
        if self.limiter.refuses(priority):
            self._refused[priority, BUSY] += 1
            return None
        self.limiter.enter(priority)
        if not self._looking:
            self._look_later()
        return priority

    def refuses(self, path: bytes) -> bool:
        """Whether a request is refused, and counted; it is not let in either way."""
        priority = priority_of(path)
        if not self.limiter.refuses(priority):
            return False
        self._refused[priority, BUSY] += 1
        return True

    def leave(self, priority: Priority) -> None:
        """It has been answered."""
        self.limiter.leave(priority)

    def refusal(self, scope: Scope) -> Refusals | None:
        """What to answer instead; None: the request is in flight, with its priority as `admitted` in its scope.

        The protocol may have let it in already, and said when it `arrived`. The caller's deadline is kept too.
        """
        now = time.perf_counter()
        priority: Priority | None = scope.get("admitted")
        if priority is None:
            priority = self.lets_in(scope["path"].encode(errors="replace"))
            if priority is None:
                return self.busy
            scope["admitted"] = priority
        try:
            deadline = scope["deadline"] = read_deadline(scope, scope.get("arrived", now))
        except BadRequest:  # told by the routes that have a use for it
            return None
        if deadline > now:
            return None
        self._refused[priority, LATE] += 1
        self.leave(priority)
        return self._late

    def report(self) -> None:
        """Tell the metrics."""
        for (priority, reason), count in self._refused.items():
            self._metrics.refused(priority.name.lower(), reason, count)
        self._refused.clear()

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._looking = True
        loop.call_later(_LOOK_SECONDS, self._look, loop, loop.time() + _LOOK_SECONDS)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """See how late the loop is, or a list that waits for its turn, for as long as anything is in flight."""
        now = loop.time()
        lag = max(now - due, self._turns.longest_wait(now))
        self.limiter.observe(lag)
        self._looks += 1
        self._looking = False
        calm = self.limiter.is_calm
        if calm or self._looks % _LOOKS_A_REPORT == 0:
            self._metrics.overload(self.limiter.limit, self.limiter.in_flight, lag)
            self.report()
        if not calm:
            self._look_later()


def _head(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    lines = [b"HTTP/1.1 503 Service Unavailable", *(b"%b: %b" % header for header in headers), b""]
    return b"\r\n".join(lines)
