from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DifferenceBody")


@_attrs_define
class DifferenceBody:
    """A dial that is set otherwise.

    Attributes:
        dial (str):
        before (Any): A number or a text.
        after (Any): A number or a text.
        text (str): The same in words, with units.
    """

    dial: str
    before: Any
    after: Any
    text: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        dial = self.dial

        before = self.before

        after = self.after

        text = self.text

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "dial": dial,
                "before": before,
                "after": after,
                "text": text,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        dial = d.pop("dial")

        before = d.pop("before")

        after = d.pop("after")

        text = d.pop("text")

        difference_body = cls(
            dial=dial,
            before=before,
            after=after,
            text=text,
        )

        difference_body.additional_properties = d
        return difference_body

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
