from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Trying")


@_attrs_define
class Trying:
    """How much of it a trial gets.

    Attributes:
        share (float): Of diners (canary) or of lists (shadow).
        reason (str | Unset): For the audit trail.
    """

    share: float
    reason: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        share = self.share

        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "share": share,
            }
        )
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        share = d.pop("share")

        reason = d.pop("reason", UNSET)

        trying = cls(
            share=share,
            reason=reason,
        )

        return trying
