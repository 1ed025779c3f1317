from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.bound import Bound


T = TypeVar("T", bound="Demand")


@_attrs_define
class Demand:
    """Of one seat.

    Attributes:
        limits (list[Bound] | Unset): Never traded. By default [].
        disagreement (float | None | Unset): What the seat's own number is worth to it without a settlement: it takes
            nothing worse. By default its worst over the other seats' favourites.
        weight (float | Unset): Decides between equals, nothing else. By default 1.0.
        note (None | str | Unset):
    """

    limits: list[Bound] | Unset = UNSET
    disagreement: float | None | Unset = UNSET
    weight: float | Unset = UNSET
    note: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        limits: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.limits, Unset):
            limits = []
            for limits_item_data in self.limits:
                limits_item = limits_item_data.to_dict()
                limits.append(limits_item)

        disagreement: float | None | Unset
        if isinstance(self.disagreement, Unset):
            disagreement = UNSET
        else:
            disagreement = self.disagreement

        weight = self.weight

        note: None | str | Unset
        if isinstance(self.note, Unset):
            note = UNSET
        else:
            note = self.note

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if limits is not UNSET:
            field_dict["limits"] = limits
        if disagreement is not UNSET:
            field_dict["disagreement"] = disagreement
        if weight is not UNSET:
            field_dict["weight"] = weight
        if note is not UNSET:
            field_dict["note"] = note

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bound import Bound

        d = dict(src_dict)
        _limits = d.pop("limits", UNSET)
        limits: list[Bound] | Unset = UNSET
        if _limits is not UNSET:
            limits = []
            for limits_item_data in _limits:
                limits_item = Bound.from_dict(limits_item_data)

                limits.append(limits_item)

        def _parse_disagreement(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        disagreement = _parse_disagreement(d.pop("disagreement", UNSET))

        weight = d.pop("weight", UNSET)

        def _parse_note(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        note = _parse_note(d.pop("note", UNSET))

        demand = cls(
            limits=limits,
            disagreement=disagreement,
            weight=weight,
            note=note,
        )

        demand.additional_properties = d
        return demand

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
