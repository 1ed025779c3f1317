"""An open loop that runs for as long as a bad day lasts, and remembers every answer with its time.

As in `loadtests.open_loop` requests leave when they are due, whatever became of those before, and latency counts from
then. Here the end is not known beforehand, and what matters is when something happened: before, in or after the fault.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np

from loadtests.connection import LOST, Connection, Target, connect

UNANSWERED = -1
"""The status of a request that was given up on."""
_TIMER_SECONDS = 0.002
_DRAIN_SECONDS = 15.0
_IDLE_SECONDS = 3.0
"""Used again no later than this: a server may close a connection that rests for five, as a request is on its way."""
_MAX_CONNECTIONS = 1_000
"""Of events that a database holds for five seconds each there are 500 at once; whoever finds no connection left would
leave late, and with others, which is nothing that the server did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request and what came of it; times by `time.monotonic`."""

    number: int
    due: float
    at: float
    status: int
    note: Any = None
    """What the stream's `note` made of the answer."""

    @property
    def ms(self) -> float:
        """From when it was due to its answer."""
        return 1e3 * (self.at - self.due)

    @property
    def good(self) -> bool:
        """Answered with 2xx."""
        return 200 <= self.status < 300


class Answers(list[Answer]):
    """Answers in the order in which their requests were due."""

    def due(self, begin: float, end: float) -> "Answers":
        """Those whose requests were due in [begin, end)."""
        return Answers(answer for answer in self if begin <= answer.due < end)

    def outside(self, spans: Iterable[tuple[float, float]]) -> "Answers":
        """Those whose requests were due in none of the spans."""
        held = list(spans)
        return Answers(each for each in self if not any(begin <= each.due < end for begin, end in held))

    def ms(self, quantile: float) -> float:
        """A quantile of the latency, ms; NaN where there are none."""
        return float(np.quantile([answer.ms for answer in self], quantile)) if self else float("nan")

    def that(self, is_so: Callable[[Answer], object]) -> "Answers":
        """Those of which something is so."""
        return Answers(answer for answer in self if is_so(answer))

    @property
    def good(self) -> int:
        """How many were answered with 2xx."""
        return sum(answer.good for answer in self)

    @property
    def server_errors(self) -> int:
        """How many were answered with 5xx."""
        return sum(answer.status >= 500 for answer in self)

    @property
    def statuses(self) -> dict[str, int]:
        """How many there are of each status."""
        names = {LOST: "lost", UNANSWERED: "unanswered"}
        return {str(names.get(status, status)): n for status, n in sorted(Counter(a.status for a in self).items())}


@dataclass
class _Waiting:
    """Requests that are due or under way."""

    queue: list[tuple[int, float]] = field(default_factory=list)
    idle: list[tuple[Connection, float]] = field(default_factory=list)
    under_way: dict[Connection, tuple[int, float]] = field(default_factory=dict)
    opening: set[asyncio.Task[None]] = field(default_factory=set)


class Stream:
    """`with Stream(target, request_of, rate) as stream: …`, then `stream.answers`. Runs in a thread of its own."""

    def __init__(
        self,
        target: Target,
        request_of: Callable[[int], bytes],
        rate: float,
        note: Callable[[int, bytes], Any] | None = None,
    ) -> None:
        """Send `request_of(0)`, `request_of(1)`, … at `rate` a second; keep `note(number, answer)` of each answer."""
        self._target = target
        self._request_of = request_of
        self._rate = rate
        self._note = note
        self._stop = threading.Event()
        self._waiting = _Waiting()
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    @property
    def answers(self) -> Answers:
        """What has been answered so far, in the order in which it was due."""
        return Answers(sorted(self._answers, key=lambda answer: answer.number))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Send no more, and wait for what is under way."""
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        begin = time.monotonic() + 0.01
        number = 0
        while not self._stop.is_set():
            due = begin + number / self._rate
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(min(wait - _TIMER_SECONDS, 0.05) if wait > _TIMER_SECONDS else 0)
                continue
            self._waiting.queue.append((number, due))
            self._pump()
            number += 1
        give_up = time.monotonic() + _DRAIN_SECONDS
        while self._pending() and time.monotonic() < give_up:
            await asyncio.sleep(0.005)
        self._give_up()

    def _pending(self) -> bool:
        return bool(self._waiting.queue or self._waiting.under_way or self._waiting.opening)

    def _pump(self) -> None:
        waiting = self._waiting
        while waiting.queue and waiting.idle:
            connection, since = waiting.idle.pop()
            if time.monotonic() - since > _IDLE_SECONDS:
                connection.close()
            elif connection.open:
                number, due = waiting.queue.pop(0)
                waiting.under_way[connection] = (number, due)
                connection.send(self._request_of(number))
        room = _MAX_CONNECTIONS - len(waiting.under_way) - len(waiting.opening)
        for _ in range(min(room, len(waiting.queue) - len(waiting.opening))):
            task = asyncio.get_running_loop().create_task(self._open())
            waiting.opening.add(task)
            task.add_done_callback(waiting.opening.discard)

    async def _open(self) -> None:
        try:
            self._rest(await connect(self._target, self._answered))
        except OSError:
            if self._waiting.queue:
                self._settle(*self._waiting.queue.pop(0), LOST)
        self._pump()

    def _answered(self, connection: Connection, status: int, _bytes: int) -> None:
        if connection not in self._waiting.under_way:  # given up
            return
        number, due = self._waiting.under_way.pop(connection)
        note = None if status == LOST or self._note is None else self._note(number, connection.last_answer)
        self._settle(number, due, status, note)
        self._rest(connection)
        self._pump()

    def _rest(self, connection: Connection) -> None:
        self._waiting.idle.append((connection, time.monotonic()))

    def _settle(self, number: int, due: float, status: int, note: Any = None) -> None:
        self._answers.append(Answer(number, due, time.monotonic(), status, note))

    def _give_up(self) -> None:
        waiting = self._waiting
        for task in waiting.opening:
            task.cancel()
        for number, due in [*waiting.queue, *waiting.under_way.values()]:
            self._settle(number, due, UNANSWERED)
        connections = [*(connection for connection, _ in waiting.idle), *waiting.under_way]
        waiting.queue.clear()
        waiting.under_way.clear()
        for connection in connections:
            connection.close()


def body_of(answer: bytes) -> bytes:
    """The answer's body."""
    return answer.partition(b"\r\n\r\n")[2]


def header_of(answer: bytes, name: bytes) -> bytes | None:
    """A header's value; `name` in lower case."""
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return None


def steps(seconds: float, times: int) -> Iterator[int]:
    """`times` rounds, each of which takes `seconds` at least."""
    for number in range(times):
        ends = time.monotonic() + seconds
        yield number
        time.sleep(max(0.0, ends - time.monotonic()))
