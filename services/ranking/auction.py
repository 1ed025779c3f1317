"""One list's auction: who may be sold a place, the blend, and what the places cost."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.calibration import Calibration
from services.ads.blend import AdRules, Bids, Doubles, Rows, blend
from services.ads.book import Bools, Offers
from services.ads.campaign import MICRO
from services.ads.no_repeat import blend_no_repeat
from services.ads.prices import Solver, first_prices, gsp_prices, vcg_prices
from services.ranking._auction import hold
from services.ranking._rank import sold
from services.ranking.rank import PAYMENT, TERMS, RankedLists, Shortlists
from services.stakeholders.policy import AdPolicy, Eligibility, Pricing

_MOST_SLOTS: Final = 100

CANDIDATE: Final = np.dtype(
    [
        ("entry", "<i4"),
        ("rank", "<i2"),
        ("per_order", "?"),
        ("outcome", "u1"),
        ("value", "<f8"),
        ("clicks", "<f8"),
        ("bid", "<f8"),
        ("reserve", "<f8"),
        ("pace", "<f8"),
        ("orders", "<f8"),
    ]
)
"""A candidate of an auction, twin of the struct in `_auction.c`: which entry of the offers; its organic rank from 0;
whether the order is billed; how it ended (an `Outcome`); its organic value; the probability of what is billed; its bid
as heard and its reserve, in minor units; what the pacing left of the full bid; the probability of an order, which the
value floor reads: a lift for fairness' sake, or a lucky draw, makes no restaurant good enough to be sold a place."""
_WITHOUT_ORDERS: Final = np.dtype([(name, CANDIDATE[name]) for name in (CANDIDATE.names or ())[:-1]])
"""As records of before have them: there the floor read the value."""


def read_candidates(packed: bytes, campaigns: int) -> npt.NDArray[np.void]:
    """(campaigns,) of CANDIDATE, from the bytes of a record, be it of before the floor read probabilities of orders."""
    if not campaigns or len(packed) != campaigns * _WITHOUT_ORDERS.itemsize:
        return np.frombuffer(packed, CANDIDATE)
    found, older = np.empty(campaigns, CANDIDATE), np.frombuffer(packed, _WITHOUT_ORDERS)
    for name in _WITHOUT_ORDERS.names or ():
        found[name] = older[name]
    found["orders"] = older["value"]
    return found


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

    @cached_property
    def packed(self) -> tuple[Any, ...]:
        """What the compiled auction takes of it."""
        rules, click = self.rules, self.calibration.click
        return (
            (click.slope, click.travel, click.intercept),
            (self.reserve_click, self.reserve_order),
            (
                rules.money,
                rules.first_slot,
                rules.gap,
                rules.cap,
                rules.label_cost,
                rules.value_floor,
                rules.click_floor,
            ),
            tuple(Pricing).index(self.pricing),
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
    """An auction that was held, for a list of K."""

    selling: Selling
    candidates: npt.NDArray[np.void]
    """(m,) of CANDIDATE; those without budget are among them."""
    slots: list[int]
    """The slots that were sold, from 0, rising."""
    sold: list[int]
    """Which entry of the offers holds each."""
    ranks: list[int]
    """K organic ranks, from 0, in the order of the list."""
    prices: list[int]
    """Of each sold slot's billed event, in micro-units, rounded down."""
    payments: list[float]
    """What each sold place adds to its restaurant's score: lambda q b - c, in order probability."""
    gain: float
    """W of this list over W of the organic one."""


def run_auction(shortlists: Shortlists, request: int, k: int, offers: Offers, selling: Selling) -> Auction | None:
    """Sell places in a request's list of k among the restaurants that were scored in full; None without candidates.

    At most 100 slots. The compiled form is `services.ads.blend` with `services.ads.prices`, a request in one call.
    """
    if selling.eligibility is Eligibility.NO_REPEAT:
        return _without_the_rule(shortlists, request, k, offers, selling)
    size = shortlists.size(request)
    held = hold(
        shortlists.order,
        shortlists.rows,
        shortlists.scores,
        shortlists.terms,
        shortlists.offsets,
        offers.of_row,
        offers.bids,
        offers.paces,
        offers.book.per_order,
        selling.weights,
        request,
        size,
        k,
        *selling.packed,
    )
    if held is None:
        return None
    found, slots, sold, ranks, prices, payments, gain = held
    return Auction(selling, np.frombuffer(found, CANDIDATE), slots, sold, ranks, _micro(prices), payments, gain)


def hold_among(candidates: npt.NDArray[np.void], organic: Doubles, selling: Selling) -> Auction:
    """The auction among candidates whose inputs are known already.

    `candidates` (m,) of CANDIDATE; `organic` (k,): the values of the list without payment, falling.
    """
    k, weights = len(organic), selling.weights[: len(organic)]
    below = candidates["rank"] >= k
    # The solvers read values at the list's ranks and at the candidates': what may lie between is left out.
    rows = np.where(below, k + np.cumsum(below) - 1, candidates["rank"])
    values = np.concatenate([organic, candidates["value"][below]])
    taken = ("clicks", "bid", "reserve", "orders")
    bids = Bids(rows, *(np.ascontiguousarray(candidates[name]) for name in taken))
    layout = selling.solve(values, bids, weights, selling.rules)
    match selling.pricing:
        case Pricing.VCG:
            prices = vcg_prices(values, bids, weights, selling.rules, layout, selling.solve)
        case Pricing.GSP:
            prices = gsp_prices(values, bids, selling.rules, layout)
        case Pricing.FIRST:
            prices = first_prices(bids, layout)
    ranks = layout.rows.copy()
    ranks[layout.slots] = candidates["rank"][layout.campaigns]
    candidates = candidates.copy()
    candidates["outcome"] = _outcomes(candidates, layout.campaigns, selling.rules)
    won = candidates[layout.campaigns]
    return Auction(
        selling=selling,
        candidates=candidates,
        slots=layout.slots.tolist(),
        sold=won["entry"].tolist(),
        ranks=ranks.tolist(),
        prices=_micro(prices.tolist()),
        payments=(selling.rules.money * (won["clicks"] * won["bid"]) - selling.rules.label_cost).tolist(),
        gain=layout.welfare - layout.organic_welfare,
    )


def _outcomes(candidates: npt.NDArray[np.void], winners: Rows, rules: AdRules) -> npt.NDArray[np.uint8]:
    below = (candidates["orders"] < rules.value_floor) | (candidates["clicks"] < rules.click_floor)
    ended = np.where(below, Outcome.LOST_TO_FLOOR, Outcome.LOST_TO_PRICE).astype(np.uint8)
    ended[candidates["bid"] < 0.0] = Outcome.LOST_TO_BUDGET
    ended[winners] = Outcome.SHOWN
    return ended


def _micro(prices: list[float]) -> list[int]:
    return [int(price * MICRO) for price in prices]


def _without_the_rule(shortlists: Shortlists, request: int, k: int, offers: Offers, selling: Selling) -> Auction | None:
    """The auction in which restaurants of the list itself may be sold a place."""
    order = shortlists.order[request, : shortlists.size(request)]
    entries = offers.of_row[shortlists.rows[request, order]]
    ranks = np.flatnonzero(entries >= 0)
    if not len(ranks):
        return None
    columns, entries = order[ranks], entries[ranks]
    per_order = offers.book.per_order[entries]
    relevance, recency, second_stage, calibrated = shortlists.terms[:4, request, columns]
    raw = relevance + recency + second_stage
    clicks = selling.calibration.click_probability(raw, shortlists.offsets[request, columns])
    candidates = np.empty(len(ranks), CANDIDATE)
    candidates["entry"], candidates["rank"], candidates["bid"] = entries, ranks, offers.bids[entries]
    candidates["value"] = shortlists.scores[request, columns]
    candidates["orders"] = raw + calibrated
    candidates["clicks"] = np.where(per_order, candidates["orders"], clicks)
    candidates["reserve"], candidates["pace"] = selling.reserves(per_order), offers.paces[entries]
    candidates["per_order"] = per_order
    return hold_among(candidates, shortlists.scores[request, order[:k]], selling)


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
    if auction is None or not auction.slots:
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
    found, count = ranked.shortlists, len(auction.ranks)
    batch, size = found.rows.shape
    shown = ShownList(
        rows=np.empty(count, np.int64),
        scores=np.empty(count),
        terms=np.empty((len(TERMS), count)),
        distances_km=np.empty(count),
        propensities=np.empty(count),
        organic_ranks=[],
        sponsors=dict(zip(auction.slots, auction.sold, strict=True)),
        auction=auction,
    )
    shown.organic_ranks[:] = sold(
        (batch, size, ranked.rows.shape[1], len(TERMS), request, PAYMENT),
        found.order,
        found.rows,
        found.terms,
        found.scores,
        found.distances_km,
        ranked.propensities,
        auction.ranks,
        auction.slots,
        auction.payments,
        shown.rows,
        shown.scores,
        shown.terms,
        shown.distances_km,
        shown.propensities,
    )
    return shown
