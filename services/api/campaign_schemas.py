"""Bodies of the campaigns' routes; the report's is in `services.ads.report`."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from data.columns import Billing
from services.ads.campaign import Campaign, Money
from services.ads.campaigns import StoredCampaign
from services.api.schemas import Body, Time
from services.catalogue.records import Identifier, MarketKey, Name


class CampaignWrite(Body):
    """What a payer offers for a place of a restaurant; the path names the campaign's id."""

    market: MarketKey | None = Field(default=None, description="May be left out where there is one market.")
    restaurant_id: Identifier
    payer: Name = Field(description="Who pays, as the diner is told.")
    bid: int = Field(ge=1, le=1_000_000_000, description="The most that a billed event may cost, in minor units.")
    billing: Billing = Field(description="What is paid for: a click, or an order within seven days.")
    daily_budget: Money = Field(description="Minor units for a local day of the market; 0 pauses the campaign.")
    total_budget: Money = Field(description="Minor units in all.")
    starts_at: Time | None = Field(default=None, description="Null: at once.")
    ends_at: Time | None = Field(default=None, description="The first moment at which it does not run; null: open.")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_at is not None and self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at: the campaign ends before it starts")
        return self

    def campaign(self, campaign_id: str, market: str) -> Campaign:
        """The campaign of this id in this market."""
        return Campaign(campaign_id=campaign_id, **{**self.model_dump(), "market": market})


class CampaignBody(CampaignWrite):
    """A campaign as it is kept; the `ETag` stands for its version."""

    campaign_id: str
    market: MarketKey
    version: int = Field(ge=1)
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = Field(description="Since when it sells nothing any more; null while it is open.")

    @classmethod
    def of(cls, stored: StoredCampaign) -> Self:
        """From what the store keeps."""
        times = {name: getattr(stored, name) for name in ("version", "created_at", "updated_at", "closed_at")}
        return cls(**stored.campaign.model_dump(), **times)


class CampaignPage(Body):
    """A page of campaigns."""

    items: list[CampaignBody]
    next: str | None


class PreviewRequest(Body):
    """A bid to be tried out."""

    bid: int = Field(ge=1, le=1_000_000_000, description="Minor units for a billed event.")
    daily_budget: Money | None = Field(default=None, description="By default the campaign's own.")


class Estimated(Body):
    """A total over all lists of the period, estimated from those that were held again; 95 % interval."""

    value: float
    low: float
    high: float


class OutlookBody(Body):
    """What one bid would have brought in the period."""

    bid: int
    impressions: Estimated
    billed: Estimated = Field(description="Expected clicks or orders, whichever the campaign pays for.")
    spend: Estimated = Field(description="Minor units, before the daily budget.")
    spend_within_budget: float = Field(description="Minor units, with no day above the daily budget.")


class PreviewBody(Body):
    """The last seven days held again, with today's policy and everybody else's bids of then. Nothing is written."""

    since: datetime
    until: datetime
    lists: int = Field(ge=0, description="Served in the period.")
    replayed: int = Field(ge=0, description="Of these, held again.")
    candidate_in: int = Field(ge=0, description="Of these, with the restaurant as a candidate for a sold place.")
    now: OutlookBody = Field(description="The campaign as it bids now.")
    proposed: OutlookBody
