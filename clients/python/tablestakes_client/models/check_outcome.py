from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CheckOutcome")


@_attrs_define
class CheckOutcome:
    """A behavioural check: what must hold whatever the figures are.

    Attributes:
        name (str):
        passed (bool):
        value (float):
        bound (float):
        explanation (str):
    """

    name: str
    passed: bool
    value: float
    bound: float
    explanation: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        passed = self.passed

        value = self.value

        bound = self.bound

        explanation = self.explanation

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "passed": passed,
                "value": value,
                "bound": bound,
                "explanation": explanation,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        passed = d.pop("passed")

        value = d.pop("value")

        bound = d.pop("bound")

        explanation = d.pop("explanation")

        check_outcome = cls(
            name=name,
            passed=passed,
            value=value,
            bound=bound,
            explanation=explanation,
        )

        check_outcome.additional_properties = d
        return check_outcome

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
