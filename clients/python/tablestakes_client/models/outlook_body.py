from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.estimated import Estimated


T = TypeVar("T", bound="OutlookBody")


@_attrs_define
class OutlookBody:
    """What one bid would have brought in the period.

    Attributes:
        bid (int):
        impressions (Estimated): A total over all lists of the period, estimated from those that were held again; 95 %
            interval.
        billed (Estimated): A total over all lists of the period, estimated from those that were held again; 95 %
            interval.
        spend (Estimated): A total over all lists of the period, estimated from those that were held again; 95 %
            interval.
        spend_within_budget (float): Minor units, with no day above the daily budget.
    """

    bid: int
    impressions: Estimated
    billed: Estimated
    spend: Estimated
    spend_within_budget: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        bid = self.bid

        impressions = self.impressions.to_dict()

        billed = self.billed.to_dict()

        spend = self.spend.to_dict()

        spend_within_budget = self.spend_within_budget

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "bid": bid,
                "impressions": impressions,
                "billed": billed,
                "spend": spend,
                "spend_within_budget": spend_within_budget,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.estimated import Estimated

        d = dict(src_dict)
        bid = d.pop("bid")

        impressions = Estimated.from_dict(d.pop("impressions"))

        billed = Estimated.from_dict(d.pop("billed"))

        spend = Estimated.from_dict(d.pop("spend"))

        spend_within_budget = d.pop("spend_within_budget")

        outlook_body = cls(
            bid=bid,
            impressions=impressions,
            billed=billed,
            spend=spend,
            spend_within_budget=spend_within_budget,
        )

        outlook_body.additional_properties = d
        return outlook_body

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
