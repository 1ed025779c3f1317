"""Bodies of the routes of lessons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import Field

from services.api.schemas import Body
from services.lessons.lesson import FEWEST_SEEDS, Lesson, Outcome
from services.lessons.runs import LessonRun

MOST_SEEDS: Final = 20
"""Of a run that somebody asks for over HTTP: the command line takes more."""


class LessonSummary(Body):
    """A lesson in the list."""

    number: int = Field(ge=1, examples=[3])
    slug: str
    title: str
    question: str = Field(description="The article's, in one sentence.")
    command: str = Field(examples=["tablestakes lesson 3"])
    recorded: bool = Field(description="Whether there is a result to show at once.")
    holds: bool | None = Field(description="Whether all its claims held when it was recorded; null: it was not.")

    @classmethod
    def of(cls, lesson: Lesson, recorded: Outcome | None) -> Self:
        """From the registry and the record."""
        return cls(
            **_texts(lesson), recorded=recorded is not None, holds=None if recorded is None else not recorded.broken
        )


class LessonPage(Body):
    """All lessons, by number."""

    items: list[LessonSummary]
    next: str | None = None


class LessonRunBody(Body):
    """A run of a lesson."""

    run_id: str
    lesson: int = Field(ge=1)
    short: bool
    seeds: int = Field(ge=1, description="Cities.")
    state: Literal["queued", "running", "done", "failed"] = Field(
        description="`done`: it has an outcome, whose claims may not hold; `failed`: it has none, see `reason`."
    )
    progress: float = Field(ge=0.0, le=1.0)
    doing: str = Field(description="What is done now, in words.")
    requested_by: str = Field(description="A role.", examples=["auditor"])
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int = Field(ge=0, description="How many processes have taken it: more than one where one was killed.")
    reason: str | None = Field(description="Why it failed.")
    outcome: Outcome | None

    @classmethod
    def of(cls, run: LessonRun) -> Self:
        """From what the store keeps."""
        return cls(**{**vars(run), "state": run.state.value})


class LessonBody(LessonSummary):
    """A lesson with what came of it."""

    would_change: list[str] = Field(description="What would change the conclusion.")
    seeds: int = Field(ge=1, description="Cities of a full run where nobody says.")
    short_seeds: int = Field(ge=1, description="Of a short one.")
    outcome: Outcome | None = Field(description="As it was recorded; null: it was not.")
    under_way: LessonRunBody | None = Field(description="The run that is queued or running.")
    last_run: LessonRunBody | None = Field(description="The last one that was done, with its outcome.")

    @classmethod
    def with_runs(
        cls, lesson: Lesson, recorded: Outcome | None, under_way: LessonRun | None, last: LessonRun | None
    ) -> Self:
        """From the registry, the record and the store."""
        return cls(
            **LessonSummary.of(lesson, recorded).model_dump(),
            would_change=list(lesson.would_change),
            seeds=lesson.seeds,
            short_seeds=lesson.short_seeds,
            outcome=recorded,
            under_way=None if under_way is None else LessonRunBody.of(under_way),
            last_run=None if last is None else LessonRunBody.of(last),
        )


class LessonRunRequest(Body):
    """How a lesson is to be run."""

    short: bool = Field(
        default=False, strict=True, description="Seconds instead of minutes: smaller cities, and fewer."
    )
    seeds: int | None = Field(
        default=None, ge=FEWEST_SEEDS, le=MOST_SEEDS, description="Cities; by default as many as the lesson says."
    )


def _texts(lesson: Lesson) -> dict[str, Any]:
    names: Sequence[str] = ("number", "slug", "title", "question", "command")
    return {name: getattr(lesson, name) for name in names}
