from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.measured import Measured


T = TypeVar("T", bound="Slope")


@_attrs_define
class Slope:
    """A piece of an exchange curve.

    Attributes:
        start (str): A policy.
        end (str): Its neighbour that gives the seat more.
        cost (Measured): A number with its 95 % interval; null where there is nothing to measure.
    """

    start: str
    end: str
    cost: Measured
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        start = self.start

        end = self.end

        cost = self.cost.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "start": start,
                "end": end,
                "cost": cost,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measured import Measured

        d = dict(src_dict)
        start = d.pop("start")

        end = d.pop("end")

        cost = Measured.from_dict(d.pop("cost"))

        slope = cls(
            start=start,
            end=end,
            cost=cost,
        )

        slope.additional_properties = d
        return slope

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
