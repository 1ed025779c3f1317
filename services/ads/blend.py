"""Blending ads into an organic list, exactly.

The layout maximises   sum over organic slots of theta_k u  +  sum over ad slots of theta_k (u - c + lambda q b)
under a first slot, a gap and a cap, where u is the same value of a restaurant whether it is shown as an ad or not, c is
what a label costs the diner, q the probability of a click, b the bid and lambda the price that the platform puts on
money. Only restaurants below the organic list may be sold: that rule does not depend on bids, so no one has a free
place to fall back on, and the prices of `services.ads.prices` are truthful.

The j-th best ad goes into the j-th ad slot, and the sum splits into one term for each ad slot: with C_j(s) the value of
the first s slots where j of them are ads that are left out of the sum,

    W = sum_j [ C_(j-1)(p_j) - C_j(p_j + 1) + theta_(p_j) v_j ] + C_m(K)

so a running maximum over the slots finds the optimum in cap * K steps, without listing the patterns. The objective is
the Lagrangian of Yan et al. (KDD 2020, doi 10.1145/3394486.3403391), with lambda for one over its multiplier.
"""

from dataclasses import dataclass

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
    """Restaurants of less organic value are not sold a slot, whatever they bid."""
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


def blend(values: Doubles, bids: Bids, weights: Doubles, rules: AdRules) -> Layout:
    """The best layout; the organic list itself where no ad improves it.

    `values` (n,): u, falling, the organic order. `weights` (K,): theta > 0, not rising. Raises ValueError where these
    orders do not hold or a restaurant has two campaigns.
    """
    _check(values, bids, weights)
    k = min(len(weights), len(values))
    organic, weights = values[:k], weights[:k]
    worth = ad_values(values, bids, k, rules)
    queue = np.argsort(-worth, kind="stable")[: min(rules.cap, np.count_nonzero(worth > -np.inf))]
    reached, totals = _search(organic, worth[queue][None], weights, rules)
    slots = _trace(reached, int(np.argmax(totals[0])), rules.gap)
    rows = np.arange(k)
    if len(slots):
        rows = np.full(k, -1)
        rows[slots] = bids.rows[queue[: len(slots)]]
        rows[rows < 0] = np.arange(k - len(slots))
    return Layout(rows, slots, queue[: len(slots)], float(totals[0].max()), float(totals[0, 0]))


def ad_values(values: Doubles, bids: Bids, k: int, rules: AdRules) -> Doubles:
    """(m,) u - c + lambda q b of each campaign; -inf where it is not eligible.

    An ad whose money does not pay for its label is left out: shown without the label the same list is worth more.
    """
    value = values[bids.rows]
    surplus = rules.money * (bids.clicks * bids.bids) - rules.label_cost
    eligible = (bids.rows >= k) & (value >= rules.value_floor) & (bids.clicks >= rules.click_floor)
    eligible &= (bids.bids >= bids.reserves) & (surplus > 0.0)
    return np.where(eligible, value + surplus, -np.inf)


def best_welfare(values: Doubles, worth: Doubles, weights: Doubles, rules: AdRules) -> Doubles:
    """(B,) W of the best layout for each of B rows of `worth` (B, m), as `ad_values` makes them."""
    k = min(len(weights), len(values))
    falling = -np.sort(-worth, axis=1)[:, : rules.cap]
    return np.asarray(_search(values[:k], falling, weights[:k], rules)[1].max(axis=1))


def _search(organic: Doubles, worth: Doubles, weights: Doubles, rules: AdRules) -> tuple[list[Doubles], Doubles]:
    """For worth (B, m), falling: the best sums (B, K) of j ads whose last is at each slot, and W (B, m + 1) by j."""
    batch, most = worth.shape
    k = len(organic)
    before = np.concatenate(([0.0], np.cumsum(weights * organic)))
    totals = np.full((batch, most + 1), before[k])
    reached: list[Doubles] = []
    start = rules.first_slot - 1
    for ads in range(1, most + 1):
        after = np.zeros(k + 1)
        np.cumsum(weights[ads:] * organic[: max(k - ads, 0)], out=after[min(ads, k) + 1 :])
        best = before[:k] - after[1:] + weights * worth[:, ads - 1, None]
        best[:, :start] = -np.inf
        if reached:
            best[:, : rules.gap] = -np.inf
            best[:, rules.gap :] += np.maximum.accumulate(reached[-1], axis=1)[:, : max(k - rules.gap, 0)]
        reached.append(best)
        totals[:, ads] = best.max(axis=1, initial=-np.inf) + after[k]
        before = after
    return reached, totals


def _trace(reached: list[Doubles], ads: int, gap: int) -> Rows:
    """The slots of the best layout with so many ads, of the first of the batch."""
    slots: list[int] = []
    end = None
    for best in reversed(reached[:ads]):
        slots.append(int(np.argmax(best[0, :end])))
        end = slots[-1] - gap + 1
    return np.asarray(slots[::-1], np.int64)


def _check(values: Doubles, bids: Bids, weights: Doubles) -> None:
    if np.any(np.diff(values) > 0.0):
        raise ValueError("values: not falling; the organic order comes first")
    if not np.all(weights > 0.0) or np.any(np.diff(weights) > 0.0):
        raise ValueError("weights: above 0 and not rising")
    if len(np.unique(bids.rows)) != len(bids.rows):
        raise ValueError("bids: a restaurant has two campaigns; keep one of them")
