from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.beside_body import BesideBody


T = TypeVar("T", bound="ExposureBody")


@_attrs_define
class ExposureBody:
    """Why a restaurant is shown as often as it is.

    Attributes:
        restaurant_id (str):
        market (str):
        since (datetime.datetime):
        until (datetime.datetime):
        lists_sampled (int): Of the window's lists, evenly spread.
        shown (int): Places in these.
        sold (int):
        orders (int):
        mean_position (float | None):
        organic_looks (float): Sum of the chances of a look over its places that were not sold.
        paid_looks (float):
        merit (float): Orders, each over the chance of a look at its place.
        merit_is_floor (bool): Too few orders tell of it.
        groups (list[BesideBody]):
        words (list[str]):
    """

    restaurant_id: str
    market: str
    since: datetime.datetime
    until: datetime.datetime
    lists_sampled: int
    shown: int
    sold: int
    orders: int
    mean_position: float | None
    organic_looks: float
    paid_looks: float
    merit: float
    merit_is_floor: bool
    groups: list[BesideBody]
    words: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        restaurant_id = self.restaurant_id

        market = self.market

        since = self.since.isoformat()

        until = self.until.isoformat()

        lists_sampled = self.lists_sampled

        shown = self.shown

        sold = self.sold

        orders = self.orders

        mean_position: float | None
        mean_position = self.mean_position

        organic_looks = self.organic_looks

        paid_looks = self.paid_looks

        merit = self.merit

        merit_is_floor = self.merit_is_floor

        groups = []
        for groups_item_data in self.groups:
            groups_item = groups_item_data.to_dict()
            groups.append(groups_item)

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "restaurant_id": restaurant_id,
                "market": market,
                "since": since,
                "until": until,
                "lists_sampled": lists_sampled,
                "shown": shown,
                "sold": sold,
                "orders": orders,
                "mean_position": mean_position,
                "organic_looks": organic_looks,
                "paid_looks": paid_looks,
                "merit": merit,
                "merit_is_floor": merit_is_floor,
                "groups": groups,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.beside_body import BesideBody

        d = dict(src_dict)
        restaurant_id = d.pop("restaurant_id")

        market = d.pop("market")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        until = datetime.datetime.fromisoformat(d.pop("until"))

        lists_sampled = d.pop("lists_sampled")

        shown = d.pop("shown")

        sold = d.pop("sold")

        orders = d.pop("orders")

        def _parse_mean_position(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mean_position = _parse_mean_position(d.pop("mean_position"))

        organic_looks = d.pop("organic_looks")

        paid_looks = d.pop("paid_looks")

        merit = d.pop("merit")

        merit_is_floor = d.pop("merit_is_floor")

        groups = []
        _groups = d.pop("groups")
        for groups_item_data in _groups:
            groups_item = BesideBody.from_dict(groups_item_data)

            groups.append(groups_item)

        words = cast(list[str], d.pop("words"))

        exposure_body = cls(
            restaurant_id=restaurant_id,
            market=market,
            since=since,
            until=until,
            lists_sampled=lists_sampled,
            shown=shown,
            sold=sold,
            orders=orders,
            mean_position=mean_position,
            organic_looks=organic_looks,
            paid_looks=paid_looks,
            merit=merit,
            merit_is_floor=merit_is_floor,
            groups=groups,
            words=words,
        )

        exposure_body.additional_properties = d
        return exposure_body

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
