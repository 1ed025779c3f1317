from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="SignOffWrite")


@_attrs_define
class SignOffWrite:
    """A seat's consent; the key says which seat.

    Attributes:
        version (int): The version that you have read: a signature is for no other.
        reason (str): For the audit trail.
    """

    version: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        version = self.version

        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "version": version,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        version = d.pop("version")

        reason = d.pop("reason")

        sign_off_write = cls(
            version=version,
            reason=reason,
        )

        return sign_off_write
