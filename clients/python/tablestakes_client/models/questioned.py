from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.questioned_models import QuestionedModels


T = TypeVar("T", bound="Questioned")


@_attrs_define
class Questioned:
    """A question with the figures of all who were asked it, the version's own first.

    Attributes:
        question (str):
        words (str):
        models (QuestionedModels):
    """

    question: str
    words: str
    models: QuestionedModels
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        question = self.question

        words = self.words

        models = self.models.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "question": question,
                "words": words,
                "models": models,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.questioned_models import QuestionedModels

        d = dict(src_dict)
        question = d.pop("question")

        words = d.pop("words")

        models = QuestionedModels.from_dict(d.pop("models"))

        questioned = cls(
            question=question,
            words=words,
            models=models,
        )

        questioned.additional_properties = d
        return questioned

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
