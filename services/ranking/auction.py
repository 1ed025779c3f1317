"""One list's auction: who may be sold a place, the blend, and what the places cost."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from models.calibration import Calibration
from services.ads.blend import AdRules, Bids, Doubles, Layout, Rows, blend
from services.ads.book import Bools, Offers
from services.ads.campaign import MICRO
from services.ads.no_repeat import blend_no_repeat
from services.ads.prices import Solver, first_prices, gsp_prices, vcg_prices
from services.ranking.rank import PAYMENT, RankedLists, Shortlists
from services.stakeholders.policy import AdPolicy, Eligibility, Pricing

_MOST_SLOTS: Final = 100
UNHEARD: Final = -1.0
"""A bid below any reserve."""


class Outcome(IntEnum):
    """How an auction ended for a campaign that was a candidate."""

    SHOWN = 0
    LOST_TO_BUDGET = 1
    """Nothing was left to spend."""
    LOST_TO_FLOOR = 2
    """The restaurant is below a quality floor."""
    LOST_TO_PRICE = 3
    """The bid was below the reserve, or others were worth more."""


@dataclass(frozen=True, eq=False)
class Selling:
    """How a policy sells places with one model's calibration."""

    rules: AdRules
    pricing: Pricing
    eligibility: Eligibility
    calibration: Calibration
    weights: Doubles
    """(100,) theta of the slots."""
    reserve_click: float
    reserve_order: float

    @classmethod
    def under(cls, policy: AdPolicy, calibration: Calibration) -> "Selling | None":
        """None where this policy sells nothing, be it for the sake of `why_money_is_off`."""
        if policy.money == 0.0 or policy.cap == 0 or why_money_is_off(policy, calibration):
            return None
        return cls(
            rules=AdRules(
                money=policy.money,
                first_slot=policy.first_slot,
                gap=policy.gap,
                cap=policy.cap,
                label_cost=policy.label_cost,
                value_floor=policy.value_floor,
                click_floor=policy.click_floor,
            ),
            pricing=policy.pricing,
            eligibility=policy.eligibility,
            calibration=calibration,
            weights=calibration.examination_at(np.arange(1, _MOST_SLOTS + 1)),
            reserve_click=float(policy.reserve_click),
            reserve_order=float(policy.reserve_order),
        )

    @property
    def solve(self) -> Solver:
        """Who lays the list out."""
        return blend if self.eligibility is Eligibility.BELOW_LIST else blend_no_repeat

    def reserves(self, per_order: Bools) -> Doubles:
        """(m,) the least price of what each campaign is billed for, in minor units."""
        return np.where(per_order, self.reserve_order, self.reserve_click)


def why_money_is_off(policy: AdPolicy, calibration: Calibration) -> str | None:
    """Why nothing may be sold with this model; None where it may.

    Money is weighed against probabilities, so probabilities that are off put a wrong price on every place.
    """
    if calibration.assumed:
        return "the model's probabilities are assumed: its data had no impressions to calibrate them on"
    for name in ("order_ece", "click_ece"):
        error = calibration.errors.get(name, {}).get("value")
        if error is None:
            return f"the model's {name} was not measured"
        if not error <= policy.max_calibration_error:
            return f"the model's {name} is {error:.4f}, above the policy's bound of {policy.max_calibration_error}"
    return None


@dataclass(frozen=True, eq=False)
class Auction:
    """An auction that was held among m candidates. Prices and losses may be worked out after the answer was sent."""

    selling: Selling
    values: Doubles
    """(s,) the organic values, falling."""
    bids: Bids
    """(m,) `rows` are organic ranks from 0; those without budget are not heard."""
    candidates: Rows
    """(m,) which entry of the offers each of them is."""
    is_open: Bools
    """(m,) which of them have budget left."""
    layout: Layout

    @classmethod
    def among(
        cls, candidates: Rows, is_open: Bools, values: Doubles, bids: Bids, k: int, selling: Selling
    ) -> "Auction":
        """Hold it, for a list of k."""
        layout = selling.solve(values, bids, selling.weights[:k], selling.rules)
        return cls(selling, values, bids, candidates, is_open, layout)

    def payments(self) -> Doubles:
        """(a,) what each sold place adds to its restaurant's score: lambda q b - c, in order probability."""
        shown, rules = self.layout.campaigns, self.selling.rules
        return rules.money * (self.bids.clicks[shown] * self.bids.bids[shown]) - rules.label_cost

    def sold(self) -> Rows:
        """(a,) which entries of the offers hold the sold slots."""
        return self.candidates[self.layout.campaigns]

    def prices(self) -> list[int]:
        """(a,) the price of each sold place's billed event, in micro-units, rounded down."""
        if not len(self.layout.slots):
            return []
        rules, weights = self.selling.rules, self.selling.weights
        match self.selling.pricing:
            case Pricing.VCG:
                slots = weights[: len(self.layout.rows)]
                prices = vcg_prices(self.values, self.bids, slots, rules, self.layout, self.selling.solve)
            case Pricing.GSP:
                prices = gsp_prices(self.values, self.bids, rules, self.layout)
            case Pricing.FIRST:
                prices = first_prices(self.bids, self.layout)
        return [int(price * MICRO) for price in prices.tolist()]

    def outcomes(self) -> npt.NDArray[np.int8]:
        """(m,) how it ended for each candidate: a `Outcome`."""
        rules = self.selling.rules
        below = (self.values[self.bids.rows] < rules.value_floor) | (self.bids.clicks < rules.click_floor)
        ended = np.where(below, Outcome.LOST_TO_FLOOR, Outcome.LOST_TO_PRICE).astype(np.int8)
        ended[~self.is_open] = Outcome.LOST_TO_BUDGET
        ended[self.layout.campaigns] = Outcome.SHOWN
        return ended


def run_auction(shortlists: Shortlists, request: int, k: int, offers: Offers, selling: Selling) -> Auction | None:
    """Sell places in a request's list of k among the restaurants that were scored in full; None without candidates."""
    order = shortlists.order[request, : shortlists.size(request)]
    first = k if selling.eligibility is Eligibility.BELOW_LIST else 0
    entries = offers.of_row[shortlists.rows[request, order[first:]]]
    found = np.flatnonzero(entries >= 0)
    if not len(found):
        return None
    candidates, ranks = entries[found], found + first
    is_open, per_order = offers.is_open[candidates], offers.book.per_order[candidates]
    values = shortlists.scores[request, order]
    bids = Bids(
        rows=ranks,
        clicks=_billed_probabilities(shortlists, request, order[ranks], per_order, selling.calibration),
        bids=np.where(is_open, offers.bids[candidates], UNHEARD),
        reserves=selling.reserves(per_order),
    )
    return Auction.among(candidates, is_open, values, bids, k, selling)


def _billed_probabilities(
    shortlists: Shortlists, request: int, columns: Rows, per_order: Bools, calibration: Calibration
) -> Doubles:
    """(m,) probability of what is billed, given a look."""
    raw = shortlists.terms[0, request, columns] + shortlists.terms[1, request, columns]
    clicks = calibration.click_probability(raw, shortlists.offsets[request, columns])
    if not per_order.any():
        return clicks
    return np.where(per_order, raw + shortlists.terms[2, request, columns], clicks)


@dataclass(frozen=True, eq=False)
class ShownList:
    """One list of K as the diner sees it, sold places in it."""

    rows: Rows
    """(K,) rows of the catalogue."""
    scores: Doubles
    """(K,) the left-to-right sum of the terms."""
    terms: Doubles
    """(len(TERMS), K)"""
    distances_km: Doubles
    propensities: Doubles
    """(K,) of the organic ones as ranked; a sold place is not drawn: 1."""
    organic_ranks: list[int]
    """K ranks in the list without payment, from 1."""
    sponsors: dict[int, int]
    """From places in the list, from 0, to entries of the offers."""
    auction: Auction | None


def shown_list(ranked: RankedLists, request: int, auction: Auction | None) -> ShownList:
    """A request's list with what its auction sold; without an auction, or where nothing was sold, the organic list."""
    rows = ranked.rows[request]
    count = int(np.count_nonzero(rows >= 0))
    if auction is None or not len(auction.layout.slots):
        return ShownList(
            rows=rows[:count],
            scores=ranked.scores[request, :count],
            terms=ranked.terms[:, request, :count],
            distances_km=ranked.distances_km[request, :count],
            propensities=ranked.propensities[request, :count],
            organic_ranks=list(range(1, count + 1)),
            sponsors={},
            auction=auction,
        )
    shortlists, layout = ranked.shortlists, auction.layout
    columns = shortlists.order[request, layout.rows]
    terms = shortlists.terms[:, request, columns]
    payments = auction.payments()
    terms[PAYMENT, layout.slots] = payments
    scores = shortlists.scores[request, columns]
    scores[layout.slots] += payments
    propensities = np.ones(len(columns))
    unsold = np.ones(len(columns), np.bool_)
    unsold[layout.slots] = False
    propensities[unsold] = ranked.propensities[request, layout.rows[unsold]]
    return ShownList(
        rows=shortlists.rows[request, columns],
        scores=scores,
        terms=terms,
        distances_km=shortlists.distances_km[request, columns],
        propensities=propensities,
        organic_ranks=(layout.rows + 1).tolist(),
        sponsors=dict(zip(layout.slots.tolist(), auction.sold().tolist(), strict=True)),
        auction=auction,
    )
