from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.billing import Billing, check_billing

if TYPE_CHECKING:
    from ..models.day_tally import DayTally
    from ..models.pace_point import PacePoint
    from ..models.pacing_state import PacingState
    from ..models.remaining import Remaining
    from ..models.tally import Tally


T = TypeVar("T", bound="CampaignReport")


@_attrs_define
class CampaignReport:
    """A campaign over some local days of its market.

    Attributes:
        campaign_id (str):
        market (str):
        restaurant_id (str):
        payer (str):
        billing (Billing | str):
        currency (str):
        time_zone (str):
        as_of (datetime.datetime):
        first_day (datetime.date):
        last_day (datetime.date):
        totals (Tally): What happened in a span of time.
        days (list[DayTally]): Each day from the first to the last.
        remaining (Remaining): What the campaign may still spend, by its terms of now.
        pacing (None | PacingState): Null before the pacing has looked at the campaign.
        pace (list[PacePoint]): The last day's hours.
    """

    campaign_id: str
    market: str
    restaurant_id: str
    payer: str
    billing: Billing | str
    currency: str
    time_zone: str
    as_of: datetime.datetime
    first_day: datetime.date
    last_day: datetime.date
    totals: Tally
    days: list[DayTally]
    remaining: Remaining
    pacing: None | PacingState
    pace: list[PacePoint]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.pacing_state import PacingState

        campaign_id = self.campaign_id

        market = self.market

        restaurant_id = self.restaurant_id

        payer = self.payer

        billing: str
        if isinstance(self.billing, str):
            billing = self.billing
        else:
            billing = self.billing

        currency = self.currency

        time_zone = self.time_zone

        as_of = self.as_of.isoformat()

        first_day = self.first_day.isoformat()

        last_day = self.last_day.isoformat()

        totals = self.totals.to_dict()

        days = []
        for days_item_data in self.days:
            days_item = days_item_data.to_dict()
            days.append(days_item)

        remaining = self.remaining.to_dict()

        pacing: dict[str, Any] | None
        if isinstance(self.pacing, PacingState):
            pacing = self.pacing.to_dict()
        else:
            pacing = self.pacing

        pace = []
        for pace_item_data in self.pace:
            pace_item = pace_item_data.to_dict()
            pace.append(pace_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "campaign_id": campaign_id,
                "market": market,
                "restaurant_id": restaurant_id,
                "payer": payer,
                "billing": billing,
                "currency": currency,
                "time_zone": time_zone,
                "as_of": as_of,
                "first_day": first_day,
                "last_day": last_day,
                "totals": totals,
                "days": days,
                "remaining": remaining,
                "pacing": pacing,
                "pace": pace,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.day_tally import DayTally
        from ..models.pace_point import PacePoint
        from ..models.pacing_state import PacingState
        from ..models.remaining import Remaining
        from ..models.tally import Tally

        d = dict(src_dict)
        campaign_id = d.pop("campaign_id")

        market = d.pop("market")

        restaurant_id = d.pop("restaurant_id")

        payer = d.pop("payer")

        def _parse_billing(data: object) -> Billing | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                billing_type_0 = check_billing(data)

                return billing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Billing | str, data)

        billing = _parse_billing(d.pop("billing"))

        currency = d.pop("currency")

        time_zone = d.pop("time_zone")

        as_of = datetime.datetime.fromisoformat(d.pop("as_of"))

        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        totals = Tally.from_dict(d.pop("totals"))

        days = []
        _days = d.pop("days")
        for days_item_data in _days:
            days_item = DayTally.from_dict(days_item_data)

            days.append(days_item)

        remaining = Remaining.from_dict(d.pop("remaining"))

        def _parse_pacing(data: object) -> None | PacingState:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                pacing_type_0 = PacingState.from_dict(data)

                return pacing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PacingState, data)

        pacing = _parse_pacing(d.pop("pacing"))

        pace = []
        _pace = d.pop("pace")
        for pace_item_data in _pace:
            pace_item = PacePoint.from_dict(pace_item_data)

            pace.append(pace_item)

        campaign_report = cls(
            campaign_id=campaign_id,
            market=market,
            restaurant_id=restaurant_id,
            payer=payer,
            billing=billing,
            currency=currency,
            time_zone=time_zone,
            as_of=as_of,
            first_day=first_day,
            last_day=last_day,
            totals=totals,
            days=days,
            remaining=remaining,
            pacing=pacing,
            pace=pace,
        )

        campaign_report.additional_properties = d
        return campaign_report

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
