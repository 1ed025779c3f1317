"""Answers that explain: an entry taken apart, and what would have changed its place."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from services.api.schemas import Body, Note, Term


class ExplainedFeature(Body):
    """What a feature of the diner and one of the restaurant add to the relevance together."""

    diner_feature: str | None = Field(description="Null: for anybody who asks.")
    restaurant_feature: str | None = Field(description="Null: with any restaurant.")
    value: float


class ShareOfFeature(Body):
    """The Shapley value of one feature in the relevance."""

    of: Literal["diner", "restaurant", "both"]
    feature: str
    value: float


class FeatureTerm(Body):
    """What a feature of the restaurant adds."""

    feature: str
    value: float


class Contrast(Body):
    """Why this restaurant rather than another: what each of its features adds, less what the other's add."""

    against: str | None = Field(description="Null: the average candidate of that list.")
    features: list[FeatureTerm]
    words: list[str] = Field(
        description="The same for people, with all terms before calibration and the way; empty for the average "
        "candidate."
    )


class WeighedReason(Note):
    """A reason with what it adds."""

    value: float = Field(description="In raw scores, beyond the market's average restaurant at the average way.")


class Explanation(Body):
    """Why a restaurant stood where it stood, from the logged request and with the model that answered it."""

    request_id: str
    restaurant_id: str
    rank: int
    score: float
    terms: list[Term] = Field(description="They add up to the score bit for bit, left to right in float64.")
    reasons: list[WeighedReason] = Field(
        description="The reasons that `explain=reasons` tells, each with what it adds, and all else as a last line: "
        "together what the entry has beyond the average restaurant."
    )
    features: list[ExplainedFeature] = Field(
        description="The term `relevance` taken apart: the 20 largest, `others`, and what float32 numbers round away. "
        "They add up to the term bit for bit, left to right in float64. Protected attributes are never among them."
    )
    shapley: list[ShareOfFeature] = Field(
        description="The same term, shared out among single features; adds up to it in the same way."
    )
    contrast: Contrast | None = Field(
        description="Null where no comparison was asked for. Adds up, in the same way, to the difference of relevances."
    )
    second_stage: list[Term] = Field(
        description="The term `second_stage` taken apart by TreeSHAP, added up in the same way; empty without one."
    )
    without_payment: dict[str, int]
    against_next: list[Term] = Field(description="Differences to the next restaurant of the list; empty for the last.")
    method: str
    exact: bool = Field(
        description="Whether relevance and second stage are taken apart with nothing left but rounding."
    )


class PlaceBody(Body):
    """Where a restaurant stands, or would have stood."""

    rank: int | None = Field(ge=1, description="In the list that is shown; null: it would not be in it.")
    organic_rank: int | None = Field(
        ge=1, description="Without payment, among all candidates that were scored in full; null: it is none of them."
    )


class TermPlace(PlaceBody):
    """Where it would have stood without one term of the ledger."""

    term: str


class RecentAction(Body):
    """Something that the diner did."""

    type: str
    at: datetime


class OwnChoice(Body):
    """All that the diner did at one restaurant."""

    restaurant_id: str
    name: str
    learnt: bool = Field(description="Whether the model keeps it in the diner's history.")
    lately: list[RecentAction] = Field(description="What the list remembered of it beside the model, newest first.")


class OwnActions(Body):
    """The fewest of the diner's own choices without which another restaurant would have been on top."""

    top: str = Field(description="Who was on top.")
    considered: int = Field(ge=1, description="Restaurants at which the diner did something that the list knew of.")
    remove: list[OwnChoice] = Field(
        description="Without these; empty: no set that was tried changes the top, all of them together among these."
    )
    then_top: str | None = Field(description="Who would have been on top then.")
    proven_smallest: bool = Field(
        description="Whether all smaller sets were tried. False: `remove` is empty, or this set does it, no single "
        "choice of it can be left out, and a smaller set may do it too."
    )
    at_least: int = Field(ge=1, description="No set of fewer choices does it.")
    none_up_to: int = Field(
        ge=0,
        description="All sets of so many choices or fewer were tried, and none changes the top. Where `remove` is not "
        "proven smallest, larger sets were only tried greedily: one by one, in the order in which the choices by "
        "themselves shrink the lead.",
    )


class RestaurantChange(Body):
    """What a restaurant can change itself; what is not there stays."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    price_level: int | None = Field(default=None, ge=1, le=4)
    cuisines: list[str] | None = None
    delivery: bool | None = None
    hours: list[int] | None = Field(default=None, description="open, close, … in minutes of the local week.")


class ChangedPlace(PlaceBody):
    """Where it would have stood with a change."""

    change: RestaurantChange


class LeastBid(Body):
    """The least bid that buys a place at the rank or above."""

    bid: int | None = Field(description="Minor units for a billed event; null: see `why`.")
    billing: Literal["click", "order"]
    rank: int | None = Field(description="Where it stands with it.")
    why: str


class ToReach(Body):
    """What the restaurant could have changed to stand at a rank or above."""

    rank: int = Field(ge=1)
    smallest: list[ChangedPlace] = Field(
        description="The fewest changes that do it, five at most; empty: none do. Where the restaurant stands there "
        "already, one empty change, and nothing else is tried."
    )
    found: int = Field(ge=0, description="How many do it with as few changes.")
    alone: list[ChangedPlace] = Field(description="Of each kind of change by itself the one that leads furthest up.")
    tried: int = Field(ge=0, description="Lists that were made again to find out.")
    exhaustive: bool = Field(description="Whether all combinations of as few changes were tried.")
    bid: LeastBid


class Counterfactuals(Body):
    """What would have been, had one thing been otherwise in a list that was served."""

    request_id: str
    restaurant_id: str
    now: PlaceBody = Field(description="As it was served.")
    without_payment: PlaceBody
    without_personalisation: PlaceBody
    without_terms: list[TermPlace] = Field(
        description="Each term of the ledger that was not 0 for every candidate, left out of everybody's score."
    )
    own_actions: OwnActions | None = Field(
        description="About the list's top, whichever restaurant is asked about. Null: the list knew of nothing that "
        "the diner did."
    )
    to_reach: ToReach
