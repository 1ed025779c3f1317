from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Activation")


@_attrs_define
class Activation:
    """Which version is to be active.

    Attributes:
        version (int | None | Unset): By default the newest.
        override (bool | Unset): Go without signatures: for set-up, the admin only. By default false.
        reason (str | Unset): For the audit trail; an override needs one.
    """

    version: int | None | Unset = UNSET
    override: bool | Unset = UNSET
    reason: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        version: int | None | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        override = self.override

        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if version is not UNSET:
            field_dict["version"] = version
        if override is not UNSET:
            field_dict["override"] = override
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        override = d.pop("override", UNSET)

        reason = d.pop("reason", UNSET)

        activation = cls(
            version=version,
            override=override,
            reason=reason,
        )

        return activation
