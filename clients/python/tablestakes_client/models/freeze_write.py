from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="FreezeWrite")


@_attrs_define
class FreezeWrite:
    """A freeze by hand.

    Attributes:
        reason (str):
        until (datetime.datetime): ISO 8601 with an offset.
    """

    reason: str
    until: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        until = self.until.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "reason": reason,
                "until": until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason")

        until = datetime.datetime.fromisoformat(d.pop("until"))

        freeze_write = cls(
            reason=reason,
            until=until,
        )

        return freeze_write
