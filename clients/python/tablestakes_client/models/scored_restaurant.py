from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ScoredRestaurant")


@_attrs_define
class ScoredRestaurant:
    """A restaurant with the number by which the list is sorted.

    Attributes:
        restaurant_id (str):
        market (str):
        name (str):
        lat (float):
        lon (float):
        cuisines (list[str]):
        price_level (int | None):
        chain (None | str):
        district (str):
        opened_at (datetime.datetime | None):
        hours (list[int] | None): open, close, open, close, … in minutes of the local week
        delivery (bool):
        tags (list[str]):
        score (float):
    """

    restaurant_id: str
    market: str
    name: str
    lat: float
    lon: float
    cuisines: list[str]
    price_level: int | None
    chain: None | str
    district: str
    opened_at: datetime.datetime | None
    hours: list[int] | None
    delivery: bool
    tags: list[str]
    score: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        restaurant_id = self.restaurant_id

        market = self.market

        name = self.name

        lat = self.lat

        lon = self.lon

        cuisines = self.cuisines

        price_level: int | None
        price_level = self.price_level

        chain: None | str
        chain = self.chain

        district = self.district

        opened_at: None | str
        if isinstance(self.opened_at, datetime.datetime):
            opened_at = self.opened_at.isoformat()
        else:
            opened_at = self.opened_at

        hours: list[int] | None
        if isinstance(self.hours, list):
            hours = self.hours

        else:
            hours = self.hours

        delivery = self.delivery

        tags = self.tags

        score = self.score

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "restaurant_id": restaurant_id,
                "market": market,
                "name": name,
                "lat": lat,
                "lon": lon,
                "cuisines": cuisines,
                "price_level": price_level,
                "chain": chain,
                "district": district,
                "opened_at": opened_at,
                "hours": hours,
                "delivery": delivery,
                "tags": tags,
                "score": score,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        restaurant_id = d.pop("restaurant_id")

        market = d.pop("market")

        name = d.pop("name")

        lat = d.pop("lat")

        lon = d.pop("lon")

        cuisines = cast(list[str], d.pop("cuisines"))

        def _parse_price_level(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        price_level = _parse_price_level(d.pop("price_level"))

        def _parse_chain(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        chain = _parse_chain(d.pop("chain"))

        district = d.pop("district")

        def _parse_opened_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                opened_at_type_0 = datetime.datetime.fromisoformat(data)

                return opened_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        opened_at = _parse_opened_at(d.pop("opened_at"))

        def _parse_hours(data: object) -> list[int] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                hours_type_0 = cast(list[int], data)

                return hours_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None, data)

        hours = _parse_hours(d.pop("hours"))

        delivery = d.pop("delivery")

        tags = cast(list[str], d.pop("tags"))

        score = d.pop("score")

        scored_restaurant = cls(
            restaurant_id=restaurant_id,
            market=market,
            name=name,
            lat=lat,
            lon=lon,
            cuisines=cuisines,
            price_level=price_level,
            chain=chain,
            district=district,
            opened_at=opened_at,
            hours=hours,
            delivery=delivery,
            tags=tags,
            score=score,
        )

        scored_restaurant.additional_properties = d
        return scored_restaurant

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
