from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Context")


@_attrs_define
class Context:
    """Where and when, and what the diner is looking for.

    Attributes:
        lat (float | None | Unset): Where the diner is; needs `lon`.
        lon (float | None | Unset):
        radius_km (float | None | Unset): How far around `lat`, `lon`; by default the policy's.
        cuisine (None | str | Unset):
        max_price (int | None | Unset):
        open_at (datetime.datetime | Literal['now'] | None | Unset): Only restaurants open at this time.
        exclude (list[str] | Unset): Restaurants to leave out. By default [].
    """

    lat: float | None | Unset = UNSET
    lon: float | None | Unset = UNSET
    radius_km: float | None | Unset = UNSET
    cuisine: None | str | Unset = UNSET
    max_price: int | None | Unset = UNSET
    open_at: datetime.datetime | Literal["now"] | None | Unset = UNSET
    exclude: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        lat: float | None | Unset
        if isinstance(self.lat, Unset):
            lat = UNSET
        else:
            lat = self.lat

        lon: float | None | Unset
        if isinstance(self.lon, Unset):
            lon = UNSET
        else:
            lon = self.lon

        radius_km: float | None | Unset
        if isinstance(self.radius_km, Unset):
            radius_km = UNSET
        else:
            radius_km = self.radius_km

        cuisine: None | str | Unset
        if isinstance(self.cuisine, Unset):
            cuisine = UNSET
        else:
            cuisine = self.cuisine

        max_price: int | None | Unset
        if isinstance(self.max_price, Unset):
            max_price = UNSET
        else:
            max_price = self.max_price

        open_at: Literal["now"] | None | str | Unset
        if isinstance(self.open_at, Unset):
            open_at = UNSET
        elif isinstance(self.open_at, datetime.datetime):
            open_at = self.open_at.isoformat()
        else:
            open_at = self.open_at

        exclude: list[str] | Unset = UNSET
        if not isinstance(self.exclude, Unset):
            exclude = self.exclude

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if lat is not UNSET:
            field_dict["lat"] = lat
        if lon is not UNSET:
            field_dict["lon"] = lon
        if radius_km is not UNSET:
            field_dict["radius_km"] = radius_km
        if cuisine is not UNSET:
            field_dict["cuisine"] = cuisine
        if max_price is not UNSET:
            field_dict["max_price"] = max_price
        if open_at is not UNSET:
            field_dict["open_at"] = open_at
        if exclude is not UNSET:
            field_dict["exclude"] = exclude

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_lat(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        lat = _parse_lat(d.pop("lat", UNSET))

        def _parse_lon(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        lon = _parse_lon(d.pop("lon", UNSET))

        def _parse_radius_km(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        radius_km = _parse_radius_km(d.pop("radius_km", UNSET))

        def _parse_cuisine(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        cuisine = _parse_cuisine(d.pop("cuisine", UNSET))

        def _parse_max_price(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_price = _parse_max_price(d.pop("max_price", UNSET))

        def _parse_open_at(data: object) -> datetime.datetime | Literal["now"] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                open_at_type_0 = datetime.datetime.fromisoformat(data)

                return open_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            open_at_type_1 = cast(Literal["now"], data)
            if open_at_type_1 != "now":
                raise ValueError(f"open_at_type_1 must match const 'now', got '{open_at_type_1}'")
            return open_at_type_1
            return cast(datetime.datetime | Literal["now"] | None | Unset, data)

        open_at = _parse_open_at(d.pop("open_at", UNSET))

        exclude = cast(list[str], d.pop("exclude", UNSET))

        context = cls(
            lat=lat,
            lon=lon,
            radius_km=radius_km,
            cuisine=cuisine,
            max_price=max_price,
            open_at=open_at,
            exclude=exclude,
        )

        return context
