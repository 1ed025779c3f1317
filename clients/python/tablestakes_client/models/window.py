from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.day import Day, check_day

T = TypeVar("T", bound="Window")


@_attrs_define
class Window:
    """The same hours on some days of every week, in the market's own time.

    Attributes:
        days (list[Day | str]):
        starts (str):
        ends (str):
        reason (str):
    """

    days: list[Day | str]
    starts: str
    ends: str
    reason: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        days = []
        for days_item_data in self.days:
            days_item: str
            if isinstance(days_item_data, str):
                days_item = days_item_data
            else:
                days_item = days_item_data
            days.append(days_item)

        starts = self.starts

        ends = self.ends

        reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "days": days,
                "starts": starts,
                "ends": ends,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        days = []
        _days = d.pop("days")
        for days_item_data in _days:

            def _parse_days_item(data: object) -> Day | str:
                try:
                    if not isinstance(data, str):
                        raise TypeError()
                    days_item_type_0 = check_day(data)

                    return days_item_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                return cast(Day | str, data)

            days_item = _parse_days_item(days_item_data)

            days.append(days_item)

        starts = d.pop("starts")

        ends = d.pop("ends")

        reason = d.pop("reason")

        window = cls(
            days=days,
            starts=starts,
            ends=ends,
            reason=reason,
        )

        window.additional_properties = d
        return window

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
