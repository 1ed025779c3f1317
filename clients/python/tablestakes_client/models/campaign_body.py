from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.billing import Billing, check_billing

T = TypeVar("T", bound="CampaignBody")


@_attrs_define
class CampaignBody:
    """A campaign as it is kept; the `ETag` stands for its version.

    Attributes:
        market (str):
        restaurant_id (str):
        payer (str): Who pays, as the diner is told.
        bid (int): The most that a billed event may cost, in minor units.
        billing (Billing | str): What is paid for: a click, or an order within seven days.
        daily_budget (int): Minor units for a local day of the market; 0 pauses the campaign.
        total_budget (int): Minor units in all.
        starts_at (datetime.datetime | None): Null: at once.
        ends_at (datetime.datetime | None): The first moment at which it does not run; null: open.
        campaign_id (str):
        version (int):
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        closed_at (datetime.datetime | None): Since when it sells nothing any more; null while it is open.
    """

    market: str
    restaurant_id: str
    payer: str
    bid: int
    billing: Billing | str
    daily_budget: int
    total_budget: int
    starts_at: datetime.datetime | None
    ends_at: datetime.datetime | None
    campaign_id: str
    version: int
    created_at: datetime.datetime
    updated_at: datetime.datetime
    closed_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        restaurant_id = self.restaurant_id

        payer = self.payer

        bid = self.bid

        billing: str
        if isinstance(self.billing, str):
            billing = self.billing
        else:
            billing = self.billing

        daily_budget = self.daily_budget

        total_budget = self.total_budget

        starts_at: None | str
        if isinstance(self.starts_at, datetime.datetime):
            starts_at = self.starts_at.isoformat()
        else:
            starts_at = self.starts_at

        ends_at: None | str
        if isinstance(self.ends_at, datetime.datetime):
            ends_at = self.ends_at.isoformat()
        else:
            ends_at = self.ends_at

        campaign_id = self.campaign_id

        version = self.version

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "restaurant_id": restaurant_id,
                "payer": payer,
                "bid": bid,
                "billing": billing,
                "daily_budget": daily_budget,
                "total_budget": total_budget,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "campaign_id": campaign_id,
                "version": version,
                "created_at": created_at,
                "updated_at": updated_at,
                "closed_at": closed_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        market = d.pop("market")

        restaurant_id = d.pop("restaurant_id")

        payer = d.pop("payer")

        bid = d.pop("bid")

        def _parse_billing(data: object) -> Billing | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                billing_type_0 = check_billing(data)

                return billing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Billing | str, data)

        billing = _parse_billing(d.pop("billing"))

        daily_budget = d.pop("daily_budget")

        total_budget = d.pop("total_budget")

        def _parse_starts_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                starts_at_type_0 = datetime.datetime.fromisoformat(data)

                return starts_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        starts_at = _parse_starts_at(d.pop("starts_at"))

        def _parse_ends_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ends_at_type_0 = datetime.datetime.fromisoformat(data)

                return ends_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ends_at = _parse_ends_at(d.pop("ends_at"))

        campaign_id = d.pop("campaign_id")

        version = d.pop("version")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        def _parse_closed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closed_at_type_0 = datetime.datetime.fromisoformat(data)

                return closed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closed_at = _parse_closed_at(d.pop("closed_at"))

        campaign_body = cls(
            market=market,
            restaurant_id=restaurant_id,
            payer=payer,
            bid=bid,
            billing=billing,
            daily_budget=daily_budget,
            total_budget=total_budget,
            starts_at=starts_at,
            ends_at=ends_at,
            campaign_id=campaign_id,
            version=version,
            created_at=created_at,
            updated_at=updated_at,
            closed_at=closed_at,
        )

        campaign_body.additional_properties = d
        return campaign_body

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
