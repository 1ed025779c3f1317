from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.seat_scores import SeatScores
    from ..models.standstill_body import StandstillBody


T = TypeVar("T", bound="ScorecardBody")


@_attrs_define
class ScorecardBody:
    """All seats' numbers over a market's window.

    Attributes:
        market (str):
        currency (str): ISO 4217: minor units are of this.
        days (int):
        since (datetime.datetime):
        until (datetime.datetime):
        standstill (None | StandstillBody): Null: the market is not frozen.
        seats (list[SeatScores]):
    """

    market: str
    currency: str
    days: int
    since: datetime.datetime
    until: datetime.datetime
    standstill: None | StandstillBody
    seats: list[SeatScores]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.standstill_body import StandstillBody

        market = self.market

        currency = self.currency

        days = self.days

        since = self.since.isoformat()

        until = self.until.isoformat()

        standstill: dict[str, Any] | None
        if isinstance(self.standstill, StandstillBody):
            standstill = self.standstill.to_dict()
        else:
            standstill = self.standstill

        seats = []
        for seats_item_data in self.seats:
            seats_item = seats_item_data.to_dict()
            seats.append(seats_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "currency": currency,
                "days": days,
                "since": since,
                "until": until,
                "standstill": standstill,
                "seats": seats,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.seat_scores import SeatScores
        from ..models.standstill_body import StandstillBody

        d = dict(src_dict)
        market = d.pop("market")

        currency = d.pop("currency")

        days = d.pop("days")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        until = datetime.datetime.fromisoformat(d.pop("until"))

        def _parse_standstill(data: object) -> None | StandstillBody:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                standstill_type_0 = StandstillBody.from_dict(data)

                return standstill_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StandstillBody, data)

        standstill = _parse_standstill(d.pop("standstill"))

        seats = []
        _seats = d.pop("seats")
        for seats_item_data in _seats:
            seats_item = SeatScores.from_dict(seats_item_data)

            seats.append(seats_item)

        scorecard_body = cls(
            market=market,
            currency=currency,
            days=days,
            since=since,
            until=until,
            standstill=standstill,
            seats=seats,
        )

        scorecard_body.additional_properties = d
        return scorecard_body

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
