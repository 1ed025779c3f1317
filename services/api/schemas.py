"""Request and response bodies. The OpenAPI is generated from these, so every bound here is the contract."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from services.catalogue.records import (
    MAX_PROFILE_TAGS,
    Cuisine,
    Hours,
    Identifier,
    Latitude,
    Longitude,
    MarketKey,
    Name,
    Tag,
    UtcMoment,
)
from services.exact import Exact, no_number_for_a_time
from services.serving.recommender import DEGRADED

Time = Annotated[
    UtcMoment,
    BeforeValidator(no_number_for_a_time),
    Field(description="ISO 8601 with an offset.", examples=["2026-01-09T19:00:00Z"]),
]


ALL_FIELDS: Final = ConfigDict(json_schema_serialization_defaults_required=True)
"""An answer is written with all its fields, those that have a default too. Its schema says so: no client need ask."""


class Body(Exact):
    """Bodies refuse unknown fields and cannot be changed. As answers they are written with all their fields."""

    model_config = ALL_FIELDS


class Context(Body):
    """Where and when, and what the diner is looking for."""

    lat: Latitude | None = Field(default=None, description="Where the diner is; needs `lon`.")
    lon: Longitude | None = None
    radius_km: float | None = Field(
        default=None,
        gt=0,
        le=500,
        allow_inf_nan=False,
        description="How far around `lat`, `lon`; by default the policy's.",
    )
    cuisine: str | None = Field(default=None, min_length=1, max_length=64, examples=["thai"])
    max_price: int | None = Field(default=None, ge=1, le=4)
    open_at: Time | Literal["now"] | None = Field(default=None, description="Only restaurants open at this time.")
    exclude: list[Identifier] = Field(default=[], max_length=200, description="Restaurants to leave out.")

    @model_validator(mode="after")
    def _place_is_whole(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon come together")
        return self


class RecommendationQuery(Context):
    """The query of `GET /v1/recommendations`."""

    user_id: Identifier
    market: MarketKey | None = Field(default=None, description="By default the diner's own.")
    k: int = Field(default=20, ge=1, le=100)
    explain: Literal["none", "reasons", "full"] = "none"
    personalised: bool = Field(default=True, description="False: no profile is used, everybody gets the same list.")
    ads: bool = Field(default=True, description="False: no place of this list is sold.")
    policy: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="By default the active one."
    )


class RankingRequest(Body):
    """The body of `POST /v1/rankings`: re-rank candidates that the client names."""

    user_id: Identifier
    restaurant_ids: list[Identifier] = Field(min_length=1, max_length=1000)
    context: Context = Context()
    k: int = Field(default=20, ge=1, le=100)
    market: MarketKey | None = None
    explain: Literal["none", "reasons", "full"] = "none"
    personalised: bool = Field(default=True, strict=True)


class Versioned(Body):
    """A name and the version behind it."""

    name: str
    version: str


class Note(Body):
    """A code for programs and a text for people."""

    code: str
    text: str


class Lack(Note):
    """What an answer was made without."""

    code: str = Field(json_schema_extra={"enum": list(DEGRADED)})


class Sponsor(Body):
    """Who paid for a place in the list."""

    payer: str
    label: str


class Term(Body):
    """One addend of a score."""

    name: str
    value: float


class ItemExplanation(Body):
    """The exact addends of an item's score, in the order in which they were added (float64)."""

    terms: list[Term]
    exact: bool


class ListedRestaurant(Body):
    """What every entry of a list says."""

    rank: int = Field(ge=1)
    restaurant_id: str
    name: str
    score: float = Field(
        description="The sum of its terms: the probability of an order if the diner looks at it, plus, for a sponsored "
        "entry, what its fee is worth."
    )
    organic_rank: int = Field(ge=1, description="Its rank without payment.")
    explanation: ItemExplanation | None
    cuisines: list[str]
    price_level: int | None = Field(ge=1, le=4)
    lat: float
    lon: float
    distance_km: float | None = Field(ge=0)
    open_now: bool
    eta_minutes: float | None = Field(ge=0)


class OrganicItem(ListedRestaurant):
    """A restaurant that nobody pays for. Sold places above it may have moved it down: see `organic_rank`."""

    sponsored: Literal[False]
    sponsor: None
    reasons: list[Note] = Field(max_length=3)


class SponsoredItem(ListedRestaurant):
    """A restaurant whose place is paid for: it says who pays, and the first reason says so too."""

    sponsored: Literal[True]
    sponsor: Sponsor
    reasons: list[Note] = Field(min_length=1, max_length=3)


class Recommendations(Body):
    """A list for a diner."""

    request_id: str
    user_id: str
    market: str
    as_of: datetime
    policy: Versioned
    model: Versioned
    degraded: list[Lack] = Field(description="What was missing when this list was made; empty on a good day.")
    items: list[OrganicItem | SponsoredItem]


class RestaurantBody(Body):
    """A restaurant."""

    restaurant_id: str
    market: str
    name: str
    lat: float
    lon: float
    cuisines: list[str]
    price_level: int | None
    chain: str | None
    district: str
    opened_at: datetime | None
    hours: list[int] | None = Field(description="open, close, open, close, … in minutes of the local week")
    delivery: bool
    tags: list[str]


class RestaurantPage(Body):
    """A page of restaurants."""

    items: list[RestaurantBody]
    next: str | None


class ScoredRestaurant(RestaurantBody):
    """A restaurant with the number by which the list is sorted."""

    score: float


class ScoredRestaurants(Body):
    """Restaurants by falling score."""

    items: list[ScoredRestaurant]
    next: str | None = None


class RestaurantWrite(Body):
    """What the catalogue keeps of a restaurant; the path names its id."""

    market: MarketKey
    name: Name
    lat: Latitude
    lon: Longitude
    cuisines: tuple[Cuisine, ...] = Field(default=(), max_length=20)
    price_level: int | None = Field(default=None, ge=1, le=4)
    chain: Name | None = Field(default=None, description="Null for an independent.")
    district: str = Field(default="", pattern=r"^[^\x00]{0,100}$")
    opened_at: Time | None = None
    hours: Hours | None = Field(default=None, description="open, close, open, close, … in minutes of the local week")
    delivery: bool = Field(default=False, strict=True)
    tags: tuple[Tag, ...] = Field(default=(), max_length=100)


class DinerWrite(Body):
    """What is kept about a diner; the path names the id."""

    market: MarketKey
    home_lat: Latitude | None = None
    home_lon: Longitude | None = None
    profile: tuple[Tag, ...] = Field(default=(), max_length=MAX_PROFILE_TAGS)
    protected: tuple[Tag, ...] = Field(
        default=(), max_length=50, description="For measuring fairness only; never used to rank."
    )

    @model_validator(mode="after")
    def _home_is_whole(self) -> Self:
        if (self.home_lat is None) != (self.home_lon is None):
            raise ValueError("home_lat and home_lon come together")
        return self


class DinerBody(DinerWrite):
    """A diner's profile."""

    user_id: str


class EventBody(Body):
    """Something that a diner did."""

    event_id: str
    type: str
    restaurant_id: str
    request_id: str | None
    order_id: str | None
    at: datetime
    value: float | None


class DinerRecord(DinerBody):
    """Everything that is held about a diner."""

    events: list[EventBody]
    served_lists: int = Field(ge=0)


class DinerPage(Body):
    """A page of diners."""

    items: list[DinerBody]
    next: str | None


class Erased(Body):
    """What an erasure removed."""

    user_id: str
    events: int
    served_lists: int
    exports: int = Field(
        ge=0, description="Copies of the event log begun until now (`events export`): what is in them is not removed."
    )


class EventWrite(Body):
    """One event of `POST /v1/events`."""

    event_id: Identifier
    type: Literal["impression", "click", "order", "order_cancelled", "rating", "dismiss"]
    user_id: Identifier
    restaurant_id: Identifier
    market: MarketKey | None = Field(default=None, description="By default the restaurant's own.")
    request_id: Identifier | None = Field(default=None, description="The list in which the restaurant was seen.")
    order_id: Identifier | None = None
    at: Time
    value: float | None = Field(
        default=None, ge=0, le=1e9, allow_inf_nan=False, description="rating: 1 to 5 stars; order: minor units."
    )

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        if self.type == "rating" and not (self.value is not None and 1 <= self.value <= 5):
            raise ValueError("a rating needs a value from 1 to 5")
        return self


class Rejection(Body):
    """Why one event was not taken."""

    index: int = Field(ge=0, description="Its place in what was sent, from 0.")
    problem: str


class EventReceipt(Body):
    """What became of the events. Accepted ones are on disk."""

    accepted: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    rejected: list[Rejection]


class MarketBody(Body):
    """A market (city)."""

    market: str
    title: str
    time_zone: str
    currency: str
    lat: float
    lon: float
    restaurants: int
    model: Versioned
    as_of: datetime


class MarketPage(Body):
    """The markets that are served."""

    items: list[MarketBody]
    next: str | None = None


class Health(Body):
    """Whether the process lives, and what it can reach."""

    status: Literal["ok", "degraded", "starting"]
    checks: dict[str, str] = Field(default={})
