"""An adaptive limit on the requests in flight in one process, steered by how late its event loop is.

A process of one event loop works on one request at a time; whatever is admitted beyond waits in the loop's queue. So
the right number in flight is not known, it depends on what a request costs and how long it waits for others, but a
number that is too large shows at once: callbacks run late. The limit follows demand while the loop is on time, and
shrinks by the ratio of the lateness that is aimed at to the one that was seen: the gradient of Netflix's and Envoy's
limiters, with the loop's lag in place of the response time. Response times would also shrink it while Redis is slow,
when the process has nothing to do and should let more wait, not fewer (docs/decisions/0041). One late look is a stall,
not a queue that stands: as in CoDel (Nichols, Jacobson 2012) the least of several counts, here of two.

No clock, no I/O: whoever owns the loop calls `observe`.
"""

from collections import deque
from math import ceil, sqrt
from typing import Final

from services.overload.priorities import Priority

SHARES: Final = (1.0, 0.5, 0.25)
"""Of the limit: what may be in flight of FIRST; of FIRST and SECOND; of all, for one of LAST to be let in."""
_FEW: Final = 16
"""Of any priority may be in flight while nobody is refused, however slow the machine: a browser asks for six things at
once, and a page that lacks one of them is broken."""
_MOST_SHRINKING: Final = 0.25
_GROWTH: Final = 1.2
_FADE: Final = 0.05
_UNLIMITED: Final = 1 << 60
_FRESH_LOOKS: Final = 40
"""Of FIRST, what has been in flight for longer, 200 ms, waits for others, and takes no place: a database that hangs
holds events for seconds, and must not have lists refused that do not ask it."""
_MOST_PARKED: Final = 4_096
_SHUT_LOOKS: Final = 200
"""For so many looks after somebody was refused, a second or more, nobody of a lower priority is let in. Requests come
and go in the loop's turns, so for a moment of each there is room for anybody, however much is asked for."""


class Limiter:
    """Counts requests in flight by priority and says whether one more is too many. For one event loop."""

    def __init__(self, *, target_seconds: float, start: int = 128, least: int = 16, most: int = 512) -> None:
        """`target_seconds`: how late the loop may be. The limit begins at `start` and returns to it when it is calm.

        Raises ValueError for figures that are none of a limit's.
        """
        if not (target_seconds > 0.0 and 1 <= least <= start <= most):
            raise ValueError("a limiter wants target_seconds > 0 and 1 <= least <= start <= most")
        self._target = target_seconds
        self._start, self._least, self._most = float(start), float(least), float(most)
        self._limit = self._start
        self._flying = [0] * len(Priority)
        """By priority: how many of it and of what goes before it are in flight. A class is not held up by those below
        it: a slow report takes no recommendation's place."""
        self._room = [_UNLIMITED] * len(Priority)
        self._entered = deque([0] * _FRESH_LOOKS)
        """Of FIRST, between looks; the last since the last one."""
        self._fresh = 0
        """Their sum: so many at most of those in flight have come in so short a time."""
        self._pressed = False
        """Whether the limit mattered, or nearly, since it was last looked at."""
        self._last_lag = 0.0
        self._shut_below = Priority.LAST
        """Who goes after it is not let in."""
        self._shut_looks = 0
        self._measure_out()

    @property
    def limit(self) -> float:
        """Requests of FIRST that may be in flight."""
        return self._limit

    @property
    def in_flight(self) -> int:
        """Requests of all priorities but ALWAYS that are in flight."""
        return self._flying[Priority.LAST]

    @property
    def is_calm(self) -> bool:
        """Nothing is in flight, the loop was in time, and the limit is where it began."""
        busy = self._flying[Priority.LAST] or self._pressed or self._shut_looks or self._last_lag > self._target
        return not busy and self._limit == self._start

    @property
    def parked(self) -> int:
        """Of those in flight, how many at least have waited for so long that they take no place."""
        return min(max(self._flying[Priority.FIRST] - self._fresh, 0), _MOST_PARKED)

    def is_tight(self) -> bool:
        """Whether anybody at all would be refused now; LAST is refused first."""
        return self._flying[Priority.LAST] - self.parked >= self._room[Priority.LAST]

    def refuses(self, priority: Priority) -> bool:
        """Whether one more of this priority is too many."""
        room = self._room[priority]
        if self._flying[priority] < room or self._flying[priority] - self.parked < room:
            return False
        if priority <= self._shut_below:
            self._pressed = True
            self._shut(priority)
        return True

    def enter(self, priority: Priority) -> None:
        """One more is in flight, until `leave` is called with the same priority."""
        flying = self._flying
        for each in range(priority or len(flying), len(flying)):
            flying[each] += 1
        if priority is Priority.FIRST:
            self._entered[-1] += 1
            self._fresh += 1

    def leave(self, priority: Priority) -> None:
        """It has been answered, or given up."""
        flying = self._flying
        if (flying[Priority.LAST] - self.parked) * 2 >= self._room[Priority.FIRST]:
            self._pressed = True
        for each in range(priority or len(flying), len(flying)):
            flying[each] -= 1

    def observe(self, lag_seconds: float) -> None:
        """How late the loop was just now. To be called every few milliseconds while anything is in flight."""
        limit = self._limit
        standing, self._last_lag = min(lag_seconds, self._last_lag), lag_seconds
        if standing > self._target:
            limit *= max(_MOST_SHRINKING, self._target / standing)
        elif lag_seconds > self._target:
            pass  # a stall, perhaps: what gathered in it is gone in a moment
        elif self._pressed:
            limit = min(limit + sqrt(limit), self._most)
        elif limit < self._start:
            limit = min(limit * _GROWTH, self._start)
        else:
            limit -= (limit - self._start) * _FADE
            if limit - self._start < 1.0:
                limit = self._start
        self._limit = max(limit, self._least)
        self._pressed = False
        self._fresh -= self._entered.popleft()
        self._entered.append(0)
        self._shut_looks -= self._shut_looks > 0
        if not self._shut_looks:
            self._shut_below = Priority.LAST
        self._measure_out()

    def refuse_all(self) -> None:
        """From now on nobody is let in but ALWAYS: what a refusal costs can then be measured."""
        self._least = self._start = self._most = self._limit = 0.0
        self._measure_out()

    def _shut(self, below: Priority) -> None:
        """Let nobody in for a while who goes after somebody that was refused."""
        if below is Priority.LAST:
            return
        if below < self._shut_below:
            self._shut_below = below
            self._measure_out()
        self._shut_looks = _SHUT_LOOKS

    def _measure_out(self) -> None:
        for priority, share in zip(list(Priority)[1:], SHARES, strict=True):
            room = max(ceil(self._limit * share), min(ceil(self._limit), _FEW))
            self._room[priority] = room if priority <= self._shut_below else 0
