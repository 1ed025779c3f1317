from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.amount import Amount


T = TypeVar("T", bound="PacePoint")


@_attrs_define
class PacePoint:
    """One local hour of the pacing curve; sums run from the day's beginning to the hour's end.

    Attributes:
        starts_at (datetime.datetime):
        hour (int): The market's local hour.
        plan (Amount): An amount of money, twice.
        spent (Amount | None): Charges less refunds; null for hours that are still to come.
    """

    starts_at: datetime.datetime
    hour: int
    plan: Amount
    spent: Amount | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.amount import Amount

        starts_at = self.starts_at.isoformat()

        hour = self.hour

        plan = self.plan.to_dict()

        spent: dict[str, Any] | None
        if isinstance(self.spent, Amount):
            spent = self.spent.to_dict()
        else:
            spent = self.spent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "starts_at": starts_at,
                "hour": hour,
                "plan": plan,
                "spent": spent,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.amount import Amount

        d = dict(src_dict)
        starts_at = datetime.datetime.fromisoformat(d.pop("starts_at"))

        hour = d.pop("hour")

        plan = Amount.from_dict(d.pop("plan"))

        def _parse_spent(data: object) -> Amount | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                spent_type_0 = Amount.from_dict(data)

                return spent_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Amount | None, data)

        spent = _parse_spent(d.pop("spent"))

        pace_point = cls(
            starts_at=starts_at,
            hour=hour,
            plan=plan,
            spent=spent,
        )

        pace_point.additional_properties = d
        return pace_point

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
