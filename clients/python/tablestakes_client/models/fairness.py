from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.fairness_rivals import FairnessRivals
    from ..models.group_comparison import GroupComparison


T = TypeVar("T", bound="Fairness")


@_attrs_define
class Fairness:
    """Quality by groups of diners and exposure by groups of restaurants, on the test period.

    Attributes:
        own (list[GroupComparison]):
        rivals (FairnessRivals): The same of those it was held against.
    """

    own: list[GroupComparison]
    rivals: FairnessRivals
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        own = []
        for own_item_data in self.own:
            own_item = own_item_data.to_dict()
            own.append(own_item)

        rivals = self.rivals.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "own": own,
                "rivals": rivals,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fairness_rivals import FairnessRivals
        from ..models.group_comparison import GroupComparison

        d = dict(src_dict)
        own = []
        _own = d.pop("own")
        for own_item_data in _own:
            own_item = GroupComparison.from_dict(own_item_data)

            own.append(own_item)

        rivals = FairnessRivals.from_dict(d.pop("rivals"))

        fairness = cls(
            own=own,
            rivals=rivals,
        )

        fairness.additional_properties = d
        return fairness

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
