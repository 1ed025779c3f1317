"""Latency that a server cannot hide: requests leave when they are due, whether or not the ones before were answered.

Latency counts from the intended time, so a stall is seen by every request that would have been sent into it
(coordinated omission: Tene, "How NOT to measure latency", 2013). Requests that are never answered are counted with the
time that was waited for them.
"""

import asyncio
import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.connection import LOST, Connection, Target, connect
from loadtests.histogram import Histogram
from loadtests.looping import quiet_loop
from loadtests.trace import Planned

UNANSWERED = -1
"""In place of a status, of a request that was still without its answer at the end."""
_IDLE_SECONDS = 3.0
"""A connection that was idle for longer is not used again: the server may be closing it at this very moment."""
_yield_core: Callable[[], object] = getattr(os, "sched_yield", lambda: None)  # not every system has it
_TIMER_SECONDS = 0.002
"""Event loops wake up to 1 ms late, so the last stretch before a request is due is polled."""


@dataclass(frozen=True)
class OpenLoopResult:
    """What one run saw. It is INVALID where the generator itself was late: then it measured itself."""

    planned: int
    planned_seconds: float
    seconds: float
    statuses: Counter[int]
    """Answers by status; `connection.LOST` counts broken connections."""
    unanswered: int
    latencies: Histogram
    lag: Histogram
    """How late the generator looked at each request; waiting for a free connection is the server's doing, not its."""
    due: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """(planned,) intended times, seconds after the begin."""
    waited: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """(planned,) seconds from the intended time to the answer, or to the end of the run where none came."""
    answers: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    """(planned,) status of each request; `connection.LOST` where its connection broke, UNANSWERED where none came."""

    @property
    def errors(self) -> int:
        """Requests that were not answered with 2xx."""
        return self.unanswered + sum(count for status, count in self.statuses.items() if not 200 <= status < 300)

    @property
    def offered_rate(self) -> float:
        """Requests a second as planned."""
        return self.planned / self.planned_seconds

    @property
    def achieved_rate(self) -> float:
        """Answers a second, from the first intended time to the last answer."""
        return sum(count for status, count in self.statuses.items() if status != LOST) / self.seconds

    @property
    def generator_saturated(self) -> bool:
        """Whether lag can have made the tail: its p99 is above 1 ms and above a quarter of the latency's p99."""
        lag = self.lag.quantile_ms(0.99)
        return lag > 1.0 and lag > self.latencies.quantile_ms(0.99) / 4

    def as_json(self) -> dict[str, Any]:
        """Everything, the raw histograms included."""
        return {
            "valid": not self.generator_saturated,
            "planned": self.planned,
            "offered_rate": self.offered_rate,
            "achieved_rate": self.achieved_rate,
            "errors": self.errors,
            "unanswered": self.unanswered,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "latency_ms": self.latencies.summary_ms(),
            "generator_lag_ms": self.lag.summary_ms(),
            "latency_histogram": self.latencies.as_json(),
        }


@dataclass
class _Run:
    """The state of one run. Requests are numbered; `answered_at` is NaN until the answer came."""

    target: Target
    due: npt.NDArray[np.float64]
    requests: Sequence[bytes]
    max_connections: int
    answered_at: npt.NDArray[np.float64]
    lag: npt.NDArray[np.float64]
    answers: npt.NDArray[np.int16]
    idle: list[Connection] = field(default_factory=list)
    queue: deque[int] = field(default_factory=deque)
    under_way: dict[Connection, int] = field(default_factory=dict)
    opening: set[asyncio.Task[None]] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    keep: Callable[[int, bytes], object] | None = None
    closing: bool = False

    def dispatch(self, number: int) -> None:
        self.queue.append(number)
        self._pump()

    def _pump(self) -> None:
        """Give waiting requests to idle connections, and open more for those left over."""
        while self.queue and self.idle:
            connection = self.idle.pop()
            if time.perf_counter() - connection.idle_since > _IDLE_SECONDS:
                connection.close()
            elif connection.open:
                number = self.queue.popleft()
                self.under_way[connection] = number
                connection.send(self.requests[number])
        room = self.max_connections - len(self.under_way) - len(self.opening)
        for _ in range(min(room, len(self.queue) - len(self.opening))):
            task = asyncio.get_running_loop().create_task(self._open())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    async def _open(self) -> None:
        try:
            self.idle.append(await connect(self.target, self.answered))
        except OSError:
            if self.queue:
                self._settle(self.queue.popleft(), LOST)
        self._pump()

    def _settle(self, number: int, status: int) -> None:
        self.answered_at[number] = time.perf_counter()
        self.answers[number] = status
        self.statuses[status] += 1

    def answered(self, connection: Connection, status: int, _bytes: int) -> None:
        number = self.under_way.pop(connection, None)
        if number is None:
            connection.close()  # an answer that nobody asked for: the server takes its leave of an idle connection
        elif not self.closing:
            self._settle(number, status)
            if self.keep is not None and status != LOST:
                self.keep(number, connection.last_answer)
            connection.idle_since = self.answered_at[number]
            self.idle.append(connection)
            self._pump()

    @property
    def finished(self) -> bool:
        return not (self.queue or self.under_way or self.opening)

    def close(self) -> None:
        self.closing = True
        for task in self.opening:
            task.cancel()
        for connection in [*self.idle, *self.under_way]:
            connection.close()


async def _send_on_time(run: _Run, begin: float) -> None:
    for number, due in enumerate(run.due):
        while (wait := begin + due - time.perf_counter()) > 0:
            if wait > _TIMER_SECONDS:
                await asyncio.sleep(wait - _TIMER_SECONDS)
            else:
                _yield_core()  # a Redis on it must not wait for the end of a slice of who only looks at the clock
                await asyncio.sleep(0)
        run.lag[number] = -wait
        run.dispatch(number)


async def _drive(
    run: _Run, warm_connections: int, drain_seconds: float, on_begin: Callable[[float], object] | None
) -> OpenLoopResult:
    for _ in range(warm_connections):
        run.idle.append(await connect(run.target, run.answered))
    begin = time.perf_counter() + 0.01
    if on_begin is not None:
        on_begin(begin)
    await _send_on_time(run, begin)
    give_up = time.perf_counter() + drain_seconds
    while not run.finished and time.perf_counter() < give_up:
        await asyncio.sleep(0.001)
    end = time.perf_counter()
    open_ended = np.isnan(run.answered_at)
    run.close()
    await asyncio.sleep(0)
    latencies = np.where(open_ended, end, run.answered_at) - begin - run.due
    last = end if open_ended.all() else float(np.nanmax(run.answered_at))
    return OpenLoopResult(
        planned=run.due.size,
        planned_seconds=max(float(run.due[-1]), 1e-9),
        seconds=last - begin,
        statuses=run.statuses,
        unanswered=int(open_ended.sum()),
        latencies=Histogram.of(latencies),
        lag=Histogram.of(run.lag),
        due=run.due,
        waited=latencies,
        answers=run.answers,
    )


def run_open_loop(
    target: Target,
    trace: Sequence[Planned],
    *,
    headers: Mapping[str, str] | None = None,
    connections: int = 16,
    max_connections: int = 512,
    drain_seconds: float = 10.0,
    keep: Callable[[int, bytes], object] | None = None,
    on_begin: Callable[[float], object] | None = None,
) -> OpenLoopResult:
    """Send a trace at its intended times. Bounded: its own length, plus `drain_seconds` for late answers.

    `connections` are open before the first request; more are opened, up to `max_connections`, where answers are late.
    Beyond that requests wait in line, and their waiting counts. `keep` gets each answer with its request's number,
    `on_begin` the `time.perf_counter` from which all intended times count: so does what is to happen during a run.
    """
    if not trace:
        raise ValueError("a trace of no requests")
    sizes = len(trace)
    run = _Run(
        target,
        due=np.array([planned.at for planned in trace]),
        requests=[bytes_of(target, planned, headers or {}) for planned in trace],
        max_connections=max_connections,
        answered_at=np.full(sizes, np.nan),
        lag=np.zeros(sizes),
        answers=np.full(sizes, UNANSWERED, np.int16),
        keep=keep,
    )
    return quiet_loop(_drive(run, connections, drain_seconds, on_begin))


def bytes_of(target: Target, planned: Planned, headers: Mapping[str, str]) -> bytes:
    """A planned request as it is sent."""
    if planned.body is None:
        return target.request(planned.path, method=planned.method, headers=headers)
    body = json.dumps(planned.body).encode()
    typed = {**headers, "content-type": "application/json"}
    return target.request(planned.path, method=planned.method, headers=typed, body=body)
