from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="NotShownBody")


@_attrs_define
class NotShownBody:
    """Groups that are too small to be shown.

    Attributes:
        groups (int):
        members (int):
        fewer_than (int):
    """

    groups: int
    members: int
    fewer_than: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        groups = self.groups

        members = self.members

        fewer_than = self.fewer_than

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "groups": groups,
                "members": members,
                "fewer_than": fewer_than,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        groups = d.pop("groups")

        members = d.pop("members")

        fewer_than = d.pop("fewer_than")

        not_shown_body = cls(
            groups=groups,
            members=members,
            fewer_than=fewer_than,
        )

        not_shown_body.additional_properties = d
        return not_shown_body

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
