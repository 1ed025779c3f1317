from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.measured import Measured
    from ..models.slope import Slope


T = TypeVar("T", bound="ExchangeRate")


@_attrs_define
class ExchangeRate:
    """What more for one seat costs another.

    Attributes:
        seat (str):
        costs (str):
        measure (str):
        costs_measure (str):
        step (float): So much more of the seat's number, or less where less is better.
        cost (Measured): A number with its 95 % interval; null where there is nothing to measure.
        curve (list[Slope]):
        days (int):
        words (str):
    """

    seat: str
    costs: str
    measure: str
    costs_measure: str
    step: float
    cost: Measured
    curve: list[Slope]
    days: int
    words: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seat = self.seat

        costs = self.costs

        measure = self.measure

        costs_measure = self.costs_measure

        step = self.step

        cost = self.cost.to_dict()

        curve = []
        for curve_item_data in self.curve:
            curve_item = curve_item_data.to_dict()
            curve.append(curve_item)

        days = self.days

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "seat": seat,
                "costs": costs,
                "measure": measure,
                "costs_measure": costs_measure,
                "step": step,
                "cost": cost,
                "curve": curve,
                "days": days,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measured import Measured
        from ..models.slope import Slope

        d = dict(src_dict)
        seat = d.pop("seat")

        costs = d.pop("costs")

        measure = d.pop("measure")

        costs_measure = d.pop("costs_measure")

        step = d.pop("step")

        cost = Measured.from_dict(d.pop("cost"))

        curve = []
        _curve = d.pop("curve")
        for curve_item_data in _curve:
            curve_item = Slope.from_dict(curve_item_data)

            curve.append(curve_item)

        days = d.pop("days")

        words = d.pop("words")

        exchange_rate = cls(
            seat=seat,
            costs=costs,
            measure=measure,
            costs_measure=costs_measure,
            step=step,
            cost=cost,
            curve=curve,
            days=days,
            words=words,
        )

        exchange_rate.additional_properties = d
        return exchange_rate

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
