from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.changed_limit import ChangedLimit


T = TypeVar("T", bound="Relaxation")


@_attrs_define
class Relaxation:
    """What makes a policy feasible.

    Attributes:
        policy (str):
        limits (list[ChangedLimit]):
    """

    policy: str
    limits: list[ChangedLimit]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        policy = self.policy

        limits = []
        for limits_item_data in self.limits:
            limits_item = limits_item_data.to_dict()
            limits.append(limits_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "policy": policy,
                "limits": limits,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.changed_limit import ChangedLimit

        d = dict(src_dict)
        policy = d.pop("policy")

        limits = []
        _limits = d.pop("limits")
        for limits_item_data in _limits:
            limits_item = ChangedLimit.from_dict(limits_item_data)

            limits.append(limits_item)

        relaxation = cls(
            policy=policy,
            limits=limits,
        )

        relaxation.additional_properties = d
        return relaxation

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
