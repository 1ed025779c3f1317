"""Throughput: a fixed number of connections, each of which asks again as soon as it is answered.

A closed loop waits for a server that stalls, so its tail latencies flatter: quote throughput and CPU from here, and
latency from `loadtests.open_loop`.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from loadtests.connection import LOST, Connection, Target, connect
from loadtests.histogram import Histogram
from loadtests.looping import quiet_loop

GRACE_SECONDS = 5.0
"""How long the last answers are waited for."""


@dataclass(frozen=True)
class ClosedLoopResult:
    """What one run saw."""

    seconds: float
    statuses: Counter[int]
    """Answers by status; `connection.LOST` counts broken connections."""
    latencies: Histogram
    received_bytes: int

    @property
    def answers(self) -> int:
        """Requests that were answered with any status."""
        return sum(count for status, count in self.statuses.items() if status != LOST)

    @property
    def errors(self) -> int:
        """Requests that were not answered with 2xx."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


@dataclass
class _Run:
    requests: Sequence[bytes]
    deadline: float
    max_requests: int
    sent: int = 0
    received_bytes: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    started: dict[Connection, float] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, connection: Connection) -> None:
        now = time.perf_counter()
        if now >= self.deadline or self.sent >= self.max_requests or not connection.open:
            self.started.pop(connection, None)
            if not self.started:
                self.done.set()
            return
        self.started[connection] = now
        connection.send(self.requests[self.sent % len(self.requests)])
        self.sent += 1

    def answered(self, connection: Connection, status: int, n_bytes: int) -> None:
        self.latencies.append(time.perf_counter() - self.started[connection])
        self.statuses[status] += 1
        self.received_bytes += n_bytes
        self.ask(connection)


async def _drive(
    target: Target, requests: Sequence[bytes], connections: int, seconds: float, limit: int
) -> ClosedLoopResult:
    run = _Run(requests, deadline=float("inf"), max_requests=limit)
    pool = [await connect(target, run.answered) for _ in range(connections)]
    begin = time.perf_counter()
    run.deadline = begin + seconds
    run.started = dict.fromkeys(pool, begin)
    for connection in pool:
        run.ask(connection)
    # A server that hangs must not hang its measurement; what it owes is lost when the connections close.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(run.done.wait(), seconds + GRACE_SECONDS)
    elapsed = time.perf_counter() - begin
    for connection in pool:
        connection.close()
    await asyncio.sleep(0)
    return ClosedLoopResult(elapsed, run.statuses, Histogram.of(np.asarray(run.latencies)), run.received_bytes)


def run_closed_loop(
    target: Target, requests: Sequence[bytes], *, seconds: float, connections: int = 16, max_requests: int = 10**7
) -> ClosedLoopResult:
    """Ask `requests` in turn, over and over, for `seconds` or `max_requests`, whichever ends first."""
    return quiet_loop(_drive(target, requests, connections, seconds, max_requests))
