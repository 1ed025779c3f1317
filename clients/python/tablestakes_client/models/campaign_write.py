from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.billing import Billing, check_billing
from ..types import UNSET, Unset

T = TypeVar("T", bound="CampaignWrite")


@_attrs_define
class CampaignWrite:
    """What a payer offers for a place of a restaurant; the path names the campaign's id.

    Attributes:
        restaurant_id (str):
        payer (str): Who pays, as the diner is told.
        bid (int): The most that a billed event may cost, in minor units.
        billing (Billing): What an advertiser pays for.
        daily_budget (int): Minor units for a local day of the market; 0 pauses the campaign.
        total_budget (int): Minor units in all.
        market (None | str | Unset): May be left out where there is one market.
        starts_at (datetime.datetime | None | Unset): Null: at once.
        ends_at (datetime.datetime | None | Unset): The first moment at which it does not run; null: open.
    """

    restaurant_id: str
    payer: str
    bid: int
    billing: Billing
    daily_budget: int
    total_budget: int
    market: None | str | Unset = UNSET
    starts_at: datetime.datetime | None | Unset = UNSET
    ends_at: datetime.datetime | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        restaurant_id = self.restaurant_id

        payer = self.payer

        bid = self.bid

        billing: str = self.billing

        daily_budget = self.daily_budget

        total_budget = self.total_budget

        market: None | str | Unset
        if isinstance(self.market, Unset):
            market = UNSET
        else:
            market = self.market

        starts_at: None | str | Unset
        if isinstance(self.starts_at, Unset):
            starts_at = UNSET
        elif isinstance(self.starts_at, datetime.datetime):
            starts_at = self.starts_at.isoformat()
        else:
            starts_at = self.starts_at

        ends_at: None | str | Unset
        if isinstance(self.ends_at, Unset):
            ends_at = UNSET
        elif isinstance(self.ends_at, datetime.datetime):
            ends_at = self.ends_at.isoformat()
        else:
            ends_at = self.ends_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "restaurant_id": restaurant_id,
                "payer": payer,
                "bid": bid,
                "billing": billing,
                "daily_budget": daily_budget,
                "total_budget": total_budget,
            }
        )
        if market is not UNSET:
            field_dict["market"] = market
        if starts_at is not UNSET:
            field_dict["starts_at"] = starts_at
        if ends_at is not UNSET:
            field_dict["ends_at"] = ends_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        restaurant_id = d.pop("restaurant_id")

        payer = d.pop("payer")

        bid = d.pop("bid")

        billing = check_billing(d.pop("billing"))

        daily_budget = d.pop("daily_budget")

        total_budget = d.pop("total_budget")

        def _parse_market(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        market = _parse_market(d.pop("market", UNSET))

        def _parse_starts_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                starts_at_type_0 = datetime.datetime.fromisoformat(data)

                return starts_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        starts_at = _parse_starts_at(d.pop("starts_at", UNSET))

        def _parse_ends_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ends_at_type_0 = datetime.datetime.fromisoformat(data)

                return ends_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        ends_at = _parse_ends_at(d.pop("ends_at", UNSET))

        campaign_write = cls(
            restaurant_id=restaurant_id,
            payer=payer,
            bid=bid,
            billing=billing,
            daily_budget=daily_budget,
            total_budget=total_budget,
            market=market,
            starts_at=starts_at,
            ends_at=ends_at,
        )

        return campaign_write
