from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="BudgetBody")


@_attrs_define
class BudgetBody:
    """What is left of the error budget.

    Attributes:
        requests (int):
        errors (int):
        slow (int):
        window_days (int):
        availability (float): Share of lists that are to be answered.
        fast (float): Share of answers that are to take no longer than `slow_ms`.
        slow_ms (float):
        spent (float): Share of the allowed failures or slow answers; above 1: more than allowed.
        left (float):
    """

    requests: int
    errors: int
    slow: int
    window_days: int
    availability: float
    fast: float
    slow_ms: float
    spent: float
    left: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        requests = self.requests

        errors = self.errors

        slow = self.slow

        window_days = self.window_days

        availability = self.availability

        fast = self.fast

        slow_ms = self.slow_ms

        spent = self.spent

        left = self.left

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "requests": requests,
                "errors": errors,
                "slow": slow,
                "window_days": window_days,
                "availability": availability,
                "fast": fast,
                "slow_ms": slow_ms,
                "spent": spent,
                "left": left,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        requests = d.pop("requests")

        errors = d.pop("errors")

        slow = d.pop("slow")

        window_days = d.pop("window_days")

        availability = d.pop("availability")

        fast = d.pop("fast")

        slow_ms = d.pop("slow_ms")

        spent = d.pop("spent")

        left = d.pop("left")

        budget_body = cls(
            requests=requests,
            errors=errors,
            slow=slow,
            window_days=window_days,
            availability=availability,
            fast=fast,
            slow_ms=slow_ms,
            spent=spent,
            left=left,
        )

        budget_body.additional_properties = d
        return budget_body

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
