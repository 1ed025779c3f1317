"""Lessons: what the article asks, what was recorded, and runs of one's own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.access.roles import Role
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.lesson_schemas import LessonBody, LessonPage, LessonRunBody, LessonRunRequest, LessonSummary
from services.api.problems import Conflict, NotFound
from services.api.security import ANYONE_WITH_A_KEY, READERS, require
from services.lessons.lesson import Lesson
from services.lessons.registry import LESSONS
from services.lessons.running import recorded
from services.lessons.runs import TooManyWaiting

router = APIRouter(prefix="/v1/lessons", tags=["lessons"], dependencies=[Depends(require(ANYONE_WITH_A_KEY))])

Number = Annotated[int, Path(ge=1, le=10_000)]
RunId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("", operation_id="listLessons", responses=answers(LessonPage))
async def all_lessons(services: ServicesDep) -> LessonPage:
    """All lessons, with their questions, and whether there is a result to show at once."""
    items = [LessonSummary.of(one, await services.in_thread(recorded, one.number)) for one in LESSONS.values()]
    return LessonPage(items=items)


@router.get("/{number}", operation_id="getLesson", responses=answers(LessonBody, 404, 422, 503))
async def lesson(services: ServicesDep, number: Number) -> LessonBody:
    """A lesson, the outcome that was recorded of it, and the runs that were asked for here."""
    found = _lesson(number)
    under_way, last = await services.in_thread(services.lessons.newest, number)
    return LessonBody.with_runs(found, await services.in_thread(recorded, number), under_way, last)


@router.post(
    "/{number}/runs",
    operation_id="startLessonRun",
    status_code=202,
    responses=answers(LessonRunBody, 400, 404, 409, 413, 422, 503, success=202),
)
async def start(
    services: ServicesDep,
    response: Response,
    role: Annotated[Role, Depends(require(READERS))],
    number: Number,
    body: LessonRunRequest,
) -> LessonRunBody:
    """Queue a run; `tablestakes worker` does it, one at a time, behind everything else.

    Whoever asks for what is queued or running already, the same lesson in the same size, gets that run.
    """
    found = _lesson(number)
    seeds = found.seeds_of(body.short) if body.seeds is None else body.seeds
    try:
        run = await services.in_thread(services.lessons.request, number, body.short, seeds, role.value)
    except TooManyWaiting as error:
        raise Conflict(str(error)) from None
    response.headers["Location"] = f"{router.prefix}/{number}/runs/{run.run_id}"
    return LessonRunBody.of(run)


@router.get("/{number}/runs/{run_id}", operation_id="getLessonRun", responses=answers(LessonRunBody, 404, 422, 503))
async def run(services: ServicesDep, number: Number, run_id: RunId) -> LessonRunBody:
    """A run: how far it is, and what came of it."""
    found = await services.in_thread(services.lessons.get, number, run_id)
    if found is None:
        raise NotFound(f"lesson {number} has no run {run_id}")
    return LessonRunBody.of(found)


def _lesson(number: int) -> Lesson:
    found = LESSONS.get(number)
    if found is None:
        raise NotFound(f"there is no lesson {number}; there are {', '.join(map(str, LESSONS))}")
    return found
