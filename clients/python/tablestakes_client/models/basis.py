from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Basis")


@_attrs_define
class Basis:
    """What was bargained over.

    Attributes:
        days (int): Under each policy.
        policies (int):
        feasible (int): Of them that meet all limits.
        undominated (int): Of those that no other one beats for everyone.
    """

    days: int
    policies: int
    feasible: int
    undominated: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        days = self.days

        policies = self.policies

        feasible = self.feasible

        undominated = self.undominated

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "days": days,
                "policies": policies,
                "feasible": feasible,
                "undominated": undominated,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        days = d.pop("days")

        policies = d.pop("policies")

        feasible = d.pop("feasible")

        undominated = d.pop("undominated")

        basis = cls(
            days=days,
            policies=policies,
            feasible=feasible,
            undominated=undominated,
        )

        basis.additional_properties = d
        return basis

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
