from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="FrontAbout")


@_attrs_define
class FrontAbout:
    """What a front is, and what it rests on.

    Attributes:
        market (str):
        front_id (str): The hash of what it was made from.
        created_at (datetime.datetime):
        age_seconds (float):
        assumed (bool): Whether it tells of an invented city instead of this market.
        active (str): The policy that made the lists when the front was made.
        policies (int): Tried.
        days (int): Under each.
        followed (int): Of the policies, and some near them, for longer.
        followed_days (int | None): Under each of these; null where none was followed.
        cities (int | None): Drawn; null where the front does not say.
        seed (int | None): Of the first city.
        restaurants (int | None):
        diners (int | None):
        notes (list[str]):
    """

    market: str
    front_id: str
    created_at: datetime.datetime
    age_seconds: float
    assumed: bool
    active: str
    policies: int
    days: int
    followed: int
    followed_days: int | None
    cities: int | None
    seed: int | None
    restaurants: int | None
    diners: int | None
    notes: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        front_id = self.front_id

        created_at = self.created_at.isoformat()

        age_seconds = self.age_seconds

        assumed = self.assumed

        active = self.active

        policies = self.policies

        days = self.days

        followed = self.followed

        followed_days: int | None
        followed_days = self.followed_days

        cities: int | None
        cities = self.cities

        seed: int | None
        seed = self.seed

        restaurants: int | None
        restaurants = self.restaurants

        diners: int | None
        diners = self.diners

        notes = self.notes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "front_id": front_id,
                "created_at": created_at,
                "age_seconds": age_seconds,
                "assumed": assumed,
                "active": active,
                "policies": policies,
                "days": days,
                "followed": followed,
                "followed_days": followed_days,
                "cities": cities,
                "seed": seed,
                "restaurants": restaurants,
                "diners": diners,
                "notes": notes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        market = d.pop("market")

        front_id = d.pop("front_id")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        age_seconds = d.pop("age_seconds")

        assumed = d.pop("assumed")

        active = d.pop("active")

        policies = d.pop("policies")

        days = d.pop("days")

        followed = d.pop("followed")

        def _parse_followed_days(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        followed_days = _parse_followed_days(d.pop("followed_days"))

        def _parse_cities(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        cities = _parse_cities(d.pop("cities"))

        def _parse_seed(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        seed = _parse_seed(d.pop("seed"))

        def _parse_restaurants(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        restaurants = _parse_restaurants(d.pop("restaurants"))

        def _parse_diners(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        diners = _parse_diners(d.pop("diners"))

        notes = cast(list[str], d.pop("notes"))

        front_about = cls(
            market=market,
            front_id=front_id,
            created_at=created_at,
            age_seconds=age_seconds,
            assumed=assumed,
            active=active,
            policies=policies,
            days=days,
            followed=followed,
            followed_days=followed_days,
            cities=cities,
            seed=seed,
            restaurants=restaurants,
            diners=diners,
            notes=notes,
        )

        front_about.additional_properties = d
        return front_about

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
