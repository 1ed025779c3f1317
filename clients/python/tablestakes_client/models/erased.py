from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Erased")


@_attrs_define
class Erased:
    """What an erasure removed.

    Attributes:
        user_id (str):
        events (int):
        served_lists (int):
        exports (int): Copies of the event log begun until now (`events export`): what is in them is not removed.
    """

    user_id: str
    events: int
    served_lists: int
    exports: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user_id = self.user_id

        events = self.events

        served_lists = self.served_lists

        exports = self.exports

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user_id": user_id,
                "events": events,
                "served_lists": served_lists,
                "exports": exports,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        user_id = d.pop("user_id")

        events = d.pop("events")

        served_lists = d.pop("served_lists")

        exports = d.pop("exports")

        erased = cls(
            user_id=user_id,
            events=events,
            served_lists=served_lists,
            exports=exports,
        )

        erased.additional_properties = d
        return erased

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
