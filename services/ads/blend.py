"""Blending ads into an organic list, exactly.

The layout maximises   sum over organic slots of theta_k u  +  sum over ad slots of theta_k (u - c + lambda q b)
under a first slot, a gap and a cap, where u is the same value of a restaurant whether it is shown as an ad or not, c is
what a label costs the diner, q the probability of a click, b the bid and lambda the price that the platform puts on
money. Only restaurants below the organic list may be sold: that rule does not depend on bids, so no one has a free
place to fall back on, and the prices of `services.ads.prices` are truthful. `services.ads.no_repeat` lifts the rule.

The objective is the Lagrangian of Yan et al. (KDD 2020, doi 10.1145/3394486.3403391), with lambda for one over its
multiplier. `services.ads.placement` finds the slots.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import ge

import numpy as np
import numpy.typing as npt

from services.ads.placement import Placement

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AdRules:
    """What may be sold. Raises ValueError for what has no meaning."""

    money: float
    """lambda: order probability a minor unit of expected fee is worth; 0 sells nothing, so nothing has a price."""
    first_slot: int = 2
    """The first slot that may hold an ad, from 1."""
    gap: int = 4
    """Neighbouring ads are at least this many slots apart; 1 lets them touch."""
    cap: int = 3
    """Ads in a list at most."""
    label_cost: float = 0.0
    """c >= 0: what a labelled entry costs the diner."""
    value_floor: float = 0.0
    """Restaurants that are worth less to the diner are not sold a slot, whatever they bid; 0 is no floor."""
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
    plain: Doubles | None = None
    """(m,) what the value floor reads: u without what a policy adds to it for others' sake; None: u itself."""


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
    placement: Placement | None = field(default=None, repr=False)
    """The search behind it, from which the prices go on; None: nothing that would help."""


def blend(values: Doubles, bids: Bids, weights: Doubles, rules: AdRules) -> Layout:
    """The best layout; the organic list itself where no ad improves it.

    `values` (n,): u, falling, the organic order; beyond the list's length only the rows of `bids` are read. `weights`
    (K,): theta > 0, not rising. That each restaurant has one campaign is the caller's promise. Raises ValueError where
    these orders do not hold within the list, or where both campaigns of one restaurant would be shown.
    """
    organic, theta = checked(values, weights)
    queue: list[int] = []
    falling: list[float] = []
    if rules.money > 0.0 and len(bids.rows):
        queue, falling = best_of(ad_values(values, bids, rules, first_row=len(theta)), rules.cap + 1)
    placement = Placement(organic, theta, rules.first_slot - 1, rules.gap, rules.cap, falling)
    return layout_of(placement, bids, queue[: placement.ads], range(len(theta) - placement.ads))


def layout_of(placement: Placement, bids: Bids, campaigns: Sequence[int], unlabelled: Iterable[int]) -> Layout:
    """The layout with these campaigns, best first, and these organic rows.

    Raises ValueError where two campaigns are of one restaurant.
    """
    slots = placement.slots(len(campaigns))
    shown = np.asarray(campaigns, np.int64)
    ads = bids.rows[shown].tolist()
    if len(set(ads)) < len(ads):
        raise ValueError("bids: a restaurant has two campaigns; keep one of them")
    rows = list(unlabelled)
    for slot, row in zip(slots, ads, strict=True):
        rows.insert(slot, row)
    return Layout(
        rows=np.asarray(rows, np.int64),
        slots=np.asarray(slots, np.int64),
        campaigns=shown,
        welfare=placement.by_ads[len(ads)],
        organic_welfare=placement.organic_welfare,
        placement=placement,
    )


def checked(values: Doubles, weights: Doubles) -> tuple[list[float], list[float]]:
    """(K,) values and weights of the list, which is no longer than the values. Raises ValueError by `blend`'s rules."""
    k = min(len(weights), len(values))
    organic, theta = values[:k].tolist(), weights[:k].tolist()
    if not all(map(ge, organic, organic[1:])):
        raise ValueError("values: not falling; the organic order comes first")
    if not all(map(ge, theta, theta[1:])) or (theta and not theta[-1] > 0.0):
        raise ValueError("weights: above 0 and not rising")
    return organic, theta


def ad_values(values: Doubles, bids: Bids, rules: AdRules, first_row: int = 0) -> Doubles:
    """(m,) u - c + lambda q b of each campaign; -inf where its row, a floor, the reserve or its label rules it out.

    An ad whose money does not pay for its label is left out: shown without the label the same list is worth more.
    """
    value = values[bids.rows]
    surplus = rules.money * (bids.clicks * bids.bids) - rules.label_cost
    eligible = (bids.bids >= bids.reserves) & (surplus > 0.0)
    if first_row > 0:
        eligible &= bids.rows >= first_row
    if rules.value_floor > 0.0:
        eligible &= (value if bids.plain is None else bids.plain) >= rules.value_floor
    if rules.click_floor > 0.0:
        eligible &= bids.clicks >= rules.click_floor
    return np.where(eligible, value + surplus, -np.inf)


def best_of(worth: Doubles, most: int) -> tuple[list[int], list[float]]:
    """The entries that are eligible, best first, and what each is worth; `most` of them at most."""
    order = np.argsort(-worth, kind="stable")[:most]
    falling = worth[order].tolist()
    count = falling.index(-np.inf) if -np.inf in falling else len(falling)
    return order[:count].tolist(), falling[:count]
