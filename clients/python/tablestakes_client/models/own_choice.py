from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.recent_action import RecentAction


T = TypeVar("T", bound="OwnChoice")


@_attrs_define
class OwnChoice:
    """All that the diner did at one restaurant.

    Attributes:
        restaurant_id (str):
        name (str):
        learnt (bool): Whether the model keeps it in the diner's history.
        lately (list[RecentAction]): What the list remembered of it beside the model, newest first.
    """

    restaurant_id: str
    name: str
    learnt: bool
    lately: list[RecentAction]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        restaurant_id = self.restaurant_id

        name = self.name

        learnt = self.learnt

        lately = []
        for lately_item_data in self.lately:
            lately_item = lately_item_data.to_dict()
            lately.append(lately_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "restaurant_id": restaurant_id,
                "name": name,
                "learnt": learnt,
                "lately": lately,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.recent_action import RecentAction

        d = dict(src_dict)
        restaurant_id = d.pop("restaurant_id")

        name = d.pop("name")

        learnt = d.pop("learnt")

        lately = []
        _lately = d.pop("lately")
        for lately_item_data in _lately:
            lately_item = RecentAction.from_dict(lately_item_data)

            lately.append(lately_item)

        own_choice = cls(
            restaurant_id=restaurant_id,
            name=name,
            learnt=learnt,
            lately=lately,
        )

        own_choice.additional_properties = d
        return own_choice

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
