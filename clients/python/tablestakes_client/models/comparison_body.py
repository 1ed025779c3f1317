from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.comparison_body_side import ComparisonBodySide, check_comparison_body_side

if TYPE_CHECKING:
    from ..models.figure_body import FigureBody
    from ..models.group_body import GroupBody
    from ..models.not_shown_body import NotShownBody


T = TypeVar("T", bound="ComparisonBody")


@_attrs_define
class ComparisonBody:
    """One measure over the groups of one attribute, or of two crossed.

    Attributes:
        side (ComparisonBodySide | str):
        measure (str):
        attribute (str):
        groups (list[GroupBody]):
        overall (float):
        gap (FigureBody): A number with its 95 % interval.
        ratio (FigureBody): A number with its 95 % interval.
        by_chance (float): Of the ratio (restaurants) or the gap (diners), if labels meant nothing.
        p (float):
        p_adjusted (float): Corrected for all comparisons of the report.
        not_shown (NotShownBody): Groups that are too small to be shown.
        words (str): The same in a sentence, for people.
    """

    side: ComparisonBodySide | str
    measure: str
    attribute: str
    groups: list[GroupBody]
    overall: float
    gap: FigureBody
    ratio: FigureBody
    by_chance: float
    p: float
    p_adjusted: float
    not_shown: NotShownBody
    words: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
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

        overall = self.overall

        gap = self.gap.to_dict()

        ratio = self.ratio.to_dict()

        by_chance = self.by_chance

        p = self.p

        p_adjusted = self.p_adjusted

        not_shown = self.not_shown.to_dict()

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "side": side,
                "measure": measure,
                "attribute": attribute,
                "groups": groups,
                "overall": overall,
                "gap": gap,
                "ratio": ratio,
                "by_chance": by_chance,
                "p": p,
                "p_adjusted": p_adjusted,
                "not_shown": not_shown,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure_body import FigureBody
        from ..models.group_body import GroupBody
        from ..models.not_shown_body import NotShownBody

        d = dict(src_dict)

        def _parse_side(data: object) -> ComparisonBodySide | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                side_type_0 = check_comparison_body_side(data)

                return side_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ComparisonBodySide | str, data)

        side = _parse_side(d.pop("side"))

        measure = d.pop("measure")

        attribute = d.pop("attribute")

        groups = []
        _groups = d.pop("groups")
        for groups_item_data in _groups:
            groups_item = GroupBody.from_dict(groups_item_data)

            groups.append(groups_item)

        overall = d.pop("overall")

        gap = FigureBody.from_dict(d.pop("gap"))

        ratio = FigureBody.from_dict(d.pop("ratio"))

        by_chance = d.pop("by_chance")

        p = d.pop("p")

        p_adjusted = d.pop("p_adjusted")

        not_shown = NotShownBody.from_dict(d.pop("not_shown"))

        words = d.pop("words")

        comparison_body = cls(
            side=side,
            measure=measure,
            attribute=attribute,
            groups=groups,
            overall=overall,
            gap=gap,
            ratio=ratio,
            by_chance=by_chance,
            p=p,
            p_adjusted=p_adjusted,
            not_shown=not_shown,
            words=words,
        )

        comparison_body.additional_properties = d
        return comparison_body

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
