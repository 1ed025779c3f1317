from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ExplainedFeature")


@_attrs_define
class ExplainedFeature:
    """What a feature of the diner and one of the restaurant add to the relevance together.

    Attributes:
        diner_feature (None | str): Null: for anybody who asks.
        restaurant_feature (None | str): Null: with any restaurant.
        value (float):
    """

    diner_feature: None | str
    restaurant_feature: None | str
    value: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        diner_feature: None | str
        diner_feature = self.diner_feature

        restaurant_feature: None | str
        restaurant_feature = self.restaurant_feature

        value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "diner_feature": diner_feature,
                "restaurant_feature": restaurant_feature,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_diner_feature(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        diner_feature = _parse_diner_feature(d.pop("diner_feature"))

        def _parse_restaurant_feature(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        restaurant_feature = _parse_restaurant_feature(d.pop("restaurant_feature"))

        value = d.pop("value")

        explained_feature = cls(
            diner_feature=diner_feature,
            restaurant_feature=restaurant_feature,
            value=value,
        )

        explained_feature.additional_properties = d
        return explained_feature

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
