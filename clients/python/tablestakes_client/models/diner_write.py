from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="DinerWrite")


@_attrs_define
class DinerWrite:
    """What is kept about a diner; the path names the id.

    Attributes:
        market (str):
        home_lat (float | None | Unset):
        home_lon (float | None | Unset):
        profile (list[str] | Unset): By default [].
        protected (list[str] | Unset): For measuring fairness only; never used to rank. By default [].
    """

    market: str
    home_lat: float | None | Unset = UNSET
    home_lon: float | None | Unset = UNSET
    profile: list[str] | Unset = UNSET
    protected: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        home_lat: float | None | Unset
        if isinstance(self.home_lat, Unset):
            home_lat = UNSET
        else:
            home_lat = self.home_lat

        home_lon: float | None | Unset
        if isinstance(self.home_lon, Unset):
            home_lon = UNSET
        else:
            home_lon = self.home_lon

        profile: list[str] | Unset = UNSET
        if not isinstance(self.profile, Unset):
            profile = self.profile

        protected: list[str] | Unset = UNSET
        if not isinstance(self.protected, Unset):
            protected = self.protected

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "market": market,
            }
        )
        if home_lat is not UNSET:
            field_dict["home_lat"] = home_lat
        if home_lon is not UNSET:
            field_dict["home_lon"] = home_lon
        if profile is not UNSET:
            field_dict["profile"] = profile
        if protected is not UNSET:
            field_dict["protected"] = protected

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        market = d.pop("market")

        def _parse_home_lat(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        home_lat = _parse_home_lat(d.pop("home_lat", UNSET))

        def _parse_home_lon(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        home_lon = _parse_home_lon(d.pop("home_lon", UNSET))

        profile = cast(list[str], d.pop("profile", UNSET))

        protected = cast(list[str], d.pop("protected", UNSET))

        diner_write = cls(
            market=market,
            home_lat=home_lat,
            home_lon=home_lon,
            profile=profile,
            protected=protected,
        )

        return diner_write
