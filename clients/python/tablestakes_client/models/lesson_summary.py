from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LessonSummary")


@_attrs_define
class LessonSummary:
    """A lesson in the list.

    Attributes:
        number (int):
        slug (str):
        title (str):
        question (str): The article's, in one sentence.
        command (str):
        recorded (bool): Whether there is a result to show at once.
        holds (bool | None): Whether all its claims held when it was recorded; null: it was not.
    """

    number: int
    slug: str
    title: str
    question: str
    command: str
    recorded: bool
    holds: bool | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        slug = self.slug

        title = self.title

        question = self.question

        command = self.command

        recorded = self.recorded

        holds: bool | None
        holds = self.holds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "slug": slug,
                "title": title,
                "question": question,
                "command": command,
                "recorded": recorded,
                "holds": holds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        number = d.pop("number")

        slug = d.pop("slug")

        title = d.pop("title")

        question = d.pop("question")

        command = d.pop("command")

        recorded = d.pop("recorded")

        def _parse_holds(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        holds = _parse_holds(d.pop("holds"))

        lesson_summary = cls(
            number=number,
            slug=slug,
            title=title,
            question=question,
            command=command,
            recorded=recorded,
            holds=holds,
        )

        lesson_summary.additional_properties = d
        return lesson_summary

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
