"""Restaurants and diners as the system keeps them; the fields are those of the tables in `data.columns`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from data import columns as col
from data.columns import MINUTES_PER_WEEK

_LEARNT: Final = (col.CUISINES, col.PRICE_LEVEL, col.CHAIN, col.DISTRICT, col.DELIVERY, col.TAGS)

MAX_PROFILE_TAGS: Final = 300
"""There are diners who name a hundred favourite cuisines."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]{1,128}$")]
"""1 to 128 characters without blanks and control characters. (Lone surrogates are no text for pydantic.)"""
MarketKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,200}$")]
Cuisine = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,64}$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[^=\x00]{1,64}=[^\x00]{1,128}$")]
"""`name=value`"""


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _are_hours(minutes: tuple[int, ...]) -> tuple[int, ...]:
    if len(minutes) % 2:
        raise ValueError("hours come in pairs: open, close, open, close, …")
    if any(opens >= closes for opens, closes in zip(minutes[::2], minutes[1::2], strict=True)):
        raise ValueError("hours: each opening ends after it begins; one that passes Sunday's end is two")
    return minutes


Hours = Annotated[
    tuple[Annotated[int, Field(ge=0, le=MINUTES_PER_WEEK)], ...], Field(max_length=200), AfterValidator(_are_hours)
]
"""open, close, open, close, … in minutes of the local week, 0 = Monday 00:00."""
UtcMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Restaurant(BaseModel):
    """A restaurant of one market."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    restaurant_id: Identifier
    market: MarketKey
    name: Name
    lat: Latitude
    lon: Longitude
    cuisines: Annotated[tuple[Cuisine, ...], Field(max_length=20)] = ()
    price_level: Annotated[int, Field(ge=1, le=4)] | None = None
    """1 (cheap) to 4."""
    chain: Name | None = None
    """The chain's name; None for an independent."""
    district: Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,100}$")] = ""
    opened_at: UtcMoment | None = None
    hours: Hours | None = None
    """None: not known."""
    delivery: bool = False
    tags: Annotated[tuple[Tag, ...], Field(max_length=100)] = ()
    """Whatever else is known and may be learnt from."""

    def features(self) -> dict[str, Any]:
        """The fields that a model may learn from, by name."""
        return {name: getattr(self, name) for name in _LEARNT}


class Diner(BaseModel):
    """A diner of one market."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: Identifier
    market: MarketKey
    home_lat: Latitude | None = None
    home_lon: Longitude | None = None
    profile: Annotated[tuple[Tag, ...], Field(max_length=MAX_PROFILE_TAGS)] = ()
    """May be learnt from."""
    protected: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    """For measuring fairness; never a model input by default."""

    @model_validator(mode="after")
    def _home_is_whole(self) -> Self:
        if (self.home_lat is None) != (self.home_lon is None):
            raise ValueError("home_lat and home_lon come together")
        return self
