from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.event_body import EventBody


T = TypeVar("T", bound="DinerRecord")


@_attrs_define
class DinerRecord:
    """Everything that is held about a diner.

    Attributes:
        market (str):
        home_lat (float | None):
        home_lon (float | None):
        profile (list[str]): By default [].
        protected (list[str]): For measuring fairness only; never used to rank. By default [].
        user_id (str):
        events (list[EventBody]):
        served_lists (int):
    """

    market: str
    home_lat: float | None
    home_lon: float | None
    profile: list[str]
    protected: list[str]
    user_id: str
    events: list[EventBody]
    served_lists: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        home_lat: float | None
        home_lat = self.home_lat

        home_lon: float | None
        home_lon = self.home_lon

        profile = self.profile

        protected = self.protected

        user_id = self.user_id

        events = []
        for events_item_data in self.events:
            events_item = events_item_data.to_dict()
            events.append(events_item)

        served_lists = self.served_lists

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "home_lat": home_lat,
                "home_lon": home_lon,
                "profile": profile,
                "protected": protected,
                "user_id": user_id,
                "events": events,
                "served_lists": served_lists,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.event_body import EventBody

        d = dict(src_dict)
        market = d.pop("market")

        def _parse_home_lat(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        home_lat = _parse_home_lat(d.pop("home_lat"))

        def _parse_home_lon(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        home_lon = _parse_home_lon(d.pop("home_lon"))

        profile = cast(list[str], d.pop("profile"))

        protected = cast(list[str], d.pop("protected"))

        user_id = d.pop("user_id")

        events = []
        _events = d.pop("events")
        for events_item_data in _events:
            events_item = EventBody.from_dict(events_item_data)

            events.append(events_item)

        served_lists = d.pop("served_lists")

        diner_record = cls(
            market=market,
            home_lat=home_lat,
            home_lon=home_lon,
            profile=profile,
            protected=protected,
            user_id=user_id,
            events=events,
            served_lists=served_lists,
        )

        diner_record.additional_properties = d
        return diner_record

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
