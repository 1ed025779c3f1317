from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.control import Control, check_control
from ..models.grouped_by import GroupedBy, check_grouped_by
from ..types import UNSET, Unset

T = TypeVar("T", bound="FairnessPolicy")


@_attrs_define
class FairnessPolicy:
    """The dials of the control of exposure. With a gain of 0, or no control, lists are as if there were none.

    Attributes:
        gain (float | Unset): By default 0.0.
        max_lift (float | Unset): By default 0.1.
        control (Control | str | Unset): By default "fairco".
        by (GroupedBy | str | Unset): By default "kind".
        half_life_days (float | Unset): By default 21.0.
        newcomer_quota (float | Unset): By default 0.0.
        quality_floor (float | Unset): By default 0.05.
    """

    gain: float | Unset = UNSET
    max_lift: float | Unset = UNSET
    control: Control | str | Unset = UNSET
    by: GroupedBy | str | Unset = UNSET
    half_life_days: float | Unset = UNSET
    newcomer_quota: float | Unset = UNSET
    quality_floor: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        gain = self.gain

        max_lift = self.max_lift

        control: str | Unset
        if isinstance(self.control, Unset):
            control = UNSET
        elif isinstance(self.control, str):
            control = self.control
        else:
            control = self.control

        by: str | Unset
        if isinstance(self.by, Unset):
            by = UNSET
        elif isinstance(self.by, str):
            by = self.by
        else:
            by = self.by

        half_life_days = self.half_life_days

        newcomer_quota = self.newcomer_quota

        quality_floor = self.quality_floor

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if gain is not UNSET:
            field_dict["gain"] = gain
        if max_lift is not UNSET:
            field_dict["max_lift"] = max_lift
        if control is not UNSET:
            field_dict["control"] = control
        if by is not UNSET:
            field_dict["by"] = by
        if half_life_days is not UNSET:
            field_dict["half_life_days"] = half_life_days
        if newcomer_quota is not UNSET:
            field_dict["newcomer_quota"] = newcomer_quota
        if quality_floor is not UNSET:
            field_dict["quality_floor"] = quality_floor

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        gain = d.pop("gain", UNSET)

        max_lift = d.pop("max_lift", UNSET)

        def _parse_control(data: object) -> Control | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                control_type_0 = check_control(data)

                return control_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Control | str | Unset, data)

        control = _parse_control(d.pop("control", UNSET))

        def _parse_by(data: object) -> GroupedBy | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                by_type_0 = check_grouped_by(data)

                return by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(GroupedBy | str | Unset, data)

        by = _parse_by(d.pop("by", UNSET))

        half_life_days = d.pop("half_life_days", UNSET)

        newcomer_quota = d.pop("newcomer_quota", UNSET)

        quality_floor = d.pop("quality_floor", UNSET)

        fairness_policy = cls(
            gain=gain,
            max_lift=max_lift,
            control=control,
            by=by,
            half_life_days=half_life_days,
            newcomer_quota=newcomer_quota,
            quality_floor=quality_floor,
        )

        fairness_policy.additional_properties = d
        return fairness_policy

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
