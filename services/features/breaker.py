"""A circuit breaker: while a dependency is away it is not asked, but for one probe at a time.

    closed ──(max_failures in a row, or failing for failing_seconds)──> open
    open ──(probe_seconds have passed)──> half-open: one caller is let through, the probe
    half-open ──(probe succeeded)──> closed      ──(probe failed or was given up)──> open

The kept libraries let all waiting callers through when half-open; here it is one. Single-threaded: for one event loop.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

REFUSED: Final = 0
"""The ticket of a caller that must not try."""


class BreakerState(StrEnum):
    """Where the breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Counts failures in a row. A caller takes a ticket, tries, and reports with that ticket how it went, exactly once.

    Tickets are good for the state that they were handed out in: a late report of a call from before the breaker opened
    or closed changes nothing.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        max_failures: int = 10,
        failing_seconds: float = 0.5,
        probe_seconds: float = 0.2,
    ) -> None:
        """`clock` gives seconds that never go back. Opens at the failure that is the `max_failures`-th in a row, or the
        first that comes `failing_seconds` or more after the first of its row; probes `probe_seconds` after that.
        """
        self._clock = clock
        self._max_failures = max_failures
        self._failing_seconds = failing_seconds
        self._probe_seconds = probe_seconds
        self._state = BreakerState.CLOSED
        self._ticket = REFUSED + 1
        self._failures = 0
        self._failing_since = 0.0
        self._probe_at = 0.0

    @property
    def state(self) -> BreakerState:
        """Where the breaker stands; open until a caller comes for the probe that is due."""
        return self._state

    def enter(self) -> int:
        """A ticket to try with, or REFUSED."""
        if self._state is BreakerState.CLOSED:
            return self._ticket
        if self._state is BreakerState.OPEN and self._clock() >= self._probe_at:
            self._turn(BreakerState.HALF_OPEN)
            return self._ticket
        return REFUSED

    def succeeded(self, ticket: int) -> None:
        """The call with this ticket went well."""
        if ticket != self._ticket:
            return
        self._failures = 0
        if self._state is BreakerState.HALF_OPEN:
            self._turn(BreakerState.CLOSED)

    def failed(self, ticket: int) -> None:
        """The call with this ticket failed, or took too long."""
        if ticket != self._ticket:
            return
        if self._state is BreakerState.HALF_OPEN:
            self._open()
            return
        now = self._clock()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        if self._failures >= self._max_failures or now - self._failing_since >= self._failing_seconds:
            self._open()

    def gave_up(self, ticket: int) -> None:
        """The caller left before the outcome was known: says nothing, but a probe must not stay out for ever."""
        if ticket == self._ticket and self._state is BreakerState.HALF_OPEN:
            self._open()

    def _open(self) -> None:
        self._probe_at = self._clock() + self._probe_seconds
        self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        self._state = state
        self._ticket += 1
        self._failures = 0
