"""A policy: the small versioned document that says how lists are made. Never code."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from services.exact import Exact


class Eligibility(StrEnum):
    """Which restaurants may be sold a place in a list of k."""

    BELOW_LIST = "below-list"
    """Organic rank > k only: nobody has a free place to fall back on."""
    NO_REPEAT = "no-repeat"
    """Any; a restaurant appears once, as an ad or as itself."""


class Pricing(StrEnum):
    """What a sold place costs for each billed event."""

    VCG = "vcg"
    GSP = "gsp"
    FIRST = "first"


class AdPolicy(Exact):
    """The dials of the ad-fee layer."""

    money: float = Field(default=0.002, ge=0.0, le=1.0, allow_inf_nan=False)
    """lambda: the order probability that a minor unit of expected fee is worth; 0 sells nothing."""
    first_slot: int = Field(default=2, ge=1, le=100)
    gap: int = Field(default=4, ge=1, le=100)
    """Neighbouring ads are at least this many ranks apart."""
    cap: int = Field(default=3, ge=0, le=10)
    """Ads in a list at most."""
    label_cost: float = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    """What a labelled entry costs the diner, in order probability."""
    value_floor: float = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    """Restaurants of less order probability are not sold a place."""
    click_floor: float = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    """The same for the probability of the billed event."""
    reserve_click: int = Field(default=5, ge=0, le=1_000_000_000)
    """The least price of a click, in minor units; lower bids are not heard."""
    reserve_order: int = Field(default=50, ge=0, le=1_000_000_000)
    """The least price of an order."""
    pricing: Pricing = Pricing.VCG
    eligibility: Eligibility = Eligibility.BELOW_LIST
    max_calibration_error: float = Field(default=0.02, ge=0.0, le=1.0, allow_inf_nan=False)
    """Above this calibration error of orders or clicks on held-out data nothing is sold with that model."""

    @model_validator(mode="after")
    def _has_a_queue_for_gsp(self) -> Self:
        if self.pricing is Pricing.GSP and self.eligibility is Eligibility.NO_REPEAT:
            raise ValueError("pricing: gsp needs the queue of ads that only below-list has; take vcg or first")
        return self


class Control(StrEnum):
    """Who keeps the groups' shares of exposure."""

    NONE = "none"
    FAIRCO = "fairco"
    """Lifts each group by the looks that it is owed; pushes nobody down."""
    P_MMF = "p-mmf"
    """Lifts the worst-off groups, with their shares as weights by no more than the gain all together, and pushes those
    down that had more than their share: by the most lift alone are these bounded."""


class GroupedBy(StrEnum):
    """What makes a group of restaurants."""

    KIND = "kind"
    """Chains, independents, and newcomers, which opened lately."""
    DISTRICT = "district"
    PRICE = "price"
    CUISINE = "cuisine"
    """The first one that is named."""


class FairnessPolicy(Exact):
    """The dials of the control of exposure. With a gain of 0, or no control, lists are as if there were none."""

    gain: float = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    """fairco: order probability that a day's looks owed are worth; p-mmf: that the worst-off group's share is worth."""
    max_lift: float = Field(default=0.1, ge=0.0, le=1.0, allow_inf_nan=False)
    """Order probability that a restaurant is lifted by, or pushed down by, at most."""
    control: Control = Control.FAIRCO
    by: GroupedBy = GroupedBy.KIND
    half_life_days: float = Field(default=21.0, ge=0.5, le=365.0, allow_inf_nan=False)
    """After so many days what was shown counts half."""
    newcomer_quota: float = Field(default=0.0, ge=0.0, le=0.5, allow_inf_nan=False)
    """Share of all organic exposure that newcomers are lifted towards, whatever their merit is thought to be."""
    quality_floor: float = Field(default=0.05, ge=0.0, le=1.0, allow_inf_nan=False)
    """Restaurants of less order probability in a request are not lifted in it."""

    @property
    def is_on(self) -> bool:
        """Whether it changes any list."""
        return self.control is not Control.NONE and self.gain > 0.0 and self.max_lift > 0.0


class PolicyDials(Exact):
    """All dials of the ranking; one that is left out has its default."""

    shortlist: int = Field(default=200, ge=20, le=5_000)
    """Restaurants that are scored in full; the rest is cut off by the model's score alone."""
    recency_gain: float = Field(default=0.5, ge=0.0, le=10.0)
    """How far one fresh order lifts its restaurant, in standard deviations of the diner's scores; 0 switches it off."""
    recency_half_life_hours: float = Field(default=72.0, gt=0.0, le=24.0 * 365)
    exploration: float = Field(default=0.0, ge=0.0, le=1.0)
    """Temperature of the Plackett-Luce sampling, in units of order probability; 0 shows the best list always."""
    model: str = Field(default="", pattern=r"^[a-z0-9+_-]{0,63}$")
    """The model of the ladder that it was agreed for: it is activated only while that is champion; empty: any."""
    radius_km: float = Field(default=8.0, gt=0.0, le=500.0)
    """How far from a named place restaurants are looked for, when the request does not say."""
    latency_budget_ms: float = Field(default=0.0, ge=0.0, le=60_000.0, allow_inf_nan=False)
    """When it is spent, what a list can do without is left out, in a stated order (docs/overload.md); 0: no budget."""
    ads: AdPolicy = AdPolicy()
    fairness: FairnessPolicy = FairnessPolicy()


class Policy(PolicyDials):
    """A version of a policy. Every answer names the one that made it."""

    name: str = Field(default="balanced", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    version: int = Field(default=1, ge=1)

    @classmethod
    def of(cls, name: str, dials: PolicyDials, version: int = 1) -> Self:
        """These dials under this name."""
        return cls(name=name, version=version, **{dial: getattr(dials, dial) for dial in PolicyDials.model_fields})
