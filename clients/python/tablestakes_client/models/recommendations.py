from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.lack import Lack
    from ..models.organic_item import OrganicItem
    from ..models.sponsored_item import SponsoredItem
    from ..models.versioned import Versioned


T = TypeVar("T", bound="Recommendations")


@_attrs_define
class Recommendations:
    """A list for a diner.

    Attributes:
        request_id (str):
        user_id (str):
        market (str):
        as_of (datetime.datetime):
        policy (Versioned): A name and the version behind it.
        model (Versioned): A name and the version behind it.
        degraded (list[Lack]): What was missing when this list was made; empty on a good day.
        items (list[OrganicItem | SponsoredItem]):
    """

    request_id: str
    user_id: str
    market: str
    as_of: datetime.datetime
    policy: Versioned
    model: Versioned
    degraded: list[Lack]
    items: list[OrganicItem | SponsoredItem]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.organic_item import OrganicItem

        request_id = self.request_id

        user_id = self.user_id

        market = self.market

        as_of = self.as_of.isoformat()

        policy = self.policy.to_dict()

        model = self.model.to_dict()

        degraded = []
        for degraded_item_data in self.degraded:
            degraded_item = degraded_item_data.to_dict()
            degraded.append(degraded_item)

        items = []
        for items_item_data in self.items:
            items_item: dict[str, Any]
            if isinstance(items_item_data, OrganicItem):
                items_item = items_item_data.to_dict()
            else:
                items_item = items_item_data.to_dict()

            items.append(items_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "request_id": request_id,
                "user_id": user_id,
                "market": market,
                "as_of": as_of,
                "policy": policy,
                "model": model,
                "degraded": degraded,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.lack import Lack
        from ..models.organic_item import OrganicItem
        from ..models.sponsored_item import SponsoredItem
        from ..models.versioned import Versioned

        d = dict(src_dict)
        request_id = d.pop("request_id")

        user_id = d.pop("user_id")

        market = d.pop("market")

        as_of = datetime.datetime.fromisoformat(d.pop("as_of"))

        policy = Versioned.from_dict(d.pop("policy"))

        model = Versioned.from_dict(d.pop("model"))

        degraded = []
        _degraded = d.pop("degraded")
        for degraded_item_data in _degraded:
            degraded_item = Lack.from_dict(degraded_item_data)

            degraded.append(degraded_item)

        items = []
        _items = d.pop("items")
        for items_item_data in _items:

            def _parse_items_item(data: object) -> OrganicItem | SponsoredItem:
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    items_item_type_0 = OrganicItem.from_dict(data)

                    return items_item_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                items_item_type_1 = SponsoredItem.from_dict(data)

                return items_item_type_1

            items_item = _parse_items_item(items_item_data)

            items.append(items_item)

        recommendations = cls(
            request_id=request_id,
            user_id=user_id,
            market=market,
            as_of=as_of,
            policy=policy,
            model=model,
            degraded=degraded,
            items=items,
        )

        recommendations.additional_properties = d
        return recommendations

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
