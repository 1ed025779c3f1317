from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.changed_limit_kind import ChangedLimitKind, check_changed_limit_kind
from ..models.changed_limit_side import ChangedLimitSide, check_changed_limit_side

T = TypeVar("T", bound="ChangedLimit")


@_attrs_define
class ChangedLimit:
    """A demand that gives way.

    Attributes:
        seat (str):
        kind (ChangedLimitKind | str):
        measure (str):
        side (ChangedLimitSide | str):
        asked (float):
        takes (float): Instead.
        slack (float): The way from one to the other, in shares of the seat's range.
    """

    seat: str
    kind: ChangedLimitKind | str
    measure: str
    side: ChangedLimitSide | str
    asked: float
    takes: float
    slack: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seat = self.seat

        kind: str
        if isinstance(self.kind, str):
            kind = self.kind
        else:
            kind = self.kind

        measure = self.measure

        side: str
        if isinstance(self.side, str):
            side = self.side
        else:
            side = self.side

        asked = self.asked

        takes = self.takes

        slack = self.slack

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seat": seat,
                "kind": kind,
                "measure": measure,
                "side": side,
                "asked": asked,
                "takes": takes,
                "slack": slack,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        seat = d.pop("seat")

        def _parse_kind(data: object) -> ChangedLimitKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                kind_type_0 = check_changed_limit_kind(data)

                return kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedLimitKind | str, data)

        kind = _parse_kind(d.pop("kind"))

        measure = d.pop("measure")

        def _parse_side(data: object) -> ChangedLimitSide | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                side_type_0 = check_changed_limit_side(data)

                return side_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedLimitSide | str, data)

        side = _parse_side(d.pop("side"))

        asked = d.pop("asked")

        takes = d.pop("takes")

        slack = d.pop("slack")

        changed_limit = cls(
            seat=seat,
            kind=kind,
            measure=measure,
            side=side,
            asked=asked,
            takes=takes,
            slack=slack,
        )

        changed_limit.additional_properties = d
        return changed_limit

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
