from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RestaurantChange")


@_attrs_define
class RestaurantChange:
    """What a restaurant can change itself; what is not there stays.

    Attributes:
        price_level (int | None | Unset):
        cuisines (list[str] | None | Unset):
        delivery (bool | None | Unset):
        hours (list[int] | None | Unset): open, close, … in minutes of the local week.
    """

    price_level: int | None | Unset = UNSET
    cuisines: list[str] | None | Unset = UNSET
    delivery: bool | None | Unset = UNSET
    hours: list[int] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        price_level: int | None | Unset
        if isinstance(self.price_level, Unset):
            price_level = UNSET
        else:
            price_level = self.price_level

        cuisines: list[str] | None | Unset
        if isinstance(self.cuisines, Unset):
            cuisines = UNSET
        elif isinstance(self.cuisines, list):
            cuisines = self.cuisines

        else:
            cuisines = self.cuisines

        delivery: bool | None | Unset
        if isinstance(self.delivery, Unset):
            delivery = UNSET
        else:
            delivery = self.delivery

        hours: list[int] | None | Unset
        if isinstance(self.hours, Unset):
            hours = UNSET
        elif isinstance(self.hours, list):
            hours = self.hours

        else:
            hours = self.hours

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if price_level is not UNSET:
            field_dict["price_level"] = price_level
        if cuisines is not UNSET:
            field_dict["cuisines"] = cuisines
        if delivery is not UNSET:
            field_dict["delivery"] = delivery
        if hours is not UNSET:
            field_dict["hours"] = hours

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_price_level(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        price_level = _parse_price_level(d.pop("price_level", UNSET))

        def _parse_cuisines(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                cuisines_type_0 = cast(list[str], data)

                return cuisines_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        cuisines = _parse_cuisines(d.pop("cuisines", UNSET))

        def _parse_delivery(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        delivery = _parse_delivery(d.pop("delivery", UNSET))

        def _parse_hours(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                hours_type_0 = cast(list[int], data)

                return hours_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        hours = _parse_hours(d.pop("hours", UNSET))

        restaurant_change = cls(
            price_level=price_level,
            cuisines=cuisines,
            delivery=delivery,
            hours=hours,
        )

        restaurant_change.additional_properties = d
        return restaurant_change

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
