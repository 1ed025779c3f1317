from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.eligibility import Eligibility, check_eligibility
from ..models.pricing import Pricing, check_pricing
from ..types import UNSET, Unset

T = TypeVar("T", bound="AdPolicy")


@_attrs_define
class AdPolicy:
    """The dials of the ad-fee layer.

    Attributes:
        money (float | Unset): By default 0.002.
        first_slot (int | Unset): By default 2.
        gap (int | Unset): By default 4.
        cap (int | Unset): By default 3.
        label_cost (float | Unset): By default 0.0.
        value_floor (float | Unset): By default 0.0.
        click_floor (float | Unset): By default 0.0.
        reserve_click (int | Unset): By default 5.
        reserve_order (int | Unset): By default 50.
        pricing (Pricing | str | Unset): By default "vcg".
        eligibility (Eligibility | str | Unset): By default "below-list".
        max_calibration_error (float | Unset): By default 0.02.
    """

    money: float | Unset = UNSET
    first_slot: int | Unset = UNSET
    gap: int | Unset = UNSET
    cap: int | Unset = UNSET
    label_cost: float | Unset = UNSET
    value_floor: float | Unset = UNSET
    click_floor: float | Unset = UNSET
    reserve_click: int | Unset = UNSET
    reserve_order: int | Unset = UNSET
    pricing: Pricing | str | Unset = UNSET
    eligibility: Eligibility | str | Unset = UNSET
    max_calibration_error: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        money = self.money

        first_slot = self.first_slot

        gap = self.gap

        cap = self.cap

        label_cost = self.label_cost

        value_floor = self.value_floor

        click_floor = self.click_floor

        reserve_click = self.reserve_click

        reserve_order = self.reserve_order

        pricing: str | Unset
        if isinstance(self.pricing, Unset):
            pricing = UNSET
        elif isinstance(self.pricing, str):
            pricing = self.pricing
        else:
            pricing = self.pricing

        eligibility: str | Unset
        if isinstance(self.eligibility, Unset):
            eligibility = UNSET
        elif isinstance(self.eligibility, str):
            eligibility = self.eligibility
        else:
            eligibility = self.eligibility

        max_calibration_error = self.max_calibration_error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if money is not UNSET:
            field_dict["money"] = money
        if first_slot is not UNSET:
            field_dict["first_slot"] = first_slot
        if gap is not UNSET:
            field_dict["gap"] = gap
        if cap is not UNSET:
            field_dict["cap"] = cap
        if label_cost is not UNSET:
            field_dict["label_cost"] = label_cost
        if value_floor is not UNSET:
            field_dict["value_floor"] = value_floor
        if click_floor is not UNSET:
            field_dict["click_floor"] = click_floor
        if reserve_click is not UNSET:
            field_dict["reserve_click"] = reserve_click
        if reserve_order is not UNSET:
            field_dict["reserve_order"] = reserve_order
        if pricing is not UNSET:
            field_dict["pricing"] = pricing
        if eligibility is not UNSET:
            field_dict["eligibility"] = eligibility
        if max_calibration_error is not UNSET:
            field_dict["max_calibration_error"] = max_calibration_error

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        money = d.pop("money", UNSET)

        first_slot = d.pop("first_slot", UNSET)

        gap = d.pop("gap", UNSET)

        cap = d.pop("cap", UNSET)

        label_cost = d.pop("label_cost", UNSET)

        value_floor = d.pop("value_floor", UNSET)

        click_floor = d.pop("click_floor", UNSET)

        reserve_click = d.pop("reserve_click", UNSET)

        reserve_order = d.pop("reserve_order", UNSET)

        def _parse_pricing(data: object) -> Pricing | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                pricing_type_0 = check_pricing(data)

                return pricing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Pricing | str | Unset, data)

        pricing = _parse_pricing(d.pop("pricing", UNSET))

        def _parse_eligibility(data: object) -> Eligibility | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                eligibility_type_0 = check_eligibility(data)

                return eligibility_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Eligibility | str | Unset, data)

        eligibility = _parse_eligibility(d.pop("eligibility", UNSET))

        max_calibration_error = d.pop("max_calibration_error", UNSET)

        ad_policy = cls(
            money=money,
            first_slot=first_slot,
            gap=gap,
            cap=cap,
            label_cost=label_cost,
            value_floor=value_floor,
            click_floor=click_floor,
            reserve_click=reserve_click,
            reserve_order=reserve_order,
            pricing=pricing,
            eligibility=eligibility,
            max_calibration_error=max_calibration_error,
        )

        ad_policy.additional_properties = d
        return ad_policy

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
