from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.direction import Direction, check_direction

T = TypeVar("T", bound="MeasureBody")


@_attrs_define
class MeasureBody:
    """A number of a seat.

    Attributes:
        key (str):
        title (str):
        unit (str): Empty: a share, a ratio or a count.
        direction (Direction | str):
        negotiable (bool): Whether the closed loop computes it too, so that it can be negotiated.
    """

    key: str
    title: str
    unit: str
    direction: Direction | str
    negotiable: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        title = self.title

        unit = self.unit

        direction: str
        if isinstance(self.direction, str):
            direction = self.direction
        else:
            direction = self.direction

        negotiable = self.negotiable

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "key": key,
                "title": title,
                "unit": unit,
                "direction": direction,
                "negotiable": negotiable,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        title = d.pop("title")

        unit = d.pop("unit")

        def _parse_direction(data: object) -> Direction | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                direction_type_0 = check_direction(data)

                return direction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Direction | str, data)

        direction = _parse_direction(d.pop("direction"))

        negotiable = d.pop("negotiable")

        measure_body = cls(
            key=key,
            title=title,
            unit=unit,
            direction=direction,
            negotiable=negotiable,
        )

        measure_body.additional_properties = d
        return measure_body

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
