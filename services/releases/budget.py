"""The error budget: how much of what was promised about answers is used up. Pure.

A promise of 99.9 % leaves one answer in a thousand to fail; the budget is spent when as many have failed as that allows
over the window (Beyer et al., "The Site Reliability Workbook", 2018, chapters 2 and 5).
"""

from dataclasses import dataclass
from typing import Final

RECOVERED_BELOW: Final = 0.9
"""A budget that was spent counts as recovered below this share, so that a market does not freeze and thaw all day."""


@dataclass(frozen=True)
class Objectives:
    """What is promised."""

    availability: float
    """Share of the lists asked for that are answered."""
    fast: float
    """Share of the answers that take no longer than `slow_ms`."""
    slow_ms: float
    window_days: int
    least_requests: int
    """Below it nothing is said to be spent."""


@dataclass(frozen=True)
class Budget:
    """What has become of the promises in the window."""

    objectives: Objectives
    requests: int
    errors: int
    slow: int

    @property
    def spent_on_errors(self) -> float:
        """Share of the allowed failures that have happened; above 1: more than allowed."""
        return self._spent(self.errors, self.objectives.availability)

    @property
    def spent_on_slow(self) -> float:
        """The same for slow answers."""
        return self._spent(self.slow, self.objectives.fast)

    @property
    def spent(self) -> float:
        """The promise that is worse off."""
        return max(self.spent_on_errors, self.spent_on_slow)

    @property
    def left(self) -> float:
        """0 to 1."""
        return max(0.0, 1.0 - self.spent)

    @property
    def is_spent(self) -> bool:
        """Whether releases should stop."""
        return self.requests >= self.objectives.least_requests and self.spent >= 1.0

    @property
    def has_recovered(self) -> bool:
        """Whether they may go on."""
        return self.requests < self.objectives.least_requests or self.spent < RECOVERED_BELOW

    def reason(self) -> str:
        """Why releases stop, in words."""
        days = self.objectives.window_days
        if self.spent_on_errors >= self.spent_on_slow:
            bad, what = self.errors, f"failed, {1 - self.objectives.availability:.2%} may"
        else:
            bad = self.slow
            what = f"took over {self.objectives.slow_ms:g} ms, {1 - self.objectives.fast:.2%} may"
        return f"error budget spent: {bad:,} of {self.requests:,} lists in {days} days {what}"

    def _spent(self, bad: int, objective: float) -> float:
        allowed = round(1.0 - objective, 12) * self.requests  # 1 - 0.999 is a little more than 0.001
        return bad / allowed if allowed else 0.0
