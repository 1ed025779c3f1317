"""A campaign: what a payer offers for a place of a restaurant."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.columns import Billing
from services.catalogue.records import Identifier, MarketKey, Name, UtcMoment

MICRO = 1_000_000
"""Micro-units in a minor unit: what is charged is counted in these, rounded down."""

Money = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
"""Minor units of the market's currency."""


class Campaign(BaseModel):
    """One campaign of a restaurant in a market."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign_id: Identifier
    market: MarketKey
    restaurant_id: Identifier
    payer: Name
    """Who pays, as the diner is told."""
    bid: Annotated[int, Field(ge=1, le=1_000_000_000)]
    """The most that a billed event may cost, in minor units."""
    billing: Billing
    daily_budget: Money
    """For a local day of the market; 0 pauses the campaign."""
    total_budget: Money
    starts_at: UtcMoment | None = None
    ends_at: UtcMoment | None = None
    """None: open; otherwise the first moment at which it does not run any more."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_at is not None and self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at: the campaign ends before it starts")
        return self
