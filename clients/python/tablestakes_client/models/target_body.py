from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.target_body_source import TargetBodySource, check_target_body_source
from ..models.target_body_verdict import TargetBodyVerdict, check_target_body_verdict

T = TypeVar("T", bound="TargetBody")


@_attrs_define
class TargetBody:
    """What the seat insists on.

    Attributes:
        at_least (float | None):
        at_most (float | None):
        source (str | TargetBodySource):
        verdict (str | TargetBodyVerdict): `open`: the interval reaches to both sides of the bound; `unknown`: there is
            no number.
    """

    at_least: float | None
    at_most: float | None
    source: str | TargetBodySource
    verdict: str | TargetBodyVerdict
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at_least: float | None
        at_least = self.at_least

        at_most: float | None
        at_most = self.at_most

        source: str
        if isinstance(self.source, str):
            source = self.source
        else:
            source = self.source

        verdict: str
        if isinstance(self.verdict, str):
            verdict = self.verdict
        else:
            verdict = self.verdict

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at_least": at_least,
                "at_most": at_most,
                "source": source,
                "verdict": verdict,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_at_least(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        at_least = _parse_at_least(d.pop("at_least"))

        def _parse_at_most(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        at_most = _parse_at_most(d.pop("at_most"))

        def _parse_source(data: object) -> str | TargetBodySource:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                source_type_0 = check_target_body_source(data)

                return source_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | TargetBodySource, data)

        source = _parse_source(d.pop("source"))

        def _parse_verdict(data: object) -> str | TargetBodyVerdict:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                verdict_type_0 = check_target_body_verdict(data)

                return verdict_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | TargetBodyVerdict, data)

        verdict = _parse_verdict(d.pop("verdict"))

        target_body = cls(
            at_least=at_least,
            at_most=at_most,
            source=source,
            verdict=verdict,
        )

        target_body.additional_properties = d
        return target_body

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
