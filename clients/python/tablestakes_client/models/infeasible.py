from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.relaxation import Relaxation


T = TypeVar("T", bound="Infeasible")


@_attrs_define
class Infeasible:
    """Why there is no settlement, and what there is instead.

    Attributes:
        blocking (list[str]): These block each other: without any one of them some policy fits.
        relaxation (None | Relaxation): The smallest, by the greatest slack of anyone; null where what is never traded
            cannot be met.
        alternatives (list[Relaxation]): Where one seat alone gives way.
        words (list[str]):
    """

    blocking: list[str]
    relaxation: None | Relaxation
    alternatives: list[Relaxation]
    words: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.relaxation import Relaxation

        blocking = self.blocking

        relaxation: dict[str, Any] | None
        if isinstance(self.relaxation, Relaxation):
            relaxation = self.relaxation.to_dict()
        else:
            relaxation = self.relaxation

        alternatives = []
        for alternatives_item_data in self.alternatives:
            alternatives_item = alternatives_item_data.to_dict()
            alternatives.append(alternatives_item)

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "blocking": blocking,
                "relaxation": relaxation,
                "alternatives": alternatives,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.relaxation import Relaxation

        d = dict(src_dict)
        blocking = cast(list[str], d.pop("blocking"))

        def _parse_relaxation(data: object) -> None | Relaxation:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                relaxation_type_0 = Relaxation.from_dict(data)

                return relaxation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Relaxation, data)

        relaxation = _parse_relaxation(d.pop("relaxation"))

        alternatives = []
        _alternatives = d.pop("alternatives")
        for alternatives_item_data in _alternatives:
            alternatives_item = Relaxation.from_dict(alternatives_item_data)

            alternatives.append(alternatives_item)

        words = cast(list[str], d.pop("words"))

        infeasible = cls(
            blocking=blocking,
            relaxation=relaxation,
            alternatives=alternatives,
            words=words,
        )

        infeasible.additional_properties = d
        return infeasible

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
