"""What a sold slot costs for each billed event: never below the reserve, never above the bid.

All three depend on the request's own inputs alone, so a price may be computed after the list was sent. They divide by
lambda, the price of money; where that is 0 nothing is sold, and a layout without ads has no prices.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from services.ads.blend import AdRules, Bids, Doubles, Layout, ad_values, blend

Solver = Callable[[Doubles, Bids, Doubles, AdRules], Layout]
"""`blend`, or another that maximises the same sum over more layouts."""


def first_prices(bids: Bids, layout: Layout) -> Doubles:
    """(a,) The bids themselves."""
    return bids.bids[layout.campaigns]


def gsp_prices(values: Doubles, bids: Bids, rules: AdRules, layout: Layout) -> Doubles:
    """(a,) Generalised second price: the least bid that keeps the campaign's place in the queue of ads.

    With equal organic values that is max(r, q' b' / q), the next one's quality score over one's own. Raises ValueError
    for a layout that is not of `blend`: where restaurants of the list may be ads there is no such queue.
    """
    shown = layout.campaigns
    if not len(shown):
        return np.empty(0)
    if layout.placement is None:
        raise ValueError("layout: no queue of ads is behind it; price it by VCG or first price")
    following = np.asarray([*layout.placement.queue, -np.inf])[1 : len(shown) + 1]
    # Whoever follows, an ad that does not pay for its label is in no queue.
    surplus = np.maximum(following - values[bids.rows[shown]], 0.0) + rules.label_cost
    return _within(surplus / (rules.money * bids.clicks[shown]), bids, layout)


def vcg_prices(
    values: Doubles, bids: Bids, weights: Doubles, rules: AdRules, layout: Layout, solve: Solver = blend
) -> Doubles:
    """(a,) Vickrey-Clarke-Groves price with a reserve, by Myerson's integral: bidding one's value is a best answer.

    With x(z) the expected clicks at a bid of z, the payment is b x(b) - integral of x from r to b. W is convex in a bid
    with slope lambda x, so the integral is (W(b) - W(r)) / lambda: one more search for each shown ad, from where the
    layout's own search parts. Without the reserve's form the price could be negative, since a sponsored restaurant has
    a value of its own.

    `solve` is what made the layout. With `blend` the truth is a best answer in all that a bid can bring. With one that
    may also sell a place of the organic list it is so in what the ad brings, and only there: a restaurant that would
    be shown for nothing as well may do better by bidding less. From r to b the price is with both.
    """
    shown = layout.campaigns
    if not len(shown):
        return np.empty(0)
    if layout.placement is not None:
        plain = None if bids.plain is None else bids.plain[shown]
        own = Bids(bids.rows[shown], bids.clicks[shown], bids.reserves[shown], bids.reserves[shown], plain)
        at_reserve = ad_values(values, own, rules).tolist()
        least = [layout.placement.welfare_with(place, worth) for place, worth in enumerate(at_reserve)]
    else:
        least = [solve(values, _with_bid(bids, one, bids.reserves[one]), weights, rules).welfare for one in shown]
    clicks = weights[layout.slots] * bids.clicks[shown]
    prices = bids.bids[shown] - (layout.welfare - np.asarray(least)) / (rules.money * clicks)
    # Rounding alone can leave the interval.
    return _within(prices, bids, layout)


def _within(prices: Doubles, bids: Bids, layout: Layout) -> Doubles:
    shown = layout.campaigns
    return np.minimum(np.maximum(prices, bids.reserves[shown]), bids.bids[shown])


def _with_bid(bids: Bids, campaign: int, bid: float) -> Bids:
    changed = bids.bids.copy()
    changed[campaign] = bid
    return replace(bids, bids=changed)
