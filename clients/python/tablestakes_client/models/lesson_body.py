from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.lesson_run_body import LessonRunBody
    from ..models.outcome import Outcome


T = TypeVar("T", bound="LessonBody")


@_attrs_define
class LessonBody:
    """A lesson with what came of it.

    Attributes:
        number (int):
        slug (str):
        title (str):
        question (str): The article's, in one sentence.
        command (str):
        recorded (bool): Whether there is a result to show at once.
        holds (bool | None): Whether all its claims held when it was recorded; null: it was not.
        would_change (list[str]): What would change the conclusion.
        seeds (int): Cities of a full run where nobody says.
        short_seeds (int): Of a short one.
        outcome (None | Outcome): As it was recorded; null: it was not.
        under_way (LessonRunBody | None): The run that is queued or running.
        last_run (LessonRunBody | None): The last one that was done, with its outcome.
    """

    number: int
    slug: str
    title: str
    question: str
    command: str
    recorded: bool
    holds: bool | None
    would_change: list[str]
    seeds: int
    short_seeds: int
    outcome: None | Outcome
    under_way: LessonRunBody | None
    last_run: LessonRunBody | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.lesson_run_body import LessonRunBody
        from ..models.outcome import Outcome

        number = self.number

        slug = self.slug

        title = self.title

        question = self.question

        command = self.command

        recorded = self.recorded

        holds: bool | None
        holds = self.holds

        would_change = self.would_change

        seeds = self.seeds

        short_seeds = self.short_seeds

        outcome: dict[str, Any] | None
        if isinstance(self.outcome, Outcome):
            outcome = self.outcome.to_dict()
        else:
            outcome = self.outcome

        under_way: dict[str, Any] | None
        if isinstance(self.under_way, LessonRunBody):
            under_way = self.under_way.to_dict()
        else:
            under_way = self.under_way

        last_run: dict[str, Any] | None
        if isinstance(self.last_run, LessonRunBody):
            last_run = self.last_run.to_dict()
        else:
            last_run = self.last_run

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
                "would_change": would_change,
                "seeds": seeds,
                "short_seeds": short_seeds,
                "outcome": outcome,
                "under_way": under_way,
                "last_run": last_run,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.lesson_run_body import LessonRunBody
        from ..models.outcome import Outcome

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

        would_change = cast(list[str], d.pop("would_change"))

        seeds = d.pop("seeds")

        short_seeds = d.pop("short_seeds")

        def _parse_outcome(data: object) -> None | Outcome:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                outcome_type_0 = Outcome.from_dict(data)

                return outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Outcome, data)

        outcome = _parse_outcome(d.pop("outcome"))

        def _parse_under_way(data: object) -> LessonRunBody | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                under_way_type_0 = LessonRunBody.from_dict(data)

                return under_way_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LessonRunBody | None, data)

        under_way = _parse_under_way(d.pop("under_way"))

        def _parse_last_run(data: object) -> LessonRunBody | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                last_run_type_0 = LessonRunBody.from_dict(data)

                return last_run_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LessonRunBody | None, data)

        last_run = _parse_last_run(d.pop("last_run"))

        lesson_body = cls(
            number=number,
            slug=slug,
            title=title,
            question=question,
            command=command,
            recorded=recorded,
            holds=holds,
            would_change=would_change,
            seeds=seeds,
            short_seeds=short_seeds,
            outcome=outcome,
            under_way=under_way,
            last_run=last_run,
        )

        lesson_body.additional_properties = d
        return lesson_body

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
