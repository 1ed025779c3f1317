from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PacingState")


@_attrs_define
class PacingState:
    """What the pacing last decided.

    Attributes:
        multiplier (float): mu: the bid is divided by 1 + mu.
        is_open (bool): False: there is no budget left for the moment.
        updated_at (datetime.datetime):
    """

    multiplier: float
    is_open: bool
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        multiplier = self.multiplier

        is_open = self.is_open

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "multiplier": multiplier,
                "is_open": is_open,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        multiplier = d.pop("multiplier")

        is_open = d.pop("is_open")

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        pacing_state = cls(
            multiplier=multiplier,
            is_open=is_open,
            updated_at=updated_at,
        )

        pacing_state.additional_properties = d
        return pacing_state

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
