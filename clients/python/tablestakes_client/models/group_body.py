from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="GroupBody")


@_attrs_define
class GroupBody:
    """A group's figure.

    Attributes:
        value (float):
        low (float):
        high (float):
        group (str):
        n (int): Its members.
    """

    value: float
    low: float
    high: float
    group: str
    n: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        low = self.low

        high = self.high

        group = self.group

        n = self.n

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "value": value,
                "low": low,
                "high": high,
                "group": group,
                "n": n,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        value = d.pop("value")

        low = d.pop("low")

        high = d.pop("high")

        group = d.pop("group")

        n = d.pop("n")

        group_body = cls(
            value=value,
            low=low,
            high=high,
            group=group,
            n=n,
        )

        group_body.additional_properties = d
        return group_body

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
