from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.changed_place import ChangedPlace
    from ..models.least_bid import LeastBid


T = TypeVar("T", bound="ToReach")


@_attrs_define
class ToReach:
    """What the restaurant could have changed to stand at a rank or above.

    Attributes:
        rank (int):
        smallest (list[ChangedPlace]): The fewest changes that do it, five at most; empty: none do. Where the restaurant
            stands there already, one empty change, and nothing else is tried.
        found (int): How many do it with as few changes.
        alone (list[ChangedPlace]): Of each kind of change by itself the one that leads furthest up.
        tried (int): Lists that were made again to find out.
        exhaustive (bool): Whether all combinations of as few changes were tried.
        bid (LeastBid): The least bid that buys a place at the rank or above.
    """

    rank: int
    smallest: list[ChangedPlace]
    found: int
    alone: list[ChangedPlace]
    tried: int
    exhaustive: bool
    bid: LeastBid
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        rank = self.rank

        smallest = []
        for smallest_item_data in self.smallest:
            smallest_item = smallest_item_data.to_dict()
            smallest.append(smallest_item)

        found = self.found

        alone = []
        for alone_item_data in self.alone:
            alone_item = alone_item_data.to_dict()
            alone.append(alone_item)

        tried = self.tried

        exhaustive = self.exhaustive

        bid = self.bid.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "rank": rank,
                "smallest": smallest,
                "found": found,
                "alone": alone,
                "tried": tried,
                "exhaustive": exhaustive,
                "bid": bid,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.changed_place import ChangedPlace
        from ..models.least_bid import LeastBid

        d = dict(src_dict)
        rank = d.pop("rank")

        smallest = []
        _smallest = d.pop("smallest")
        for smallest_item_data in _smallest:
            smallest_item = ChangedPlace.from_dict(smallest_item_data)

            smallest.append(smallest_item)

        found = d.pop("found")

        alone = []
        _alone = d.pop("alone")
        for alone_item_data in _alone:
            alone_item = ChangedPlace.from_dict(alone_item_data)

            alone.append(alone_item)

        tried = d.pop("tried")

        exhaustive = d.pop("exhaustive")

        bid = LeastBid.from_dict(d.pop("bid"))

        to_reach = cls(
            rank=rank,
            smallest=smallest,
            found=found,
            alone=alone,
            tried=tried,
            exhaustive=exhaustive,
            bid=bid,
        )

        to_reach.additional_properties = d
        return to_reach

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
