"""Blending ads into an organic list, exactly.

The layout maximises   sum over organic slots of theta_k u  +  sum over ad slots of theta_k (u - c + lambda q b)
under a first slot, a gap and a cap, where u is the same value of a restaurant whether it is shown as an ad or not, c is
what a label costs the diner, q the probability of a click, b the bid and lambda the price that the platform puts on
money. Only restaurants below the organic list may be sold: that rule does not depend on bids, so no one has a free
place to fall back on, and the prices of `services.ads.prices` are truthful. `services.ads.no_repeat` lifts the rule.

The j-th best ad goes into the j-th ad slot, and the sum splits into one term for each ad slot: with C_j(s) the value of
the first s slots where j of them are ads that are left out of the sum,

    W = sum_j [ C_(j-1)(p_j) - C_j(p_j + 1) + theta_(p_j) v_j ] + C_m(K)

so a running maximum over the slots finds the optimum in cap * K steps, without listing the patterns. The objective is
the Lagrangian of Yan et al. (KDD 2020, doi 10.1145/3394486.3403391), with lambda for one over its multiplier. The
steps are plain Python on floats: for a list of twenty a numpy call costs more than the twenty steps that it saves.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import mul, neg, sub

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AdRules:
    """What may be sold. Raises ValueError for what has no meaning."""

    money: float
    """lambda: order probability a minor unit of expected fee is worth; 0 sells nothing."""
    first_slot: int = 2
    """The first slot that may hold an ad, from 1."""
    gap: int = 4
    """Neighbouring ads are at least this many slots apart; 1 lets them touch."""
    cap: int = 3
    """Ads in a list at most."""
    label_cost: float = 0.0
    """c >= 0: what a labelled entry costs the diner."""
    value_floor: float = 0.0
    """Restaurants of less organic value are not sold a slot, whatever they bid; 0 is no floor."""
    click_floor: float = 0.0
    """The same for the probability of a click."""

    def __post_init__(self) -> None:
        if not (0.0 <= self.money < np.inf and 0.0 <= self.label_cost < np.inf):
            raise ValueError("money and label_cost: finite numbers from 0")
        if self.first_slot < 1 or self.gap < 1 or self.cap < 0:
            raise ValueError("first_slot and gap start at 1, cap at 0")


@dataclass(frozen=True, eq=False)
class Bids:
    """m campaigns of m different restaurants."""

    rows: Rows
    """(m,) where the restaurant stands in the organic order, from 0."""
    clicks: Doubles
    """(m,) q in (0, 1]: probability of a click (or of whatever is billed) where the slot is looked at."""
    bids: Doubles
    """(m,) b >= 0 for each billed event, in minor units."""
    reserves: Doubles
    """(m,) r >= 0: the least price; lower bids are not heard."""


@dataclass(frozen=True, eq=False)
class Layout:
    """A list of K entries."""

    rows: Rows
    """(K,) rows of the organic order, in the order of the list."""
    slots: Rows
    """(a,) slots that were sold, from 0, rising."""
    campaigns: Rows
    """(a,) which entry of the bids holds each of them."""
    welfare: float
    """W of this layout."""
    organic_welfare: float
    """W of the list without ads."""
    search: "Search | None" = field(default=None, repr=False)
    """What the solver found on its way, from which the prices go on; None: nothing that would help."""


def blend(values: Doubles, bids: Bids, weights: Doubles, rules: AdRules) -> Layout:
    """The best layout; the organic list itself where no ad improves it.

    `values` (n,): u, falling, the organic order; beyond the list's length only the rows of `bids` are read. `weights`
    (K,): theta > 0, not rising. Raises ValueError where these orders do not hold within the list. That each restaurant
    has one campaign is the caller's promise.
    """
    k = min(len(weights), len(values))
    organic, theta = values[:k].tolist(), weights[:k].tolist()
    check_orders(organic, theta)
    worth = ad_values(values, bids, rules)
    worth[bids.rows < k] = -np.inf
    queue, falling = best_of(worth, rules.cap + 1)
    search = Search(organic, theta, rules, falling)
    slots, campaigns = search.slots(), np.asarray(queue[: search.ads], np.int64)
    rows = woven(range(k - len(slots)), slots, bids.rows[campaigns].tolist())
    return Layout(rows, np.asarray(slots, np.int64), campaigns, search.welfare, search.organic_welfare, search)


def woven(organic: Sequence[int], slots: Sequence[int], ads: Sequence[int]) -> Rows:
    """(K,) organic rows with the ads put into their slots, which rise."""
    rows = list(organic)
    for slot, row in zip(slots, ads, strict=True):
        rows.insert(slot, row)
    return np.asarray(rows, np.int64)


def ad_values(values: Doubles, bids: Bids, rules: AdRules) -> Doubles:
    """(m,) u - c + lambda q b of each campaign; -inf where a floor, the reserve or its label rules it out.

    An ad whose money does not pay for its label is left out: shown without the label the same list is worth more.
    """
    value = values[bids.rows]
    surplus = rules.money * (bids.clicks * bids.bids) - rules.label_cost
    eligible = (bids.bids >= bids.reserves) & (surplus > 0.0)
    if rules.value_floor > 0.0:
        eligible &= value >= rules.value_floor
    if rules.click_floor > 0.0:
        eligible &= bids.clicks >= rules.click_floor
    return np.where(eligible, value + surplus, -np.inf)


def best_of(worth: Doubles, most: int) -> tuple[list[int], list[float]]:
    """The entries that are eligible, best first, and what each is worth; `most` of them at most."""
    order = np.argsort(-worth, kind="stable")[:most]
    falling = worth[order].tolist()
    count = falling.index(-np.inf) if -np.inf in falling else len(falling)
    return order[:count].tolist(), falling[:count]


def check_orders(organic: Sequence[float], theta: Sequence[float]) -> None:
    """Raise ValueError unless values fall and weights are positive and do not rise."""
    if any(above < below for above, below in pairwise(organic)):
        raise ValueError("values: not falling; the organic order comes first")
    if any(above < below for above, below in pairwise(theta)) or (theta and theta[-1] <= 0.0):
        raise ValueError("weights: above 0 and not rising")


class Search:
    """The search of one list: sums of the organic values, and the best sums of j ads by the slot of the last."""

    def __init__(self, organic: list[float], theta: list[float], rules: AdRules, falling: list[float]) -> None:
        """`falling`: what the ads are worth, best first; as many as the cap are used, one more is for the prices."""
        self._organic, self._theta, self._rules = organic, theta, rules
        self._queue = falling
        self._sums = [list(accumulate(map(mul, theta, organic), initial=0.0))]
        self._steps: list[list[float]] = []
        self._reached = self._extended([], falling)
        self.organic_welfare = self._sums[0][-1]
        totals = self._totals(self._reached)
        self.ads = max(range(len(totals)), key=totals.__getitem__)
        self.welfare = totals[self.ads]

    def slots(self) -> list[int]:
        """The ad slots of the best layout, from 0, rising."""
        found: list[int] = []
        end: int | None = None
        for ads in range(self.ads, 0, -1):
            best = self._reached[ads - 1]
            at = best.index(max(best[:end]))
            # The ad before it stands at least a gap higher: as far down its own range as this one is down this range.
            end = at + 1
            found.append(self._first(ads) + at)
        return found[::-1]

    def welfare_with(self, place: int, worth: float) -> float:
        """W where the ad at this place of the queue is worth less: what stands before it stays as it is."""
        rest = self._queue[:place] + self._queue[place + 1 :]
        if worth > -np.inf:
            insort(rest, worth, key=neg)
        return max(self._totals(self._extended(self._reached[:place], rest)))

    def _first(self, ads: int) -> int:
        """The first slot that the last of so many ads can have."""
        return self._rules.first_slot - 1 + (ads - 1) * self._rules.gap

    def _extended(self, reached: list[list[float]], falling: list[float]) -> list[list[float]]:
        """`reached` for the whole queue: lists over slots from `_first` on, the best sum with the last ad there."""
        theta, most = self._theta, min(self._rules.cap, len(falling))
        extended = list(reached)
        for ads in range(len(extended) + 1, most + 1):
            first = self._first(ads)
            if first >= len(theta):
                break
            worth, gains = falling[ads - 1], self._gains(ads)
            if extended:
                before = accumulate(extended[-1], max)
                best = [a + t * worth + b for a, t, b in zip(gains[first:], theta[first:], before, strict=False)]
            else:
                best = [a + t * worth for a, t in zip(gains[first:], theta[first:], strict=True)]
            extended.append(best)
        return extended

    def _gains(self, ads: int) -> list[float]:
        """(K,) C_(ads-1)(p) - C_ads(p + 1): what the list gains but the ad's worth when the last ad comes to slot p."""
        while len(self._steps) < ads:
            number = len(self._sums)
            shifted = accumulate(map(mul, self._theta[number:], self._organic), initial=0.0)
            after = [0.0] * number + list(shifted)
            self._steps.append(list(map(sub, self._sums[-1], after[1:])))
            self._sums.append(after)
        return self._steps[ads - 1]

    def _totals(self, reached: list[list[float]]) -> list[float]:
        """W by the number of ads."""
        return [self._sums[0][-1], *(max(best) + self._sums[ads][-1] for ads, best in enumerate(reached, 1))]
