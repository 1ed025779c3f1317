from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.axis import Axis
    from ..models.bar_series import BarSeries
    from ..models.mark import Mark


T = TypeVar("T", bound="Bars")


@_attrs_define
class Bars:
    """Bars side by side.

    Attributes:
        title (str):
        sentence (str): What to see in it.
        kind (Literal['bars']): By default "bars".
        y (Axis): What runs along a side.
        groups (list[str]):
        series (list[BarSeries]):
        marks (list[Mark]): By default [].
        horizontal (bool): By default false.
    """

    title: str
    sentence: str
    kind: Literal["bars"]
    y: Axis
    groups: list[str]
    series: list[BarSeries]
    marks: list[Mark]
    horizontal: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        sentence = self.sentence

        kind = self.kind

        y = self.y.to_dict()

        groups = self.groups

        series = []
        for series_item_data in self.series:
            series_item = series_item_data.to_dict()
            series.append(series_item)

        marks = []
        for marks_item_data in self.marks:
            marks_item = marks_item_data.to_dict()
            marks.append(marks_item)

        horizontal = self.horizontal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "title": title,
                "sentence": sentence,
                "kind": kind,
                "y": y,
                "groups": groups,
                "series": series,
                "marks": marks,
                "horizontal": horizontal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.axis import Axis
        from ..models.bar_series import BarSeries
        from ..models.mark import Mark

        d = dict(src_dict)
        title = d.pop("title")

        sentence = d.pop("sentence")

        kind = cast(Literal["bars"], d.pop("kind"))
        if kind != "bars":
            raise ValueError(f"kind must match const 'bars', got '{kind}'")

        y = Axis.from_dict(d.pop("y"))

        groups = cast(list[str], d.pop("groups"))

        series = []
        _series = d.pop("series")
        for series_item_data in _series:
            series_item = BarSeries.from_dict(series_item_data)

            series.append(series_item)

        marks = []
        _marks = d.pop("marks")
        for marks_item_data in _marks:
            marks_item = Mark.from_dict(marks_item_data)

            marks.append(marks_item)

        horizontal = d.pop("horizontal")

        bars = cls(
            title=title,
            sentence=sentence,
            kind=kind,
            y=y,
            groups=groups,
            series=series,
            marks=marks,
            horizontal=horizontal,
        )

        bars.additional_properties = d
        return bars

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
