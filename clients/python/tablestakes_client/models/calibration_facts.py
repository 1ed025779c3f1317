from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.calibration_facts_errors import CalibrationFactsErrors


T = TypeVar("T", bound="CalibrationFacts")


@_attrs_define
class CalibrationFacts:
    """Whether its probabilities are what happens.

    Attributes:
        assumed (bool): Its data had no impressions: the curve is a guess.
        errors (CalibrationFactsErrors):
        examination (list[float]): Chance of a look at each position, from the top.
    """

    assumed: bool
    errors: CalibrationFactsErrors
    examination: list[float]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        assumed = self.assumed

        errors = self.errors.to_dict()

        examination = self.examination

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "assumed": assumed,
                "errors": errors,
                "examination": examination,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.calibration_facts_errors import CalibrationFactsErrors

        d = dict(src_dict)
        assumed = d.pop("assumed")

        errors = CalibrationFactsErrors.from_dict(d.pop("errors"))

        examination = cast(list[float], d.pop("examination"))

        calibration_facts = cls(
            assumed=assumed,
            errors=errors,
            examination=examination,
        )

        calibration_facts.additional_properties = d
        return calibration_facts

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
