"""What a sold slot costs for each billed event: never below the reserve, never above the bid.

All three depend on the request's own inputs alone, so a price may be computed after the list was sent.
"""

from dataclasses import replace

import numpy as np

from services.ads.blend import AdRules, Bids, Doubles, Layout, ad_values, best_welfare


def first_prices(bids: Bids, layout: Layout) -> Doubles:
    """(a,) The bids themselves."""
    return bids.bids[layout.campaigns]


def gsp_prices(values: Doubles, bids: Bids, rules: AdRules, layout: Layout) -> Doubles:
    """(a,) Generalised second price: the least bid that keeps the campaign's place in the queue of ads.

    With equal organic values that is max(r, q' b' / q), the next one's quality score over one's own.
    """
    worth = ad_values(values, bids, len(layout.rows), rules)
    queue = np.sort(worth[worth > -np.inf])[::-1]
    place = np.arange(1, len(layout.campaigns) + 1)
    following = np.append(queue, -np.inf)[place]
    shown = layout.campaigns
    least = (following + rules.label_cost - values[bids.rows[shown]]) / (rules.money * bids.clicks[shown])
    return np.clip(least, bids.reserves[shown], bids.bids[shown])


def vcg_prices(values: Doubles, bids: Bids, weights: Doubles, rules: AdRules, layout: Layout) -> Doubles:
    """(a,) Vickrey-Clarke-Groves price with a reserve, by Myerson's integral: bidding one's value is a best answer.

    With x(z) the expected clicks at a bid of z, the payment is b x(b) - integral of x from r to b. W is convex in a bid
    with slope lambda x, so the integral is (W(b) - W(r)) / lambda: one more search for each shown ad, all in one batch.
    Without the reserve's form the price could be negative, since a sponsored restaurant has a value of its own.
    """
    shown = layout.campaigns
    if not len(shown):
        return np.empty(0)
    k = len(layout.rows)
    at_reserve = ad_values(values, replace(bids, bids=bids.reserves), k, rules)
    worth = np.tile(ad_values(values, bids, k, rules), (len(shown), 1))
    worth[np.arange(len(shown)), shown] = at_reserve[shown]
    gained = layout.welfare - best_welfare(values, worth, weights, rules)
    clicks = weights[layout.slots] * bids.clicks[shown]
    # Rounding alone can leave the interval.
    return np.clip(bids.bids[shown] - gained / (rules.money * clicks), bids.reserves[shown], bids.bids[shown])
