from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.restaurant_change import RestaurantChange


T = TypeVar("T", bound="ChangedPlace")


@_attrs_define
class ChangedPlace:
    """Where it would have stood with a change.

    Attributes:
        rank (int | None): In the list that is shown; null: it would not be in it.
        organic_rank (int | None): Without payment, among all candidates that were scored in full; null: it is none of
            them.
        change (RestaurantChange): What a restaurant can change itself; what is not there stays.
    """

    rank: int | None
    organic_rank: int | None
    change: RestaurantChange
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        rank: int | None
        rank = self.rank

        organic_rank: int | None
        organic_rank = self.organic_rank

        change = self.change.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "rank": rank,
                "organic_rank": organic_rank,
                "change": change,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.restaurant_change import RestaurantChange

        d = dict(src_dict)

        def _parse_rank(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        rank = _parse_rank(d.pop("rank"))

        def _parse_organic_rank(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        organic_rank = _parse_organic_rank(d.pop("organic_rank"))

        change = RestaurantChange.from_dict(d.pop("change"))

        changed_place = cls(
            rank=rank,
            organic_rank=organic_rank,
            change=change,
        )

        changed_place.additional_properties = d
        return changed_place

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
