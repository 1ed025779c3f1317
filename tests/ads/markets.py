"""Small random markets for the properties of the blend, and the slow way to solve them."""

from itertools import combinations, pairwise

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from services.ads.blend import AdRules, Bids

often = settings(max_examples=500, deadline=None)
"""Small markets are cheap, and a rule binds in a part of them only."""

Market = tuple[np.ndarray, Bids, np.ndarray, AdRules]


@st.composite
def markets(draw: st.DrawFn, most_slots: int = 6) -> Market:
    """Values, bids, weights and rules; some campaigns stand in the organic list, some are below a floor or reserve.

    Everything hangs on the seed: drawn one by one, most markets would have no ad at all, or one.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k = int(rng.integers(1, most_slots + 1))
    n = max(1, k + int(rng.integers(-1, 13)))
    m = min(int(rng.integers(0, 11)), n)
    values = -np.sort(-rng.uniform(0.5, 1.0, n))
    bids = Bids(
        rows=rng.permutation(n)[:m],
        clicks=rng.uniform(0.05, 1.0, m),
        bids=rng.uniform(0.0, 10.0, m),
        reserves=rng.choice([0.0, 0.5, 4.0], m, p=[0.4, 0.4, 0.2]),
    )
    weights = -np.sort(-(rng.uniform(0.05, 1.0, k) ** rng.choice([0.1, 1.0])))
    rules = AdRules(
        money=rng.choice([0.0, 0.02, 0.05, 0.2, 1.0], p=[0.05, 0.15, 0.2, 0.3, 0.3]),
        first_slot=int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2])),
        gap=int(rng.choice([1, 2, 3], p=[0.4, 0.3, 0.3])),
        cap=int(rng.choice(5, p=[0.05, 0.2, 0.25, 0.25, 0.25])),
        label_cost=rng.choice([0.0, 0.1]),
        value_floor=rng.choice([0.0, 0.6], p=[0.8, 0.2]),
        click_floor=rng.choice([0.0, 0.3], p=[0.8, 0.2]),
    )
    return values, bids, weights, rules


def patterns(k: int, rules: AdRules) -> list[tuple[int, ...]]:
    """All sets of slots that may be ads."""
    found: list[tuple[int, ...]] = []
    for size in range(min(k, rules.cap) + 1):
        allowed = combinations(range(rules.first_slot - 1, k), size)
        found += [slots for slots in allowed if all(right - left >= rules.gap for left, right in pairwise(slots))]
    return found


def admitted(values: np.ndarray, bids: Bids, rules: AdRules) -> list[int]:
    """Campaigns that floors and reserves admit, said one by one."""
    found = []
    for campaign, row in enumerate(bids.rows.tolist()):
        heard = bids.bids[campaign] >= bids.reserves[campaign]
        if heard and values[row] >= rules.value_floor and bids.clicks[campaign] >= rules.click_floor:
            found.append(campaign)
    return found


def eligible(values: np.ndarray, bids: Bids, k: int, rules: AdRules) -> list[int]:
    """Those of them whose restaurant is below the list."""
    return [campaign for campaign in admitted(values, bids, rules) if bids.rows[campaign] >= k]
