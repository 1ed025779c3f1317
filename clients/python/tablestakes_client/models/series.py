from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.series_style import SeriesStyle, check_series_style

if TYPE_CHECKING:
    from ..models.point import Point


T = TypeVar("T", bound="Series")


@_attrs_define
class Series:
    """Points that belong together, in the order in which a line goes through them.

    Attributes:
        name (str):
        points (list[Point]):
        style (SeriesStyle | str): By default "line".
    """

    name: str
    points: list[Point]
    style: SeriesStyle | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        points = []
        for points_item_data in self.points:
            points_item = points_item_data.to_dict()
            points.append(points_item)

        style: str
        if isinstance(self.style, str):
            style = self.style
        else:
            style = self.style

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "points": points,
                "style": style,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.point import Point

        d = dict(src_dict)
        name = d.pop("name")

        points = []
        _points = d.pop("points")
        for points_item_data in _points:
            points_item = Point.from_dict(points_item_data)

            points.append(points_item)

        def _parse_style(data: object) -> SeriesStyle | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                style_type_0 = check_series_style(data)

                return style_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(SeriesStyle | str, data)

        style = _parse_style(d.pop("style"))

        series = cls(
            name=name,
            points=points,
            style=style,
        )

        series.additional_properties = d
        return series

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
