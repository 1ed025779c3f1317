from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="FrontAge")


@_attrs_define
class FrontAge:
    """What was bargained over.

    Attributes:
        front_id (str):
        created_at (datetime.datetime):
        age_seconds (float): When it was bargained over.
        assumed (bool): Whether it tells of an invented city instead of this market.
    """

    front_id: str
    created_at: datetime.datetime
    age_seconds: float
    assumed: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        front_id = self.front_id

        created_at = self.created_at.isoformat()

        age_seconds = self.age_seconds

        assumed = self.assumed

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "front_id": front_id,
                "created_at": created_at,
                "age_seconds": age_seconds,
                "assumed": assumed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        front_id = d.pop("front_id")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        age_seconds = d.pop("age_seconds")

        assumed = d.pop("assumed")

        front_age = cls(
            front_id=front_id,
            created_at=created_at,
            age_seconds=age_seconds,
            assumed=assumed,
        )

        front_age.additional_properties = d
        return front_age

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
