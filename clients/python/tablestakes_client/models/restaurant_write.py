from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="RestaurantWrite")


@_attrs_define
class RestaurantWrite:
    """What the catalogue keeps of a restaurant; the path names its id.

    Attributes:
        market (str):
        name (str):
        lat (float):
        lon (float):
        cuisines (list[str] | Unset): By default [].
        price_level (int | None | Unset):
        chain (None | str | Unset): Null for an independent.
        district (str | Unset):
        opened_at (datetime.datetime | None | Unset):
        hours (list[int] | None | Unset): open, close, open, close, … in minutes of the local week
        delivery (bool | Unset): By default false.
        tags (list[str] | Unset): By default [].
    """

    market: str
    name: str
    lat: float
    lon: float
    cuisines: list[str] | Unset = UNSET
    price_level: int | None | Unset = UNSET
    chain: None | str | Unset = UNSET
    district: str | Unset = UNSET
    opened_at: datetime.datetime | None | Unset = UNSET
    hours: list[int] | None | Unset = UNSET
    delivery: bool | Unset = UNSET
    tags: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        name = self.name

        lat = self.lat

        lon = self.lon

        cuisines: list[str] | Unset = UNSET
        if not isinstance(self.cuisines, Unset):
            cuisines = self.cuisines

        price_level: int | None | Unset
        if isinstance(self.price_level, Unset):
            price_level = UNSET
        else:
            price_level = self.price_level

        chain: None | str | Unset
        if isinstance(self.chain, Unset):
            chain = UNSET
        else:
            chain = self.chain

        district = self.district

        opened_at: None | str | Unset
        if isinstance(self.opened_at, Unset):
            opened_at = UNSET
        elif isinstance(self.opened_at, datetime.datetime):
            opened_at = self.opened_at.isoformat()
        else:
            opened_at = self.opened_at

        hours: list[int] | None | Unset
        if isinstance(self.hours, Unset):
            hours = UNSET
        elif isinstance(self.hours, list):
            hours = self.hours

        else:
            hours = self.hours

        delivery = self.delivery

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "market": market,
                "name": name,
                "lat": lat,
                "lon": lon,
            }
        )
        if cuisines is not UNSET:
            field_dict["cuisines"] = cuisines
        if price_level is not UNSET:
            field_dict["price_level"] = price_level
        if chain is not UNSET:
            field_dict["chain"] = chain
        if district is not UNSET:
            field_dict["district"] = district
        if opened_at is not UNSET:
            field_dict["opened_at"] = opened_at
        if hours is not UNSET:
            field_dict["hours"] = hours
        if delivery is not UNSET:
            field_dict["delivery"] = delivery
        if tags is not UNSET:
            field_dict["tags"] = tags

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        market = d.pop("market")

        name = d.pop("name")

        lat = d.pop("lat")

        lon = d.pop("lon")

        cuisines = cast(list[str], d.pop("cuisines", UNSET))

        def _parse_price_level(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        price_level = _parse_price_level(d.pop("price_level", UNSET))

        def _parse_chain(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        chain = _parse_chain(d.pop("chain", UNSET))

        district = d.pop("district", UNSET)

        def _parse_opened_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                opened_at_type_0 = datetime.datetime.fromisoformat(data)

                return opened_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        opened_at = _parse_opened_at(d.pop("opened_at", UNSET))

        def _parse_hours(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                hours_type_0 = cast(list[int], data)

                return hours_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        hours = _parse_hours(d.pop("hours", UNSET))

        delivery = d.pop("delivery", UNSET)

        tags = cast(list[str], d.pop("tags", UNSET))

        restaurant_write = cls(
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
        )

        return restaurant_write
