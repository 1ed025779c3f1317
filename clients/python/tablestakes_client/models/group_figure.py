from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.figure import Figure


T = TypeVar("T", bound="GroupFigure")


@_attrs_define
class GroupFigure:
    """nDCG@10 in a group of diners.

    Attributes:
        group (str):
        diners (int):
        figure (Figure): A number with its 95 % interval.
        popular (Figure | None): What popularity alone reaches there.
    """

    group: str
    diners: int
    figure: Figure
    popular: Figure | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.figure import Figure

        group = self.group

        diners = self.diners

        figure = self.figure.to_dict()

        popular: dict[str, Any] | None
        if isinstance(self.popular, Figure):
            popular = self.popular.to_dict()
        else:
            popular = self.popular

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "group": group,
                "diners": diners,
                "figure": figure,
                "popular": popular,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure import Figure

        d = dict(src_dict)
        group = d.pop("group")

        diners = d.pop("diners")

        figure = Figure.from_dict(d.pop("figure"))

        def _parse_popular(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                popular_type_0 = Figure.from_dict(data)

                return popular_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        popular = _parse_popular(d.pop("popular"))

        group_figure = cls(
            group=group,
            diners=diners,
            figure=figure,
            popular=popular,
        )

        group_figure.additional_properties = d
        return group_figure

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
