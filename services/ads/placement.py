"""Where a given queue of ads goes in a list, exactly, under a first slot, a gap and a cap.

The j-th best ad goes into the j-th ad slot (weights do not rise, so no other order is worth more), and the sum splits
into one term for each ad slot: with C_j(s) the value of the first s slots where j of them are ads that are left out of
the sum,

    W = sum_j [ C_(j-1)(p_j) - C_j(p_j + 1) + theta_(p_j) v_j ] + C_m(K)

so running maxima over the slots find the best p_1 < p_2 < ... in cap * K steps, without listing the patterns. The steps
are plain Python on floats: for a list of twenty a numpy call costs as much as the twenty steps that it saves.
"""

from bisect import insort
from collections.abc import Sequence
from itertools import accumulate
from math import inf
from operator import mul, neg, sub
from typing import NamedTuple


class _Stage(NamedTuple):
    """All layouts with exactly j ads."""

    sums: list[float]
    """The best sum without C_j(K) with the j-th ad at a slot, for each slot that it may have, from the first."""
    welfare: float
    """W of the best."""


class Placement:
    """The best layout of a list of K for each number of ads, the first of one queue."""

    def __init__(
        self, organic: Sequence[float], theta: Sequence[float], first: int, gap: int, cap: int, queue: Sequence[float]
    ) -> None:
        """`organic`, `theta` (K,): what the unlabelled entries are worth, and the slots' weights; neither rises.

        `first`: the first slot that may hold an ad, from 0. `queue`: what the ads are worth, falling; the cap's number
        of them is placed, more is for `welfare_with`.
        """
        self._organic, self._theta, self.queue = organic, theta, queue
        self._firsts = range(first, len(theta), gap)[:cap]
        self._unlabelled: list[float] = list(accumulate(map(mul, theta, organic), initial=0.0))
        self._fixed: list[list[float]] = []
        self._tails: list[float] = []
        self.organic_welfare = self._unlabelled[-1]
        self._stages = self._extended([], queue)
        self.by_ads = [self.organic_welfare, *(stage.welfare for stage in self._stages)]
        """W by the number of ads. More ads than there are entries here do not fit, or are worth less than fewer."""
        self.welfare = max(self.by_ads)
        self.ads = self.by_ads.index(self.welfare)
        """How many the best layout has; of equals, the fewest."""

    def slots(self, ads: int) -> list[int]:
        """The slots of the best layout with so many ads, from 0, rising; of equals, the first."""
        found: list[int] = []
        end: int | None = None
        for place in range(ads - 1, -1, -1):
            sums = self._stages[place].sums[:end]
            at = sums.index(max(sums))
            # The ad before it stands at least a gap higher: as far down its own range as this one is down this range.
            end = at + 1
            found.append(self._firsts[place] + at)
        return found[::-1]

    def welfare_with(self, place: int, worth: float) -> float:
        """W where the ad at this place of the queue, from 0, is worth less; -inf takes it out.

        Exact if the queue was longer than the cap or was all there are.
        """
        rest = [*self.queue[:place], *self.queue[place + 1 :]]
        if worth > -inf:
            insort(rest, worth, key=neg)
        stages = self._extended(self._stages[:place], rest)
        return max([self.organic_welfare, *(stage.welfare for stage in stages)])

    def _extended(self, stages: list[_Stage], queue: Sequence[float]) -> list[_Stage]:
        """The stages of a queue that begins with the same ads as the given ones."""
        stages = list(stages)
        for place in range(len(stages), min(len(queue), len(self._firsts))):
            worth = queue[place]
            # A last ad worth no more than the entry that would come in for it at the end of the list is one too many.
            if worth <= self._organic[len(self._theta) - 1 - place]:
                break
            fixed, tail = self.fixed_terms(place)
            theta = self._theta[self._firsts[place] :]
            if place == 0:
                sums = [term + weight * worth for term, weight in zip(fixed, theta, strict=True)]
            else:
                sums, reached = [], -inf
                # Both lists begin at their ads' first slots, a gap apart: at one index stand the closest two.
                for before, term, weight in zip(stages[-1].sums, fixed, theta, strict=False):
                    if before > reached:
                        reached = before
                    sums.append(term + weight * worth + reached)
            stages.append(_Stage(sums, max(sums) + tail))
        return stages

    def fixed_terms(self, place: int) -> tuple[list[float], float]:
        """C_(j-1)(p) - C_j(p + 1) for each slot p that the j-th ad may have, and C_j(K), for j = place + 1."""
        while len(self._fixed) <= place:
            ads = len(self._fixed) + 1
            # Without their leading zeros, C_(j-1)(p) and C_j(p + 1) stand at one index.
            before = self._unlabelled
            self._unlabelled = list(accumulate(map(mul, self._theta[ads:], self._organic), initial=0.0))
            skipped = self._firsts[ads - 1] - ads + 1
            self._fixed.append(list(map(sub, before[skipped:], self._unlabelled[skipped:])))
            self._tails.append(self._unlabelled[-1])
        return self._fixed[place], self._tails[place]
