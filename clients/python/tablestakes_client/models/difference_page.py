from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.difference_body import DifferenceBody


T = TypeVar("T", bound="DifferencePage")


@_attrs_define
class DifferencePage:
    """What sets two versions of a policy apart.

    Attributes:
        market (str):
        name (str):
        before (int): Version.
        after (int): Version.
        items (list[DifferenceBody]): In the order of the document; empty: nothing.
    """

    market: str
    name: str
    before: int
    after: int
    items: list[DifferenceBody]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        name = self.name

        before = self.before

        after = self.after

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "name": name,
                "before": before,
                "after": after,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.difference_body import DifferenceBody

        d = dict(src_dict)
        market = d.pop("market")

        name = d.pop("name")

        before = d.pop("before")

        after = d.pop("after")

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = DifferenceBody.from_dict(items_item_data)

            items.append(items_item)

        difference_page = cls(
            market=market,
            name=name,
            before=before,
            after=after,
            items=items,
        )

        difference_page.additional_properties = d
        return difference_page

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
