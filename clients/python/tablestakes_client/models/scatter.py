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
    from ..models.mark import Mark
    from ..models.series import Series


T = TypeVar("T", bound="Scatter")


@_attrs_define
class Scatter:
    """Points with labels.

    Attributes:
        title (str):
        sentence (str): What to see in it.
        kind (Literal['scatter']): By default "scatter".
        x (Axis): What runs along a side.
        y (Axis): What runs along a side.
        series (list[Series]):
        marks (list[Mark]): By default [].
        front (bool): Draw the staircase of points to whose left, or at which, none is higher. By default false.
    """

    title: str
    sentence: str
    kind: Literal["scatter"]
    x: Axis
    y: Axis
    series: list[Series]
    marks: list[Mark]
    front: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        sentence = self.sentence

        kind = self.kind

        x = self.x.to_dict()

        y = self.y.to_dict()

        series = []
        for series_item_data in self.series:
            series_item = series_item_data.to_dict()
            series.append(series_item)

        marks = []
        for marks_item_data in self.marks:
            marks_item = marks_item_data.to_dict()
            marks.append(marks_item)

        front = self.front

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "title": title,
                "sentence": sentence,
                "kind": kind,
                "x": x,
                "y": y,
                "series": series,
                "marks": marks,
                "front": front,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.axis import Axis
        from ..models.mark import Mark
        from ..models.series import Series

        d = dict(src_dict)
        title = d.pop("title")

        sentence = d.pop("sentence")

        kind = cast(Literal["scatter"], d.pop("kind"))
        if kind != "scatter":
            raise ValueError(f"kind must match const 'scatter', got '{kind}'")

        x = Axis.from_dict(d.pop("x"))

        y = Axis.from_dict(d.pop("y"))

        series = []
        _series = d.pop("series")
        for series_item_data in _series:
            series_item = Series.from_dict(series_item_data)

            series.append(series_item)

        marks = []
        _marks = d.pop("marks")
        for marks_item_data in _marks:
            marks_item = Mark.from_dict(marks_item_data)

            marks.append(marks_item)

        front = d.pop("front")

        scatter = cls(
            title=title,
            sentence=sentence,
            kind=kind,
            x=x,
            y=y,
            series=series,
            marks=marks,
            front=front,
        )

        scatter.additional_properties = d
        return scatter

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
