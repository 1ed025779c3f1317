from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.versus_figures import VersusFigures


T = TypeVar("T", bound="Versus")


@_attrs_define
class Versus:
    """By how much it was better than a rival, diner by diner.

    Attributes:
        question (str):
        rival (str):
        figures (VersusFigures):
    """

    question: str
    rival: str
    figures: VersusFigures
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        question = self.question

        rival = self.rival

        figures = self.figures.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "question": question,
                "rival": rival,
                "figures": figures,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.versus_figures import VersusFigures

        d = dict(src_dict)
        question = d.pop("question")

        rival = d.pop("rival")

        figures = VersusFigures.from_dict(d.pop("figures"))

        versus = cls(
            question=question,
            rival=rival,
            figures=figures,
        )

        versus.additional_properties = d
        return versus

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
