from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.axis_scale import AxisScale, check_axis_scale

T = TypeVar("T", bound="Axis")


@_attrs_define
class Axis:
    """What runs along a side.

    Attributes:
        label (str):
        unit (None | str):
        scale (AxisScale | str): By default "linear".
    """

    label: str
    unit: None | str
    scale: AxisScale | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        label = self.label

        unit: None | str
        unit = self.unit

        scale: str
        if isinstance(self.scale, str):
            scale = self.scale
        else:
            scale = self.scale

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "label": label,
                "unit": unit,
                "scale": scale,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        label = d.pop("label")

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        def _parse_scale(data: object) -> AxisScale | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                scale_type_0 = check_axis_scale(data)

                return scale_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AxisScale | str, data)

        scale = _parse_scale(d.pop("scale"))

        axis = cls(
            label=label,
            unit=unit,
            scale=scale,
        )

        axis.additional_properties = d
        return axis

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
