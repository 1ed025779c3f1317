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
    """Values, bids, weights and rules; some campaigns stand in the organic list, some are below a floor or reserve."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k, n = draw(st.integers(1, most_slots)), draw(st.integers(1, 16))
    m = min(draw(st.integers(0, 8)), n)
    values = -np.sort(-rng.uniform(0.5, 1.0, n))
    bids = Bids(
        rows=rng.permutation(n)[:m],
        clicks=rng.uniform(0.05, 1.0, m),
        bids=rng.uniform(0.0, 10.0, m),
        reserves=rng.choice([0.0, 0.5, 4.0], m, p=[0.2, 0.4, 0.4]),
    )
    weights = -np.sort(-(rng.uniform(0.05, 1.0, k) ** draw(st.sampled_from([0.1, 1.0]))))
    rules = AdRules(
        money=draw(st.sampled_from([0.0, 0.02, 0.05, 0.1, 1.0])),
        first_slot=draw(st.integers(1, 3)),
        gap=draw(st.integers(1, 3)),
        cap=draw(st.integers(0, 4)),
        label_cost=draw(st.sampled_from([0.0, 0.1])),
        value_floor=draw(st.sampled_from([0.0, 0.6])),
        click_floor=draw(st.sampled_from([0.0, 0.3])),
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
