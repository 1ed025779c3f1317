from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.short_sight_shares import ShortSightShares


T = TypeVar("T", bound="ShortSight")


@_attrs_define
class ShortSight:
    """What the seats would settle on by the short run alone.

    Attributes:
        days (int):
        policy (str):
        shares (ShortSightShares):
        same (bool): Whether it is the settlement.
    """

    days: int
    policy: str
    shares: ShortSightShares
    same: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        days = self.days

        policy = self.policy

        shares = self.shares.to_dict()

        same = self.same

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "days": days,
                "policy": policy,
                "shares": shares,
                "same": same,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.short_sight_shares import ShortSightShares

        d = dict(src_dict)
        days = d.pop("days")

        policy = d.pop("policy")

        shares = ShortSightShares.from_dict(d.pop("shares"))

        same = d.pop("same")

        short_sight = cls(
            days=days,
            policy=policy,
            shares=shares,
            same=same,
        )

        short_sight.additional_properties = d
        return short_sight

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
