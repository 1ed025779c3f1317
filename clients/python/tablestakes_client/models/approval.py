from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.signed_by import SignedBy


T = TypeVar("T", bound="Approval")


@_attrs_define
class Approval:
    """Who answers for the policy.

    Attributes:
        signed (list[SignedBy]):
        missing (list[str]): Seats that have not signed.
        activated_at (datetime.datetime | None): Null: it has made the lists from the beginning.
        activated_by (None | str):
        words (str):
    """

    signed: list[SignedBy]
    missing: list[str]
    activated_at: datetime.datetime | None
    activated_by: None | str
    words: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        signed = []
        for signed_item_data in self.signed:
            signed_item = signed_item_data.to_dict()
            signed.append(signed_item)

        missing = self.missing

        activated_at: None | str
        if isinstance(self.activated_at, datetime.datetime):
            activated_at = self.activated_at.isoformat()
        else:
            activated_at = self.activated_at

        activated_by: None | str
        activated_by = self.activated_by

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "signed": signed,
                "missing": missing,
                "activated_at": activated_at,
                "activated_by": activated_by,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.signed_by import SignedBy

        d = dict(src_dict)
        signed = []
        _signed = d.pop("signed")
        for signed_item_data in _signed:
            signed_item = SignedBy.from_dict(signed_item_data)

            signed.append(signed_item)

        missing = cast(list[str], d.pop("missing"))

        def _parse_activated_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                activated_at_type_0 = datetime.datetime.fromisoformat(data)

                return activated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        activated_at = _parse_activated_at(d.pop("activated_at"))

        def _parse_activated_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        activated_by = _parse_activated_by(d.pop("activated_by"))

        words = d.pop("words")

        approval = cls(
            signed=signed,
            missing=missing,
            activated_at=activated_at,
            activated_by=activated_by,
            words=words,
        )

        approval.additional_properties = d
        return approval

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
