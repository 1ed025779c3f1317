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

from ..types import UNSET, Unset

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
        x (Axis): What runs along a side.
        y (Axis): What runs along a side.
        series (list[Series]):
        kind (Literal['scatter'] | Unset): By default "scatter".
        marks (list[Mark] | Unset): By default [].
        front (bool | Unset): Draw the staircase of points to whose left, or at which, none is higher. By default false.
    """

    title: str
    sentence: str
    x: Axis
    y: Axis
    series: list[Series]
    kind: Literal["scatter"] | Unset = UNSET
    marks: list[Mark] | Unset = UNSET
    front: bool | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        sentence = self.sentence

        x = self.x.to_dict()

        y = self.y.to_dict()

        series = []
        for series_item_data in self.series:
            series_item = series_item_data.to_dict()
            series.append(series_item)

        kind = self.kind

        marks: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.marks, Unset):
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
                "x": x,
                "y": y,
                "series": series,
            }
        )
        if kind is not UNSET:
            field_dict["kind"] = kind
        if marks is not UNSET:
            field_dict["marks"] = marks
        if front is not UNSET:
            field_dict["front"] = front

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.axis import Axis
        from ..models.mark import Mark
        from ..models.series import Series

        d = dict(src_dict)
        title = d.pop("title")

        sentence = d.pop("sentence")

        x = Axis.from_dict(d.pop("x"))

        y = Axis.from_dict(d.pop("y"))

        series = []
        _series = d.pop("series")
        for series_item_data in _series:
            series_item = Series.from_dict(series_item_data)

            series.append(series_item)

        kind = cast(Literal["scatter"] | Unset, d.pop("kind", UNSET))
        if kind != "scatter" and not isinstance(kind, Unset):
            raise ValueError(f"kind must match const 'scatter', got '{kind}'")

        _marks = d.pop("marks", UNSET)
        marks: list[Mark] | Unset = UNSET
        if _marks is not UNSET:
            marks = []
            for marks_item_data in _marks:
                marks_item = Mark.from_dict(marks_item_data)

                marks.append(marks_item)

        front = d.pop("front", UNSET)

        scatter = cls(
            title=title,
            sentence=sentence,
            x=x,
            y=y,
            series=series,
            kind=kind,
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
