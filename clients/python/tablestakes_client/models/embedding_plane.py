from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.place_of_tag import PlaceOfTag


T = TypeVar("T", bound="EmbeddingPlane")


@_attrs_define
class EmbeddingPlane:
    """Cuisines and districts on the plane of their first two principal components.

    Attributes:
        explained (list[float]): Share of the variance that each axis has.
        points (list[PlaceOfTag]):
    """

    explained: list[float]
    points: list[PlaceOfTag]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        explained = []
        for explained_item_data in self.explained:
            explained_item: float
            explained_item = explained_item_data
            explained.append(explained_item)

        points = []
        for points_item_data in self.points:
            points_item = points_item_data.to_dict()
            points.append(points_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "explained": explained,
                "points": points,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.place_of_tag import PlaceOfTag

        d = dict(src_dict)
        explained = []
        _explained = d.pop("explained")
        for explained_item_data in _explained:

            def _parse_explained_item(data: object) -> float:
                return cast(float, data)

            explained_item = _parse_explained_item(explained_item_data)

            explained.append(explained_item)

        points = []
        _points = d.pop("points")
        for points_item_data in _points:
            points_item = PlaceOfTag.from_dict(points_item_data)

            points.append(points_item)

        embedding_plane = cls(
            explained=explained,
            points=points,
        )

        embedding_plane.additional_properties = d
        return embedding_plane

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
