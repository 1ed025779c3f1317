from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="WorstSlice")


@_attrs_define
class WorstSlice:
    """A group of cases in which the model does worse than elsewhere. Figures are mean losses: more is worse.

    Attributes:
        conditions (list[str]):
        n (int):
        value (float):
        low (float):
        high (float):
        rest (float): The mean loss of all other cases.
        p_adjusted (float): Corrected for how many slices were looked at.
        same_as (list[list[str]] | Unset): Other descriptions of nearly the same cases, which the data do not tell apart
            from it. By default [].
    """

    conditions: list[str]
    n: int
    value: float
    low: float
    high: float
    rest: float
    p_adjusted: float
    same_as: list[list[str]] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conditions = self.conditions

        n = self.n

        value = self.value

        low = self.low

        high = self.high

        rest = self.rest

        p_adjusted = self.p_adjusted

        same_as: list[list[str]] | Unset = UNSET
        if not isinstance(self.same_as, Unset):
            same_as = []
            for same_as_item_data in self.same_as:
                same_as_item = same_as_item_data

                same_as.append(same_as_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conditions": conditions,
                "n": n,
                "value": value,
                "low": low,
                "high": high,
                "rest": rest,
                "p_adjusted": p_adjusted,
            }
        )
        if same_as is not UNSET:
            field_dict["same_as"] = same_as

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        conditions = cast(list[str], d.pop("conditions"))

        n = d.pop("n")

        value = d.pop("value")

        low = d.pop("low")

        high = d.pop("high")

        rest = d.pop("rest")

        p_adjusted = d.pop("p_adjusted")

        _same_as = d.pop("same_as", UNSET)
        same_as: list[list[str]] | Unset = UNSET
        if _same_as is not UNSET:
            same_as = []
            for same_as_item_data in _same_as:
                same_as_item = cast(list[str], same_as_item_data)

                same_as.append(same_as_item)

        worst_slice = cls(
            conditions=conditions,
            n=n,
            value=value,
            low=low,
            high=high,
            rest=rest,
            p_adjusted=p_adjusted,
            same_as=same_as,
        )

        worst_slice.additional_properties = d
        return worst_slice

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
