from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LimitBody")


@_attrs_define
class LimitBody:
    """What a seat never trades.

    Attributes:
        key (str):
        at_least (float | None):
        at_most (float | None):
    """

    key: str
    at_least: float | None
    at_most: float | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        at_least: float | None
        at_least = self.at_least

        at_most: float | None
        at_most = self.at_most

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "key": key,
                "at_least": at_least,
                "at_most": at_most,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        def _parse_at_least(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        at_least = _parse_at_least(d.pop("at_least"))

        def _parse_at_most(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        at_most = _parse_at_most(d.pop("at_most"))

        limit_body = cls(
            key=key,
            at_least=at_least,
            at_most=at_most,
        )

        limit_body.additional_properties = d
        return limit_body

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
