from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.version_body_outcome import VersionBodyOutcome, check_version_body_outcome

T = TypeVar("T", bound="VersionBody")


@_attrs_define
class VersionBody:
    """A model version that came of a run.

    Attributes:
        model (str):
        version (str):
        outcome (str | VersionBodyOutcome): `known`: a run on the same data has registered it before.
        reasons (list[str]): Why the gates stopped it.
    """

    model: str
    version: str
    outcome: str | VersionBodyOutcome
    reasons: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        version = self.version

        outcome: str
        if isinstance(self.outcome, str):
            outcome = self.outcome
        else:
            outcome = self.outcome

        reasons = self.reasons

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "version": version,
                "outcome": outcome,
                "reasons": reasons,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        model = d.pop("model")

        version = d.pop("version")

        def _parse_outcome(data: object) -> str | VersionBodyOutcome:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                outcome_type_0 = check_version_body_outcome(data)

                return outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | VersionBodyOutcome, data)

        outcome = _parse_outcome(d.pop("outcome"))

        reasons = cast(list[str], d.pop("reasons"))

        version_body = cls(
            model=model,
            version=version,
            outcome=outcome,
            reasons=reasons,
        )

        version_body.additional_properties = d
        return version_body

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
