from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ShadowScore")


@_attrs_define
class ShadowScore:
    """How the lists of a version that is not shown agree with those that are.

    Attributes:
        lists (int):
        failures (int):
        same_first (float):
        shared (float):
        milliseconds (float):
    """

    lists: int
    failures: int
    same_first: float
    shared: float
    milliseconds: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lists = self.lists

        failures = self.failures

        same_first = self.same_first

        shared = self.shared

        milliseconds = self.milliseconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lists": lists,
                "failures": failures,
                "same_first": same_first,
                "shared": shared,
                "milliseconds": milliseconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        lists = d.pop("lists")

        failures = d.pop("failures")

        same_first = d.pop("same_first")

        shared = d.pop("shared")

        milliseconds = d.pop("milliseconds")

        shadow_score = cls(
            lists=lists,
            failures=failures,
            same_first=same_first,
            shared=shared,
            milliseconds=milliseconds,
        )

        shadow_score.additional_properties = d
        return shadow_score

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
