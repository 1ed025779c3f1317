from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.measured_value import MeasuredValue


T = TypeVar("T", bound="BarSeries")


@_attrs_define
class BarSeries:
    """A bar in each group; null where there is none.

    Attributes:
        name (str):
        values (list[MeasuredValue | None]):
    """

    name: str
    values: list[MeasuredValue | None]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.measured_value import MeasuredValue

        name = self.name

        values = []
        for values_item_data in self.values:
            values_item: dict[str, Any] | None
            if isinstance(values_item_data, MeasuredValue):
                values_item = values_item_data.to_dict()
            else:
                values_item = values_item_data
            values.append(values_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measured_value import MeasuredValue

        d = dict(src_dict)
        name = d.pop("name")

        values = []
        _values = d.pop("values")
        for values_item_data in _values:

            def _parse_values_item(data: object) -> MeasuredValue | None:
                if data is None:
                    return data
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    values_item_type_0 = MeasuredValue.from_dict(data)

                    return values_item_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                return cast(MeasuredValue | None, data)

            values_item = _parse_values_item(values_item_data)

            values.append(values_item)

        bar_series = cls(
            name=name,
            values=values,
        )

        bar_series.additional_properties = d
        return bar_series

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
