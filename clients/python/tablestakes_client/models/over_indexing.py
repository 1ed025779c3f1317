from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="OverIndexing")


@_attrs_define
class OverIndexing:
    """What the audit for over-indexing looked at, and what it says of it.

    Attributes:
        feature (str):
        kind (str):
        value (float):
        bound (float):
        reported (bool): Whether the value is beyond the bound.
        sentence (str):
    """

    feature: str
    kind: str
    value: float
    bound: float
    reported: bool
    sentence: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        feature = self.feature

        kind = self.kind

        value = self.value

        bound = self.bound

        reported = self.reported

        sentence = self.sentence

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "feature": feature,
                "kind": kind,
                "value": value,
                "bound": bound,
                "reported": reported,
                "sentence": sentence,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        feature = d.pop("feature")

        kind = d.pop("kind")

        value = d.pop("value")

        bound = d.pop("bound")

        reported = d.pop("reported")

        sentence = d.pop("sentence")

        over_indexing = cls(
            feature=feature,
            kind=kind,
            value=value,
            bound=bound,
            reported=reported,
            sentence=sentence,
        )

        over_indexing.additional_properties = d
        return over_indexing

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
