from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.lesson_run_body_state import (
    LessonRunBodyState,
    check_lesson_run_body_state,
)

if TYPE_CHECKING:
    from ..models.outcome import Outcome


T = TypeVar("T", bound="LessonRunBody")


@_attrs_define
class LessonRunBody:
    """A run of a lesson.

    Attributes:
        run_id (str):
        lesson (int):
        short (bool):
        seeds (int): Cities.
        state (LessonRunBodyState | str): `done`: it has an outcome, whose claims may not hold; `failed`: it has none,
            see `reason`.
        progress (float):
        doing (str): What is done now, in words.
        requested_by (str): A role.
        requested_at (datetime.datetime):
        started_at (datetime.datetime | None):
        finished_at (datetime.datetime | None):
        attempts (int): How many processes have taken it: more than one where one was killed.
        reason (None | str): Why it failed.
        outcome (None | Outcome):
    """

    run_id: str
    lesson: int
    short: bool
    seeds: int
    state: LessonRunBodyState | str
    progress: float
    doing: str
    requested_by: str
    requested_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    attempts: int
    reason: None | str
    outcome: None | Outcome
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.outcome import Outcome

        run_id = self.run_id

        lesson = self.lesson

        short = self.short

        seeds = self.seeds

        state: str
        if isinstance(self.state, str):
            state = self.state
        else:
            state = self.state

        progress = self.progress

        doing = self.doing

        requested_by = self.requested_by

        requested_at = self.requested_at.isoformat()

        started_at: None | str
        if isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        attempts = self.attempts

        reason: None | str
        reason = self.reason

        outcome: dict[str, Any] | None
        if isinstance(self.outcome, Outcome):
            outcome = self.outcome.to_dict()
        else:
            outcome = self.outcome

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "run_id": run_id,
                "lesson": lesson,
                "short": short,
                "seeds": seeds,
                "state": state,
                "progress": progress,
                "doing": doing,
                "requested_by": requested_by,
                "requested_at": requested_at,
                "started_at": started_at,
                "finished_at": finished_at,
                "attempts": attempts,
                "reason": reason,
                "outcome": outcome,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.outcome import Outcome

        d = dict(src_dict)
        run_id = d.pop("run_id")

        lesson = d.pop("lesson")

        short = d.pop("short")

        seeds = d.pop("seeds")

        def _parse_state(data: object) -> LessonRunBodyState | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                state_type_0 = check_lesson_run_body_state(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LessonRunBodyState | str, data)

        state = _parse_state(d.pop("state"))

        progress = d.pop("progress")

        doing = d.pop("doing")

        requested_by = d.pop("requested_by")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        def _parse_started_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        started_at = _parse_started_at(d.pop("started_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        attempts = d.pop("attempts")

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

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

        lesson_run_body = cls(
            run_id=run_id,
            lesson=lesson,
            short=short,
            seeds=seeds,
            state=state,
            progress=progress,
            doing=doing,
            requested_by=requested_by,
            requested_at=requested_at,
            started_at=started_at,
            finished_at=finished_at,
            attempts=attempts,
            reason=reason,
            outcome=outcome,
        )

        lesson_run_body.additional_properties = d
        return lesson_run_body

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
