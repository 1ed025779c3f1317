from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ad_policy import AdPolicy
    from ..models.fairness_policy import FairnessPolicy


T = TypeVar("T", bound="Policy")


@_attrs_define
class Policy:
    """A version of a policy. Every answer names the one that made it.

    Attributes:
        shortlist (int | Unset): By default 200.
        recency_gain (float | Unset): By default 0.5.
        recency_half_life_hours (float | Unset): By default 72.0.
        exploration (float | Unset): By default 0.0.
        model (str | Unset):
        radius_km (float | Unset): By default 8.0.
        latency_budget_ms (float | Unset): By default 0.0.
        ads (AdPolicy | Unset): The dials of the ad-fee layer.
        fairness (FairnessPolicy | Unset): The dials of the control of exposure. With a gain of 0, or no control, lists
            are as if there were none.
        name (str | Unset): By default "balanced".
        version (int | Unset): By default 1.
    """

    shortlist: int | Unset = UNSET
    recency_gain: float | Unset = UNSET
    recency_half_life_hours: float | Unset = UNSET
    exploration: float | Unset = UNSET
    model: str | Unset = UNSET
    radius_km: float | Unset = UNSET
    latency_budget_ms: float | Unset = UNSET
    ads: AdPolicy | Unset = UNSET
    fairness: FairnessPolicy | Unset = UNSET
    name: str | Unset = UNSET
    version: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        shortlist = self.shortlist

        recency_gain = self.recency_gain

        recency_half_life_hours = self.recency_half_life_hours

        exploration = self.exploration

        model = self.model

        radius_km = self.radius_km

        latency_budget_ms = self.latency_budget_ms

        ads: dict[str, Any] | Unset = UNSET
        if not isinstance(self.ads, Unset):
            ads = self.ads.to_dict()

        fairness: dict[str, Any] | Unset = UNSET
        if not isinstance(self.fairness, Unset):
            fairness = self.fairness.to_dict()

        name = self.name

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if shortlist is not UNSET:
            field_dict["shortlist"] = shortlist
        if recency_gain is not UNSET:
            field_dict["recency_gain"] = recency_gain
        if recency_half_life_hours is not UNSET:
            field_dict["recency_half_life_hours"] = recency_half_life_hours
        if exploration is not UNSET:
            field_dict["exploration"] = exploration
        if model is not UNSET:
            field_dict["model"] = model
        if radius_km is not UNSET:
            field_dict["radius_km"] = radius_km
        if latency_budget_ms is not UNSET:
            field_dict["latency_budget_ms"] = latency_budget_ms
        if ads is not UNSET:
            field_dict["ads"] = ads
        if fairness is not UNSET:
            field_dict["fairness"] = fairness
        if name is not UNSET:
            field_dict["name"] = name
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ad_policy import AdPolicy
        from ..models.fairness_policy import FairnessPolicy

        d = dict(src_dict)
        shortlist = d.pop("shortlist", UNSET)

        recency_gain = d.pop("recency_gain", UNSET)

        recency_half_life_hours = d.pop("recency_half_life_hours", UNSET)

        exploration = d.pop("exploration", UNSET)

        model = d.pop("model", UNSET)

        radius_km = d.pop("radius_km", UNSET)

        latency_budget_ms = d.pop("latency_budget_ms", UNSET)

        _ads = d.pop("ads", UNSET)
        ads: AdPolicy | Unset
        if isinstance(_ads, Unset):
            ads = UNSET
        else:
            ads = AdPolicy.from_dict(_ads)

        _fairness = d.pop("fairness", UNSET)
        fairness: FairnessPolicy | Unset
        if isinstance(_fairness, Unset):
            fairness = UNSET
        else:
            fairness = FairnessPolicy.from_dict(_fairness)

        name = d.pop("name", UNSET)

        version = d.pop("version", UNSET)

        policy = cls(
            shortlist=shortlist,
            recency_gain=recency_gain,
            recency_half_life_hours=recency_half_life_hours,
            exploration=exploration,
            model=model,
            radius_km=radius_km,
            latency_budget_ms=latency_budget_ms,
            ads=ads,
            fairness=fairness,
            name=name,
            version=version,
        )

        policy.additional_properties = d
        return policy

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
