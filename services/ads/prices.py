"""What a sold slot costs for each billed event: never below the reserve, never above the bid.

All three depend on the request's own inputs alone, so a price may be computed after the list was sent.
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

    With equal organic values that is max(r, q' b' / q), the next one's quality score over one's own. Of a layout of
    `blend` only: where restaurants of the list may be ads there is no such queue.
    """
    worth = ad_values(values, bids, rules)
    worth[bids.rows < len(layout.rows)] = -np.inf
    queue = np.sort(worth[worth > -np.inf])[::-1]
    place = np.arange(1, len(layout.campaigns) + 1)
    following = np.append(queue, -np.inf)[place]
    shown = layout.campaigns
    least = (following + rules.label_cost - values[bids.rows[shown]]) / (rules.money * bids.clicks[shown])
    return np.clip(least, bids.reserves[shown], bids.bids[shown])


def vcg_prices(
    values: Doubles, bids: Bids, weights: Doubles, rules: AdRules, layout: Layout, solve: Solver = blend
) -> Doubles:
    """(a,) Vickrey-Clarke-Groves price with a reserve, by Myerson's integral: bidding one's value is a best answer.

    With x(z) the expected clicks at a bid of z, the payment is b x(b) - integral of x from r to b. W is convex in a bid
    with slope lambda x, so the integral is (W(b) - W(r)) / lambda: one more search for each shown ad, from where the
    layout's own search parts. Without the reserve's form the price could be negative, since a sponsored restaurant has
    a value of its own. Truthful for `blend`; for a `solve` that may also sell a place of the organic list it is so in
    the value of the ad alone, and a loser may still be shown for nothing.
    """
    shown = layout.campaigns
    if not len(shown):
        return np.empty(0)
    if layout.search is not None:
        own = Bids(bids.rows[shown], bids.clicks[shown], bids.reserves[shown], bids.reserves[shown])
        at_reserve = ad_values(values, own, rules).tolist()
        least = [layout.search.welfare_with(place, worth) for place, worth in enumerate(at_reserve)]
    else:
        least = [solve(values, _with_bid(bids, one, bids.reserves[one]), weights, rules).welfare for one in shown]
    clicks = weights[layout.slots] * bids.clicks[shown]
    prices = bids.bids[shown] - (layout.welfare - np.asarray(least)) / (rules.money * clicks)
    # Rounding alone can leave the interval.
    return np.minimum(np.maximum(prices, bids.reserves[shown]), bids.bids[shown])


def _with_bid(bids: Bids, campaign: int, bid: float) -> Bids:
    changed = bids.bids.copy()
    changed[campaign] = bid
    return replace(bids, bids=changed)
