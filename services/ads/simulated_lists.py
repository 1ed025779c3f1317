"""Campaigns that meet each other in real lists: the blend decides who is shown, and the click costs its VCG price."""

from dataclasses import dataclass

import numpy as np

from services.ads.blend import AdRules, Bids, Rows, blend
from services.ads.prices import vcg_prices
from services.ads.simulated_day import Bools
from services.ads.traffic import Doubles

RULES = AdRules(money=0.002)
SLOTS = 20
CANDIDATES = 60
RESERVE = 5.0
"""Minor units."""


@dataclass(frozen=True, eq=False)
class BlendedLists:
    """T lists of 20 out of 60 restaurants, of which m below the list have a campaign that is billed by the click."""

    at: Doubles
    organic: Doubles
    """(T, 60) order probabilities, falling."""
    rows: Rows
    """(T, m) organic places of the campaigns' restaurants."""
    clicks: Doubles
    """(T, m) probabilities of a click where the slot is looked at."""
    luck: Doubles
    """(T, m) 0..1; a shown ad is clicked where this is below the slot's weight times its click probability."""
    highest_bids: Doubles
    """(m,) minor units a click, which is also what it is worth to the payer."""
    weights: Doubles
    """(20,) how often the slots are looked at."""

    @classmethod
    def draw(cls, rng: np.random.Generator, at: Doubles, campaigns: int) -> "BlendedLists":
        """Lists for these times; bids are log-normal around 40 minor units."""
        requests = len(at)
        below = np.argsort(rng.random((requests, CANDIDATES - SLOTS)), axis=1)[:, :campaigns]
        return cls(
            at=at,
            organic=-np.sort(-rng.beta(2.0, 25.0, (requests, CANDIDATES)), axis=1),
            rows=below + SLOTS,
            clicks=rng.beta(2.0, 8.0, (requests, campaigns)),
            luck=rng.random((requests, campaigns)),
            highest_bids=np.round(40.0 * np.exp(0.5 * rng.standard_normal(campaigns))),
            weights=np.asarray(np.arange(1, SLOTS + 1) ** -0.5, np.float64),
        )

    def hold(self, request: int, multipliers: Doubles, entering: Bools) -> tuple[Doubles, Doubles]:
        """One list: the clicked ads' bids and prices."""
        values, prices = np.zeros_like(self.highest_bids), np.zeros_like(self.highest_bids)
        heard = np.where(entering, self.highest_bids / (1.0 + multipliers), 0.0)
        bids = Bids(self.rows[request], self.clicks[request], heard, np.full_like(heard, RESERVE))
        layout = blend(self.organic[request], bids, self.weights, RULES)
        shown = layout.campaigns
        clicked = self.luck[request, shown] < self.weights[layout.slots] * bids.clicks[shown]
        if np.any(clicked):
            costs = vcg_prices(self.organic[request], bids, self.weights, RULES, layout)
            values[shown[clicked]] = self.highest_bids[shown[clicked]]
            prices[shown[clicked]] = costs[clicked]
        return values, prices
