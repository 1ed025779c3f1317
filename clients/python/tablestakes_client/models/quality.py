from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.quality_figures import QualityFigures


T = TypeVar("T", bound="Quality")


@_attrs_define
class Quality:
    """One thing that was looked at before its data was learnt from.

    Attributes:
        name (str):
        stops (list[str]):
        notes (list[str]):
        figures (QualityFigures):
    """

    name: str
    stops: list[str]
    notes: list[str]
    figures: QualityFigures
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        stops = self.stops

        notes = self.notes

        figures = self.figures.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "stops": stops,
                "notes": notes,
                "figures": figures,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.quality_figures import QualityFigures

        d = dict(src_dict)
        name = d.pop("name")

        stops = cast(list[str], d.pop("stops"))

        notes = cast(list[str], d.pop("notes"))

        figures = QualityFigures.from_dict(d.pop("figures"))

        quality = cls(
            name=name,
            stops=stops,
            notes=notes,
            figures=figures,
        )

        quality.additional_properties = d
        return quality

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
