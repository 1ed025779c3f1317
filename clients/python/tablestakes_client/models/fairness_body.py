from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.about_body import AboutBody
    from ..models.comparison_body import ComparisonBody
    from ..models.fairness_body_findings_item import FairnessBodyFindingsItem
    from ..models.fairness_body_metrics import FairnessBodyMetrics


T = TypeVar("T", bound="FairnessBody")


@_attrs_define
class FairnessBody:
    """How fairly a market is served.

    Attributes:
        ok (bool | None): Null: what looks like discrimination is not looked for in live lists.
        about (AboutBody): What was looked at.
        findings (list[FairnessBodyFindingsItem] | None): Null: not looked for; what takes a model apart is `tablestakes
            audit fairness`.
        metrics (FairnessBodyMetrics):
        comparisons (list[ComparisonBody]):
        changes (list[str]):
        cost (str):
        notes (list[str]):
        cannot_say (list[str]): What must be known to read it.
    """

    ok: bool | None
    about: AboutBody
    findings: list[FairnessBodyFindingsItem] | None
    metrics: FairnessBodyMetrics
    comparisons: list[ComparisonBody]
    changes: list[str]
    cost: str
    notes: list[str]
    cannot_say: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ok: bool | None
        ok = self.ok

        about = self.about.to_dict()

        findings: list[dict[str, Any]] | None
        if isinstance(self.findings, list):
            findings = []
            for findings_type_0_item_data in self.findings:
                findings_type_0_item = findings_type_0_item_data.to_dict()
                findings.append(findings_type_0_item)

        else:
            findings = self.findings

        metrics = self.metrics.to_dict()

        comparisons = []
        for comparisons_item_data in self.comparisons:
            comparisons_item = comparisons_item_data.to_dict()
            comparisons.append(comparisons_item)

        changes = self.changes

        cost = self.cost

        notes = self.notes

        cannot_say = self.cannot_say

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ok": ok,
                "about": about,
                "findings": findings,
                "metrics": metrics,
                "comparisons": comparisons,
                "changes": changes,
                "cost": cost,
                "notes": notes,
                "cannot_say": cannot_say,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.about_body import AboutBody
        from ..models.comparison_body import ComparisonBody
        from ..models.fairness_body_findings_item import FairnessBodyFindingsItem
        from ..models.fairness_body_metrics import FairnessBodyMetrics

        d = dict(src_dict)

        def _parse_ok(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        ok = _parse_ok(d.pop("ok"))

        about = AboutBody.from_dict(d.pop("about"))

        def _parse_findings(data: object) -> list[FairnessBodyFindingsItem] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                findings_type_0 = []
                _findings_type_0 = data
                for findings_type_0_item_data in _findings_type_0:
                    findings_type_0_item = FairnessBodyFindingsItem.from_dict(findings_type_0_item_data)

                    findings_type_0.append(findings_type_0_item)

                return findings_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[FairnessBodyFindingsItem] | None, data)

        findings = _parse_findings(d.pop("findings"))

        metrics = FairnessBodyMetrics.from_dict(d.pop("metrics"))

        comparisons = []
        _comparisons = d.pop("comparisons")
        for comparisons_item_data in _comparisons:
            comparisons_item = ComparisonBody.from_dict(comparisons_item_data)

            comparisons.append(comparisons_item)

        changes = cast(list[str], d.pop("changes"))

        cost = d.pop("cost")

        notes = cast(list[str], d.pop("notes"))

        cannot_say = cast(list[str], d.pop("cannot_say"))

        fairness_body = cls(
            ok=ok,
            about=about,
            findings=findings,
            metrics=metrics,
            comparisons=comparisons,
            changes=changes,
            cost=cost,
            notes=notes,
            cannot_say=cannot_say,
        )

        fairness_body.additional_properties = d
        return fairness_body

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
