"""Probabilistic throttling, beside which the pacing of bids is measured: an auction is entered or left to chance.

Agarwal, Ghosh, Wei and You (KDD 2014): where the share of the budget that is spent is ahead of the share of the traffic
that has come, the pass-through rate falls by a tenth, otherwise it rises by one.
"""

import numpy as np

from services.ads.traffic import Doubles

CHANGE = 0.1
LEAST = 1e-3


def throttle(rates: Doubles, spent_share: Doubles, passed_share: Doubles) -> Doubles:
    """(m,) the rates, LEAST..1, after another look; shares (m,) are of the day's budget and of the day's traffic."""
    factors = np.where(spent_share > passed_share, 1.0 - CHANGE, 1.0 + CHANGE)
    return np.clip(rates * factors, LEAST, 1.0)
