from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.number_body import NumberBody


T = TypeVar("T", bound="SeatScores")


@_attrs_define
class SeatScores:
    """A seat's numbers, the negotiated one first.

    Attributes:
        seat (str):
        title (str):
        wants (str):
        signs (bool):
        numbers (list[NumberBody]):
    """

    seat: str
    title: str
    wants: str
    signs: bool
    numbers: list[NumberBody]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seat = self.seat

        title = self.title

        wants = self.wants

        signs = self.signs

        numbers = []
        for numbers_item_data in self.numbers:
            numbers_item = numbers_item_data.to_dict()
            numbers.append(numbers_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seat": seat,
                "title": title,
                "wants": wants,
                "signs": signs,
                "numbers": numbers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.number_body import NumberBody

        d = dict(src_dict)
        seat = d.pop("seat")

        title = d.pop("title")

        wants = d.pop("wants")

        signs = d.pop("signs")

        numbers = []
        _numbers = d.pop("numbers")
        for numbers_item_data in _numbers:
            numbers_item = NumberBody.from_dict(numbers_item_data)

            numbers.append(numbers_item)

        seat_scores = cls(
            seat=seat,
            title=title,
            wants=wants,
            signs=signs,
            numbers=numbers,
        )

        seat_scores.additional_properties = d
        return seat_scores

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
