from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.bound import Bound


T = TypeVar("T", bound="DemandBody")


@_attrs_define
class DemandBody:
    """What a seat demands.

    Attributes:
        limits (list[Bound]): Never traded. By default [].
        disagreement (float | None): What the seat's own number is worth to it without a settlement: it takes nothing
            worse. By default its worst over the other seats' favourites.
        weight (float): Decides between equals, nothing else. By default 1.0.
        note (None | str):
        market (str):
        seat (str):
        version (int): The `ETag` stands for it.
        updated_at (datetime.datetime):
    """

    limits: list[Bound]
    disagreement: float | None
    weight: float
    note: None | str
    market: str
    seat: str
    version: int
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        limits = []
        for limits_item_data in self.limits:
            limits_item = limits_item_data.to_dict()
            limits.append(limits_item)

        disagreement: float | None
        disagreement = self.disagreement

        weight = self.weight

        note: None | str
        note = self.note

        market = self.market

        seat = self.seat

        version = self.version

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "limits": limits,
                "disagreement": disagreement,
                "weight": weight,
                "note": note,
                "market": market,
                "seat": seat,
                "version": version,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bound import Bound

        d = dict(src_dict)
        limits = []
        _limits = d.pop("limits")
        for limits_item_data in _limits:
            limits_item = Bound.from_dict(limits_item_data)

            limits.append(limits_item)

        def _parse_disagreement(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        disagreement = _parse_disagreement(d.pop("disagreement"))

        weight = d.pop("weight")

        def _parse_note(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        note = _parse_note(d.pop("note"))

        market = d.pop("market")

        seat = d.pop("seat")

        version = d.pop("version")

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        demand_body = cls(
            limits=limits,
            disagreement=disagreement,
            weight=weight,
            note=note,
            market=market,
            seat=seat,
            version=version,
            updated_at=updated_at,
        )

        demand_body.additional_properties = d
        return demand_body

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
