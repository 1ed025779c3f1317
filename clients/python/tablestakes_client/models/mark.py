from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.mark_axis import MarkAxis, check_mark_axis

T = TypeVar("T", bound="Mark")


@_attrs_define
class Mark:
    """A straight line across, with a word: a bound, a target, the day on which something happened.

    Attributes:
        axis (MarkAxis | str):
        at (float):
        label (str):
    """

    axis: MarkAxis | str
    at: float
    label: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        axis: str
        if isinstance(self.axis, str):
            axis = self.axis
        else:
            axis = self.axis

        at = self.at

        label = self.label

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "axis": axis,
                "at": at,
                "label": label,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_axis(data: object) -> MarkAxis | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                axis_type_0 = check_mark_axis(data)

                return axis_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MarkAxis | str, data)

        axis = _parse_axis(d.pop("axis"))

        at = d.pop("at")

        label = d.pop("label")

        mark = cls(
            axis=axis,
            at=at,
            label=label,
        )

        mark.additional_properties = d
        return mark

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
