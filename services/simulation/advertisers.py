"""Advertisers that react: once a week each looks at what its fees brought, and moves its bid and its budget.

With the return r = margin · incremental · value of the orders at its sold places / fees of the week, what a minor unit
of fees brings back, bids are multiplied by r^step (never more than `most` either way in a week, nor beyond `range` of
the first bid), and the daily budget by the same where it was used up or does not pay. It settles where fees bring back
what they cost. Who gets back what it pays lets its total budget be filled up.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_USED: Final = 0.9


@dataclass(frozen=True)
class Reaction:
    """How advertisers react; a step of 0: not at all."""

    step: float = 0.3
    margin: float = 0.3
    """Of an order's value."""
    incremental: float = 0.33
    """Share of the orders at sold places that the advertiser takes for new: the others would have come anyway."""
    most: float = 1.25
    range: float = 2.0

    def factors(self, fees: Doubles, value: Doubles) -> Doubles:
        """(m,) by which a week's fees and order values (m,) move the bids; 1 where nothing was charged."""
        with np.errstate(all="ignore"):
            wanted = (self.margin * self.incremental * value / fees) ** self.step
        return np.where(fees > 0.0, np.clip(wanted, 1.0 / self.most, self.most), 1.0)

    def bids(self, first: Doubles, now: Doubles, factors: Doubles) -> Doubles:
        """(m,) of the next week."""
        return np.asarray(np.clip(now * factors, first / self.range, first * self.range))

    def budgets(self, first: Doubles, now: Doubles, factors: Doubles, used: Doubles) -> Doubles:
        """(m,) daily budgets of the next week; `used` is the share of the last one's that was charged."""
        moved = np.where((factors < 1.0) | (used > _USED), now * factors, now)
        return np.asarray(np.clip(moved, first / self.range, first * self.range))
