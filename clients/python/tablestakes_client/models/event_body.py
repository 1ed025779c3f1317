from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="EventBody")


@_attrs_define
class EventBody:
    """Something that a diner did.

    Attributes:
        event_id (str):
        type_ (str):
        restaurant_id (str):
        request_id (None | str):
        order_id (None | str):
        at (datetime.datetime):
        value (float | None):
    """

    event_id: str
    type_: str
    restaurant_id: str
    request_id: None | str
    order_id: None | str
    at: datetime.datetime
    value: float | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        event_id = self.event_id

        type_ = self.type_

        restaurant_id = self.restaurant_id

        request_id: None | str
        request_id = self.request_id

        order_id: None | str
        order_id = self.order_id

        at = self.at.isoformat()

        value: float | None
        value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "event_id": event_id,
                "type": type_,
                "restaurant_id": restaurant_id,
                "request_id": request_id,
                "order_id": order_id,
                "at": at,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        event_id = d.pop("event_id")

        type_ = d.pop("type")

        restaurant_id = d.pop("restaurant_id")

        def _parse_request_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        request_id = _parse_request_id(d.pop("request_id"))

        def _parse_order_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        order_id = _parse_order_id(d.pop("order_id"))

        at = datetime.datetime.fromisoformat(d.pop("at"))

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        event_body = cls(
            event_id=event_id,
            type_=type_,
            restaurant_id=restaurant_id,
            request_id=request_id,
            order_id=order_id,
            at=at,
            value=value,
        )

        event_body.additional_properties = d
        return event_body

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
