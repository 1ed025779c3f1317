from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.event_write_type import EventWriteType, check_event_write_type
from ..types import UNSET, Unset

T = TypeVar("T", bound="EventWrite")


@_attrs_define
class EventWrite:
    """One event of `POST /v1/events`.

    Attributes:
        event_id (str):
        type_ (EventWriteType):
        user_id (str):
        restaurant_id (str):
        at (datetime.datetime): ISO 8601 with an offset.
        market (None | str | Unset): By default the restaurant's own.
        request_id (None | str | Unset): The list in which the restaurant was seen.
        order_id (None | str | Unset):
        value (float | None | Unset): rating: 1 to 5 stars; order: minor units.
    """

    event_id: str
    type_: EventWriteType
    user_id: str
    restaurant_id: str
    at: datetime.datetime
    market: None | str | Unset = UNSET
    request_id: None | str | Unset = UNSET
    order_id: None | str | Unset = UNSET
    value: float | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        event_id = self.event_id

        type_: str = self.type_

        user_id = self.user_id

        restaurant_id = self.restaurant_id

        at = self.at.isoformat()

        market: None | str | Unset
        if isinstance(self.market, Unset):
            market = UNSET
        else:
            market = self.market

        request_id: None | str | Unset
        if isinstance(self.request_id, Unset):
            request_id = UNSET
        else:
            request_id = self.request_id

        order_id: None | str | Unset
        if isinstance(self.order_id, Unset):
            order_id = UNSET
        else:
            order_id = self.order_id

        value: float | None | Unset
        if isinstance(self.value, Unset):
            value = UNSET
        else:
            value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "event_id": event_id,
                "type": type_,
                "user_id": user_id,
                "restaurant_id": restaurant_id,
                "at": at,
            }
        )
        if market is not UNSET:
            field_dict["market"] = market
        if request_id is not UNSET:
            field_dict["request_id"] = request_id
        if order_id is not UNSET:
            field_dict["order_id"] = order_id
        if value is not UNSET:
            field_dict["value"] = value

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        event_id = d.pop("event_id")

        type_ = check_event_write_type(d.pop("type"))

        user_id = d.pop("user_id")

        restaurant_id = d.pop("restaurant_id")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        def _parse_market(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        market = _parse_market(d.pop("market", UNSET))

        def _parse_request_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        request_id = _parse_request_id(d.pop("request_id", UNSET))

        def _parse_order_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        order_id = _parse_order_id(d.pop("order_id", UNSET))

        def _parse_value(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        value = _parse_value(d.pop("value", UNSET))

        event_write = cls(
            event_id=event_id,
            type_=type_,
            user_id=user_id,
            restaurant_id=restaurant_id,
            at=at,
            market=market,
            request_id=request_id,
            order_id=order_id,
            value=value,
        )

        return event_write
