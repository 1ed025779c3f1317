from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.amount import Amount


T = TypeVar("T", bound="Tally")


@_attrs_define
class Tally:
    """What happened in a span of time.

    Attributes:
        impressions (int): Places that were sold.
        viewed (int): Sold places that were seen: an impression event names the list.
        clicks (int): Clicks on sold places.
        orders (int): Orders within seven days after a sold place, without those that were cancelled.
        billed (int): Clicks or orders that were charged.
        spend (Amount): An amount of money, twice.
        refunds (Amount): An amount of money, twice.
        revenue (float): What the orders were worth, in minor units.
        return_on_spend (float | None): Revenue for each unit of spend less refunds; null when nothing was spent.
        auctions (int): Lists for which the campaign was a candidate.
        lost_to_budget (int): Of these: not shown, for its budget of the moment was spent.
        lost_to_floor (int): Not shown, for the diner has too little of it.
        lost_to_price (int): Not shown, for others or the organic list were worth more.
    """

    impressions: int
    viewed: int
    clicks: int
    orders: int
    billed: int
    spend: Amount
    refunds: Amount
    revenue: float
    return_on_spend: float | None
    auctions: int
    lost_to_budget: int
    lost_to_floor: int
    lost_to_price: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        impressions = self.impressions

        viewed = self.viewed

        clicks = self.clicks

        orders = self.orders

        billed = self.billed

        spend = self.spend.to_dict()

        refunds = self.refunds.to_dict()

        revenue = self.revenue

        return_on_spend: float | None
        return_on_spend = self.return_on_spend

        auctions = self.auctions

        lost_to_budget = self.lost_to_budget

        lost_to_floor = self.lost_to_floor

        lost_to_price = self.lost_to_price

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "impressions": impressions,
                "viewed": viewed,
                "clicks": clicks,
                "orders": orders,
                "billed": billed,
                "spend": spend,
                "refunds": refunds,
                "revenue": revenue,
                "return_on_spend": return_on_spend,
                "auctions": auctions,
                "lost_to_budget": lost_to_budget,
                "lost_to_floor": lost_to_floor,
                "lost_to_price": lost_to_price,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.amount import Amount

        d = dict(src_dict)
        impressions = d.pop("impressions")

        viewed = d.pop("viewed")

        clicks = d.pop("clicks")

        orders = d.pop("orders")

        billed = d.pop("billed")

        spend = Amount.from_dict(d.pop("spend"))

        refunds = Amount.from_dict(d.pop("refunds"))

        revenue = d.pop("revenue")

        def _parse_return_on_spend(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        return_on_spend = _parse_return_on_spend(d.pop("return_on_spend"))

        auctions = d.pop("auctions")

        lost_to_budget = d.pop("lost_to_budget")

        lost_to_floor = d.pop("lost_to_floor")

        lost_to_price = d.pop("lost_to_price")

        tally = cls(
            impressions=impressions,
            viewed=viewed,
            clicks=clicks,
            orders=orders,
            billed=billed,
            spend=spend,
            refunds=refunds,
            revenue=revenue,
            return_on_spend=return_on_spend,
            auctions=auctions,
            lost_to_budget=lost_to_budget,
            lost_to_floor=lost_to_floor,
            lost_to_price=lost_to_price,
        )

        tally.additional_properties = d
        return tally

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
