from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.versioned import Versioned


T = TypeVar("T", bound="MarketBody")


@_attrs_define
class MarketBody:
    """A market (city).

    Attributes:
        market (str):
        title (str):
        time_zone (str):
        currency (str):
        lat (float):
        lon (float):
        restaurants (int):
        model (Versioned): A name and the version behind it.
        as_of (datetime.datetime):
    """

    market: str
    title: str
    time_zone: str
    currency: str
    lat: float
    lon: float
    restaurants: int
    model: Versioned
    as_of: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        title = self.title

        time_zone = self.time_zone

        currency = self.currency

        lat = self.lat

        lon = self.lon

        restaurants = self.restaurants

        model = self.model.to_dict()

        as_of = self.as_of.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "title": title,
                "time_zone": time_zone,
                "currency": currency,
                "lat": lat,
                "lon": lon,
                "restaurants": restaurants,
                "model": model,
                "as_of": as_of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.versioned import Versioned

        d = dict(src_dict)
        market = d.pop("market")

        title = d.pop("title")

        time_zone = d.pop("time_zone")

        currency = d.pop("currency")

        lat = d.pop("lat")

        lon = d.pop("lon")

        restaurants = d.pop("restaurants")

        model = Versioned.from_dict(d.pop("model"))

        as_of = datetime.datetime.fromisoformat(d.pop("as_of"))

        market_body = cls(
            market=market,
            title=title,
            time_zone=time_zone,
            currency=currency,
            lat=lat,
            lon=lon,
            restaurants=restaurants,
            model=model,
            as_of=as_of,
        )

        market_body.additional_properties = d
        return market_body

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
