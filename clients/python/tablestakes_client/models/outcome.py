from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.bars import Bars
    from ..models.claim import Claim
    from ..models.headline import Headline
    from ..models.lines import Lines
    from ..models.lists import Lists
    from ..models.provenance import Provenance
    from ..models.scatter import Scatter
    from ..models.table import Table
    from ..models.unknown import Unknown
    from ..models.waterfall import Waterfall


T = TypeVar("T", bound="Outcome")


@_attrs_define
class Outcome:
    """What came of a run.

    Attributes:
        lesson (int):
        short (bool):
        figures (list[Bars | Lines | Lists | Scatter | Table | Unknown | Waterfall]):
        numbers (list[Headline]):
        claims (list[Claim]):
        reading (str): In plain words; paragraphs are parted by an empty line.
        provenance (Provenance): What the figures are a function of, and where they were made.
    """

    lesson: int
    short: bool
    figures: list[Bars | Lines | Lists | Scatter | Table | Unknown | Waterfall]
    numbers: list[Headline]
    claims: list[Claim]
    reading: str
    provenance: Provenance
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.bars import Bars
        from ..models.lines import Lines
        from ..models.lists import Lists
        from ..models.scatter import Scatter
        from ..models.table import Table
        from ..models.waterfall import Waterfall

        lesson = self.lesson

        short = self.short

        figures = []
        for figures_item_data in self.figures:
            figures_item: dict[str, Any]
            if isinstance(figures_item_data, Lines):
                figures_item = figures_item_data.to_dict()
            elif isinstance(figures_item_data, Scatter):
                figures_item = figures_item_data.to_dict()
            elif isinstance(figures_item_data, Bars):
                figures_item = figures_item_data.to_dict()
            elif isinstance(figures_item_data, Waterfall):
                figures_item = figures_item_data.to_dict()
            elif isinstance(figures_item_data, Lists):
                figures_item = figures_item_data.to_dict()
            elif isinstance(figures_item_data, Table):
                figures_item = figures_item_data.to_dict()
            else:
                figures_item = figures_item_data.to_dict()

            figures.append(figures_item)

        numbers = []
        for numbers_item_data in self.numbers:
            numbers_item = numbers_item_data.to_dict()
            numbers.append(numbers_item)

        claims = []
        for claims_item_data in self.claims:
            claims_item = claims_item_data.to_dict()
            claims.append(claims_item)

        reading = self.reading

        provenance = self.provenance.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lesson": lesson,
                "short": short,
                "figures": figures,
                "numbers": numbers,
                "claims": claims,
                "reading": reading,
                "provenance": provenance,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bars import Bars
        from ..models.claim import Claim
        from ..models.headline import Headline
        from ..models.lines import Lines
        from ..models.lists import Lists
        from ..models.provenance import Provenance
        from ..models.scatter import Scatter
        from ..models.table import Table
        from ..models.unknown import Unknown
        from ..models.waterfall import Waterfall

        d = dict(src_dict)
        lesson = d.pop("lesson")

        short = d.pop("short")

        figures = []
        _figures = d.pop("figures")
        for figures_item_data in _figures:

            def _parse_figures_item(data: object) -> Bars | Lines | Lists | Scatter | Table | Unknown | Waterfall:
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    figures_item_type_0 = Lines.from_dict(data)

                    return figures_item_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    figures_item_type_1 = Scatter.from_dict(data)

                    return figures_item_type_1
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    figures_item_type_2 = Bars.from_dict(data)

                    return figures_item_type_2
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    figures_item_type_3 = Waterfall.from_dict(data)

                    return figures_item_type_3
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    figures_item_type_4 = Lists.from_dict(data)

                    return figures_item_type_4
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    figures_item_type_5 = Table.from_dict(data)

                    return figures_item_type_5
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                figures_item_type_6 = Unknown.from_dict(data)

                return figures_item_type_6

            figures_item = _parse_figures_item(figures_item_data)

            figures.append(figures_item)

        numbers = []
        _numbers = d.pop("numbers")
        for numbers_item_data in _numbers:
            numbers_item = Headline.from_dict(numbers_item_data)

            numbers.append(numbers_item)

        claims = []
        _claims = d.pop("claims")
        for claims_item_data in _claims:
            claims_item = Claim.from_dict(claims_item_data)

            claims.append(claims_item)

        reading = d.pop("reading")

        provenance = Provenance.from_dict(d.pop("provenance"))

        outcome = cls(
            lesson=lesson,
            short=short,
            figures=figures,
            numbers=numbers,
            claims=claims,
            reading=reading,
            provenance=provenance,
        )

        outcome.additional_properties = d
        return outcome

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
