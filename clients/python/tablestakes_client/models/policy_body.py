from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.ad_policy import AdPolicy
    from ..models.fairness_policy import FairnessPolicy


T = TypeVar("T", bound="PolicyBody")


@_attrs_define
class PolicyBody:
    """A version of a policy.

    Attributes:
        shortlist (int): By default 200.
        recency_gain (float): By default 0.5.
        recency_half_life_hours (float): By default 72.0.
        exploration (float): By default 0.0.
        model (str):
        radius_km (float): By default 8.0.
        latency_budget_ms (float): By default 0.0.
        ads (AdPolicy): The dials of the ad-fee layer.
        fairness (FairnessPolicy): The dials of the control of exposure. With a gain of 0, or no control, lists are as
            if there were none.
        market (str):
        name (str):
        version (int): The `ETag` stands for it.
        active (bool): Whether this version makes the market's lists.
        created_at (datetime.datetime):
    """

    shortlist: int
    recency_gain: float
    recency_half_life_hours: float
    exploration: float
    model: str
    radius_km: float
    latency_budget_ms: float
    ads: AdPolicy
    fairness: FairnessPolicy
    market: str
    name: str
    version: int
    active: bool
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        shortlist = self.shortlist

        recency_gain = self.recency_gain

        recency_half_life_hours = self.recency_half_life_hours

        exploration = self.exploration

        model = self.model

        radius_km = self.radius_km

        latency_budget_ms = self.latency_budget_ms

        ads = self.ads.to_dict()

        fairness = self.fairness.to_dict()

        market = self.market

        name = self.name

        version = self.version

        active = self.active

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "shortlist": shortlist,
                "recency_gain": recency_gain,
                "recency_half_life_hours": recency_half_life_hours,
                "exploration": exploration,
                "model": model,
                "radius_km": radius_km,
                "latency_budget_ms": latency_budget_ms,
                "ads": ads,
                "fairness": fairness,
                "market": market,
                "name": name,
                "version": version,
                "active": active,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ad_policy import AdPolicy
        from ..models.fairness_policy import FairnessPolicy

        d = dict(src_dict)
        shortlist = d.pop("shortlist")

        recency_gain = d.pop("recency_gain")

        recency_half_life_hours = d.pop("recency_half_life_hours")

        exploration = d.pop("exploration")

        model = d.pop("model")

        radius_km = d.pop("radius_km")

        latency_budget_ms = d.pop("latency_budget_ms")

        ads = AdPolicy.from_dict(d.pop("ads"))

        fairness = FairnessPolicy.from_dict(d.pop("fairness"))

        market = d.pop("market")

        name = d.pop("name")

        version = d.pop("version")

        active = d.pop("active")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        policy_body = cls(
            shortlist=shortlist,
            recency_gain=recency_gain,
            recency_half_life_hours=recency_half_life_hours,
            exploration=exploration,
            model=model,
            radius_km=radius_km,
            latency_budget_ms=latency_budget_ms,
            ads=ads,
            fairness=fairness,
            market=market,
            name=name,
            version=version,
            active=active,
            created_at=created_at,
        )

        policy_body.additional_properties = d
        return policy_body

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
