from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.feature_importance_side import (
    FeatureImportanceSide,
    check_feature_importance_side,
)

T = TypeVar("T", bound="FeatureImportance")


@_attrs_define
class FeatureImportance:
    """How much a feature matters over all lists.

    Attributes:
        name (str):
        side (FeatureImportanceSide | str):
        value (float):
        low (float):
        high (float):
        measure (str):
    """

    name: str
    side: FeatureImportanceSide | str
    value: float
    low: float
    high: float
    measure: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        side: str
        if isinstance(self.side, str):
            side = self.side
        else:
            side = self.side

        value = self.value

        low = self.low

        high = self.high

        measure = self.measure

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "side": side,
                "value": value,
                "low": low,
                "high": high,
                "measure": measure,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        def _parse_side(data: object) -> FeatureImportanceSide | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                side_type_0 = check_feature_importance_side(data)

                return side_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FeatureImportanceSide | str, data)

        side = _parse_side(d.pop("side"))

        value = d.pop("value")

        low = d.pop("low")

        high = d.pop("high")

        measure = d.pop("measure")

        feature_importance = cls(
            name=name,
            side=side,
            value=value,
            low=low,
            high=high,
            measure=measure,
        )

        feature_importance.additional_properties = d
        return feature_importance

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
