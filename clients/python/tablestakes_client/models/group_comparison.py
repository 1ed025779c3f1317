from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.group_comparison_side import (
    GroupComparisonSide,
    check_group_comparison_side,
)

if TYPE_CHECKING:
    from ..models.figure import Figure
    from ..models.group_of import GroupOf
    from ..models.not_shown import NotShown


T = TypeVar("T", bound="GroupComparison")


@_attrs_define
class GroupComparison:
    """A measure over the groups of one attribute.

    Attributes:
        side (GroupComparisonSide | str):
        measure (str):
        attribute (str):
        groups (list[GroupOf]):
        gap (Figure | None): Greatest less least.
        ratio (Figure | None): Least over greatest.
        by_chance (float | None): Of the gap of diners, of the ratio of restaurants, in the mean.
        p (float | None):
        not_shown (NotShown): Groups that are too small to be shown.
    """

    side: GroupComparisonSide | str
    measure: str
    attribute: str
    groups: list[GroupOf]
    gap: Figure | None
    ratio: Figure | None
    by_chance: float | None
    p: float | None
    not_shown: NotShown
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.figure import Figure

        side: str
        if isinstance(self.side, str):
            side = self.side
        else:
            side = self.side

        measure = self.measure

        attribute = self.attribute

        groups = []
        for groups_item_data in self.groups:
            groups_item = groups_item_data.to_dict()
            groups.append(groups_item)

        gap: dict[str, Any] | None
        if isinstance(self.gap, Figure):
            gap = self.gap.to_dict()
        else:
            gap = self.gap

        ratio: dict[str, Any] | None
        if isinstance(self.ratio, Figure):
            ratio = self.ratio.to_dict()
        else:
            ratio = self.ratio

        by_chance: float | None
        by_chance = self.by_chance

        p: float | None
        p = self.p

        not_shown = self.not_shown.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "side": side,
                "measure": measure,
                "attribute": attribute,
                "groups": groups,
                "gap": gap,
                "ratio": ratio,
                "by_chance": by_chance,
                "p": p,
                "not_shown": not_shown,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure import Figure
        from ..models.group_of import GroupOf
        from ..models.not_shown import NotShown

        d = dict(src_dict)

        def _parse_side(data: object) -> GroupComparisonSide | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                side_type_0 = check_group_comparison_side(data)

                return side_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(GroupComparisonSide | str, data)

        side = _parse_side(d.pop("side"))

        measure = d.pop("measure")

        attribute = d.pop("attribute")

        groups = []
        _groups = d.pop("groups")
        for groups_item_data in _groups:
            groups_item = GroupOf.from_dict(groups_item_data)

            groups.append(groups_item)

        def _parse_gap(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                gap_type_0 = Figure.from_dict(data)

                return gap_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        gap = _parse_gap(d.pop("gap"))

        def _parse_ratio(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                ratio_type_0 = Figure.from_dict(data)

                return ratio_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        ratio = _parse_ratio(d.pop("ratio"))

        def _parse_by_chance(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        by_chance = _parse_by_chance(d.pop("by_chance"))

        def _parse_p(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        p = _parse_p(d.pop("p"))

        not_shown = NotShown.from_dict(d.pop("not_shown"))

        group_comparison = cls(
            side=side,
            measure=measure,
            attribute=attribute,
            groups=groups,
            gap=gap,
            ratio=ratio,
            by_chance=by_chance,
            p=p,
            not_shown=not_shown,
        )

        group_comparison.additional_properties = d
        return group_comparison

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
