from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.figure import Figure


T = TypeVar("T", bound="PaymentRules")


@_attrs_define
class PaymentRules:
    """Whether and how payment influences the order.

    Attributes:
        sells (bool): Whether places are sold now.
        label (str): What stands at every place that is sold.
        words (list[str]):
        places_sold (Figure | None): Share of the places of recent lists.
        lists_with_sold (Figure | None):
        ranks_risen (Figure | None): How far above its rank without payment a sold place lies, in the mean.
    """

    sells: bool
    label: str
    words: list[str]
    places_sold: Figure | None
    lists_with_sold: Figure | None
    ranks_risen: Figure | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.figure import Figure

        sells = self.sells

        label = self.label

        words = self.words

        places_sold: dict[str, Any] | None
        if isinstance(self.places_sold, Figure):
            places_sold = self.places_sold.to_dict()
        else:
            places_sold = self.places_sold

        lists_with_sold: dict[str, Any] | None
        if isinstance(self.lists_with_sold, Figure):
            lists_with_sold = self.lists_with_sold.to_dict()
        else:
            lists_with_sold = self.lists_with_sold

        ranks_risen: dict[str, Any] | None
        if isinstance(self.ranks_risen, Figure):
            ranks_risen = self.ranks_risen.to_dict()
        else:
            ranks_risen = self.ranks_risen

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sells": sells,
                "label": label,
                "words": words,
                "places_sold": places_sold,
                "lists_with_sold": lists_with_sold,
                "ranks_risen": ranks_risen,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure import Figure

        d = dict(src_dict)
        sells = d.pop("sells")

        label = d.pop("label")

        words = cast(list[str], d.pop("words"))

        def _parse_places_sold(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                places_sold_type_0 = Figure.from_dict(data)

                return places_sold_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        places_sold = _parse_places_sold(d.pop("places_sold"))

        def _parse_lists_with_sold(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                lists_with_sold_type_0 = Figure.from_dict(data)

                return lists_with_sold_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        lists_with_sold = _parse_lists_with_sold(d.pop("lists_with_sold"))

        def _parse_ranks_risen(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                ranks_risen_type_0 = Figure.from_dict(data)

                return ranks_risen_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        ranks_risen = _parse_ranks_risen(d.pop("ranks_risen"))

        payment_rules = cls(
            sells=sells,
            label=label,
            words=words,
            places_sold=places_sold,
            lists_with_sold=lists_with_sold,
            ranks_risen=ranks_risen,
        )

        payment_rules.additional_properties = d
        return payment_rules

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
