from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.dial_body import DialBody
    from ..models.limit_body import LimitBody
    from ..models.measure_body import MeasureBody


T = TypeVar("T", bound="SeatBody")


@_attrs_define
class SeatBody:
    """Somebody who has a stake.

    Attributes:
        seat (str): Also the role of its key, where it signs.
        title (str):
        wants (str):
        signs (bool): Whether it negotiates and signs; otherwise it has limits only.
        number (MeasureBody): A number of a seat.
        others (list[MeasureBody]):
        dials (list[DialBody]):
        limits (list[LimitBody]):
    """

    seat: str
    title: str
    wants: str
    signs: bool
    number: MeasureBody
    others: list[MeasureBody]
    dials: list[DialBody]
    limits: list[LimitBody]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seat = self.seat

        title = self.title

        wants = self.wants

        signs = self.signs

        number = self.number.to_dict()

        others = []
        for others_item_data in self.others:
            others_item = others_item_data.to_dict()
            others.append(others_item)

        dials = []
        for dials_item_data in self.dials:
            dials_item = dials_item_data.to_dict()
            dials.append(dials_item)

        limits = []
        for limits_item_data in self.limits:
            limits_item = limits_item_data.to_dict()
            limits.append(limits_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seat": seat,
                "title": title,
                "wants": wants,
                "signs": signs,
                "number": number,
                "others": others,
                "dials": dials,
                "limits": limits,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dial_body import DialBody
        from ..models.limit_body import LimitBody
        from ..models.measure_body import MeasureBody

        d = dict(src_dict)
        seat = d.pop("seat")

        title = d.pop("title")

        wants = d.pop("wants")

        signs = d.pop("signs")

        number = MeasureBody.from_dict(d.pop("number"))

        others = []
        _others = d.pop("others")
        for others_item_data in _others:
            others_item = MeasureBody.from_dict(others_item_data)

            others.append(others_item)

        dials = []
        _dials = d.pop("dials")
        for dials_item_data in _dials:
            dials_item = DialBody.from_dict(dials_item_data)

            dials.append(dials_item)

        limits = []
        _limits = d.pop("limits")
        for limits_item_data in _limits:
            limits_item = LimitBody.from_dict(limits_item_data)

            limits.append(limits_item)

        seat_body = cls(
            seat=seat,
            title=title,
            wants=wants,
            signs=signs,
            number=number,
            others=others,
            dials=dials,
            limits=limits,
        )

        seat_body.additional_properties = d
        return seat_body

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
