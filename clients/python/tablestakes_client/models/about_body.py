from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AboutBody")


@_attrs_define
class AboutBody:
    """What was looked at.

    Attributes:
        market (str):
        since (datetime.datetime):
        until (datetime.datetime):
        lists (int):
        diners (int):
        restaurants (int):
    """

    market: str
    since: datetime.datetime
    until: datetime.datetime
    lists: int
    diners: int
    restaurants: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        since = self.since.isoformat()

        until = self.until.isoformat()

        lists = self.lists

        diners = self.diners

        restaurants = self.restaurants

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "since": since,
                "until": until,
                "lists": lists,
                "diners": diners,
                "restaurants": restaurants,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        market = d.pop("market")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        until = datetime.datetime.fromisoformat(d.pop("until"))

        lists = d.pop("lists")

        diners = d.pop("diners")

        restaurants = d.pop("restaurants")

        about_body = cls(
            market=market,
            since=since,
            until=until,
            lists=lists,
            diners=diners,
            restaurants=restaurants,
        )

        about_body.additional_properties = d
        return about_body

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
