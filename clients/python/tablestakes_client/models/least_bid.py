from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.least_bid_billing import LeastBidBilling, check_least_bid_billing

T = TypeVar("T", bound="LeastBid")


@_attrs_define
class LeastBid:
    """The least bid that buys a place at the rank or above.

    Attributes:
        bid (int | None): Minor units for a billed event; null: see `why`.
        billing (LeastBidBilling | str):
        rank (int | None): Where it stands with it.
        why (str):
    """

    bid: int | None
    billing: LeastBidBilling | str
    rank: int | None
    why: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        bid: int | None
        bid = self.bid

        billing: str
        if isinstance(self.billing, str):
            billing = self.billing
        else:
            billing = self.billing

        rank: int | None
        rank = self.rank

        why = self.why

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "bid": bid,
                "billing": billing,
                "rank": rank,
                "why": why,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_bid(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        bid = _parse_bid(d.pop("bid"))

        def _parse_billing(data: object) -> LeastBidBilling | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                billing_type_0 = check_least_bid_billing(data)

                return billing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LeastBidBilling | str, data)

        billing = _parse_billing(d.pop("billing"))

        def _parse_rank(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        rank = _parse_rank(d.pop("rank"))

        why = d.pop("why")

        least_bid = cls(
            bid=bid,
            billing=billing,
            rank=rank,
            why=why,
        )

        least_bid.additional_properties = d
        return least_bid

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
