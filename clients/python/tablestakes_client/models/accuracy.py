from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.questioned import Questioned
    from ..models.versus import Versus


T = TypeVar("T", bound="Accuracy")


@_attrs_define
class Accuracy:
    """Figures on data that it had not seen when it was measured.

    Attributes:
        questions (list[Questioned] | Unset): By default [].
        against (list[Versus] | Unset): By default [].
    """

    questions: list[Questioned] | Unset = UNSET
    against: list[Versus] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        questions: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.questions, Unset):
            questions = []
            for questions_item_data in self.questions:
                questions_item = questions_item_data.to_dict()
                questions.append(questions_item)

        against: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.against, Unset):
            against = []
            for against_item_data in self.against:
                against_item = against_item_data.to_dict()
                against.append(against_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if questions is not UNSET:
            field_dict["questions"] = questions
        if against is not UNSET:
            field_dict["against"] = against

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.questioned import Questioned
        from ..models.versus import Versus

        d = dict(src_dict)
        _questions = d.pop("questions", UNSET)
        questions: list[Questioned] | Unset = UNSET
        if _questions is not UNSET:
            questions = []
            for questions_item_data in _questions:
                questions_item = Questioned.from_dict(questions_item_data)

                questions.append(questions_item)

        _against = d.pop("against", UNSET)
        against: list[Versus] | Unset = UNSET
        if _against is not UNSET:
            against = []
            for against_item_data in _against:
                against_item = Versus.from_dict(against_item_data)

                against.append(against_item)

        accuracy = cls(
            questions=questions,
            against=against,
        )

        accuracy.additional_properties = d
        return accuracy

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
