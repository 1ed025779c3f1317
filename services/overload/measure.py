"""What steers a limit best: designs side by side in a model of one event loop. `python -m services.overload.measure`.

The loop is what uvloop does, in virtual time: a turn reads all that has come in, lets in or refuses, runs what is
ready, and only then looks again. A list takes CPU before and after its wait for Redis; a refusal takes CPU too. Nothing
is random but the arrivals (Poisson, seeded), so every design sees the same day, and a busy machine does not matter.
"""

import argparse
import heapq
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import sqrt
from typing import Final, Protocol

import numpy as np

from services.overload.limiter import Limiter
from services.overload.priorities import Priority

_TICK: Final = 0.005
_BEFORE: Final = 0.2
"""Of the CPU of a list, what is spent before the wait for Redis."""


class Design(Protocol):
    """What decides whether one more is let in."""

    def lets_in(self) -> bool:
        """Whether one more may be in flight; then it is."""

    def answered(self, seconds: float) -> None:
        """One was answered, so long after it was let in."""

    def observe(self, lag: float, now: float) -> None:
        """How late the loop is."""


@dataclass
class Fixed:
    """A number that somebody chose; infinity: no limit."""

    limit: float
    flying: int = 0

    def lets_in(self) -> bool:
        """As in Design."""
        if self.flying >= self.limit:
            return False
        self.flying += 1
        return True

    def answered(self, seconds: float) -> None:  # noqa: ARG002 - it learns nothing
        """As in Design."""
        self.flying -= 1

    def observe(self, lag: float, now: float) -> None:
        """As in Design."""


@dataclass
class ResponseTimes(Fixed):
    """Envoy's: limit = gradient x limit + sqrt(limit), gradient = least response time (and 25 %) / p90 of 100 ms.

    The least time, that of an ordinary day, is known from the start, which spares it the measuring every minute.
    """

    limit: float = 64.0
    least_seconds: float = 0.001
    window: list[float] = field(default_factory=list)
    until: float = 0.1

    def answered(self, seconds: float) -> None:
        """As in Design."""
        self.flying -= 1
        self.window.append(seconds)

    def observe(self, lag: float, now: float) -> None:  # noqa: ARG002 - it looks at nothing but response times
        """As in Design."""
        if now < self.until or not self.window:
            return
        sample = float(np.quantile(self.window, 0.9))
        gradient = min(max(1.25 * self.least_seconds / sample, 0.5), 2.0)
        self.limit = min(max(gradient * self.limit + sqrt(self.limit), 3.0), 1_000.0)
        self.window.clear()
        self.until = now + 0.1


class Lag:
    """Ours."""

    def __init__(self) -> None:
        self.limiter = Limiter(target_seconds=0.010)

    def lets_in(self) -> bool:
        """As in Design."""
        if self.limiter.refuses(Priority.FIRST):
            return False
        self.limiter.enter(Priority.FIRST)
        return True

    def answered(self, seconds: float) -> None:  # noqa: ARG002 - it looks at the loop
        """As in Design."""
        self.limiter.leave(Priority.FIRST)

    def observe(self, lag: float, now: float) -> None:  # noqa: ARG002 - it has no clock
        """As in Design."""
        self.limiter.observe(lag)


@dataclass(frozen=True)
class Day:
    """What is asked of a process."""

    multiple: float
    """Of what it can answer."""
    list_seconds: float
    refusal_seconds: float
    redis_seconds: float = 0.0002
    seconds: float = 10.0


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    goodput: float
    """Lists a second while the load lasted, of the capacity."""
    refused: float
    """Share of the requests."""
    list_p99_ms: float
    refusal_p99_ms: float


def lived(day: Day, design: Design, seed: int = 1) -> Outcome:
    """One day of one process."""
    rate = day.multiple / day.list_seconds
    arrivals = deque(np.sort(np.random.default_rng(seed).uniform(0.0, day.seconds, round(rate * day.seconds))).tolist())
    replies: list[tuple[float, int, float, float]] = []
    numbers, now, tick = count(), 0.0, _TICK
    lists: list[float] = []
    refusals: list[float] = []
    in_time = 0
    while arrivals or replies:
        if now >= tick:
            design.observe(now - tick, now)
            tick = now + _TICK
        turn = now
        admitted = []
        while arrivals and arrivals[0] <= turn:
            due = arrivals.popleft()
            if design.lets_in():
                admitted.append((due, now))
            else:
                now += day.refusal_seconds
                refusals.append(now - due)
        for due, since in admitted:
            now += _BEFORE * day.list_seconds
            heapq.heappush(replies, (now + day.redis_seconds, next(numbers), due, since))
        while replies and replies[0][0] <= turn:
            _, _, due, since = heapq.heappop(replies)
            now += (1.0 - _BEFORE) * day.list_seconds
            lists.append(now - due)
            in_time += now <= day.seconds
            design.answered(now - since)
        if now == turn:
            now = min([tick, *([arrivals[0]] if arrivals else []), *([replies[0][0]] if replies else [])])
    asked = len(lists) + len(refusals)
    return Outcome(
        goodput=in_time / day.seconds * day.list_seconds,
        refused=len(refusals) / asked,
        list_p99_ms=_p99_ms(lists),
        refusal_p99_ms=_p99_ms(refusals),
    )


def _p99_ms(seconds: Sequence[float]) -> float:
    return float(np.quantile(seconds, 0.99)) * 1e3 if seconds else float("nan")


def designs(least_seconds: float) -> dict[str, Callable[[], Design]]:
    """By name."""
    return {
        "no limit": lambda: Fixed(float("inf")),
        "64, fixed": lambda: Fixed(64),
        "gradient of response times": lambda: ResponseTimes(least_seconds=least_seconds),
        "lag of the loop (ours)": Lag,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m services.overload.measure")
    parser.add_argument("--list-us", type=float, default=500.0, help="CPU of a list")
    parser.add_argument("--refusal-us", type=float, default=12.0, help="CPU of a refusal")
    chosen = parser.parse_args(argv)
    s, r = chosen.list_us / 1e6, chosen.refusal_us / 1e6
    days = {f"{n:g}x": Day(n, s, r) for n in (0.7, 1.0, 2.0, 5.0, 10.0)}
    days["0.7x, Redis takes 50 ms"] = Day(0.7, s, r, redis_seconds=0.05)
    print(f"a list takes {chosen.list_us:g} µs, a refusal {chosen.refusal_us:g} µs; 10 s of virtual time")
    for title, day in days.items():
        bound = (s - day.multiple * r) / (s - r) if day.multiple > 1.0 else day.multiple
        print(f"{title:<32}{'goodput':>9}{'of bound':>10}{'refused':>9}{'200 p99 ms':>12}{'503 p99 ms':>12}")
        for name, design in designs(s + Day.redis_seconds).items():
            found = lived(day, design())
            print(
                f"  {name:<30}{found.goodput:>9.1%}{found.goodput / bound:>10.1%}{found.refused:>9.1%}"
                f"{found.list_p99_ms:>12.1f}{found.refusal_p99_ms:>12.1f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
