from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.changed_figure_verdict import (
    ChangedFigureVerdict,
    check_changed_figure_verdict,
)

if TYPE_CHECKING:
    from ..models.figure import Figure


T = TypeVar("T", bound="ChangedFigure")


@_attrs_define
class ChangedFigure:
    """A figure of both versions, each on what was held out when it was trained.

    Attributes:
        name (str):
        before (Figure): A number with its 95 % interval.
        after (Figure): A number with its 95 % interval.
        difference (Figure): A number with its 95 % interval.
        verdict (ChangedFigureVerdict | str): `level`: the interval of the difference holds 0.
    """

    name: str
    before: Figure
    after: Figure
    difference: Figure
    verdict: ChangedFigureVerdict | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        before = self.before.to_dict()

        after = self.after.to_dict()

        difference = self.difference.to_dict()

        verdict: str
        if isinstance(self.verdict, str):
            verdict = self.verdict
        else:
            verdict = self.verdict

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "before": before,
                "after": after,
                "difference": difference,
                "verdict": verdict,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure import Figure

        d = dict(src_dict)
        name = d.pop("name")

        before = Figure.from_dict(d.pop("before"))

        after = Figure.from_dict(d.pop("after"))

        difference = Figure.from_dict(d.pop("difference"))

        def _parse_verdict(data: object) -> ChangedFigureVerdict | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                verdict_type_0 = check_changed_figure_verdict(data)

                return verdict_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedFigureVerdict | str, data)

        verdict = _parse_verdict(d.pop("verdict"))

        changed_figure = cls(
            name=name,
            before=before,
            after=after,
            difference=difference,
            verdict=verdict,
        )

        changed_figure.additional_properties = d
        return changed_figure

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
