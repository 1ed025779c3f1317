from typing import Literal

LessonRunBodyState = Literal["done", "failed", "queued", "running"]

LESSON_RUN_BODY_STATE_VALUES: set[LessonRunBodyState] = {
    "done",
    "failed",
    "queued",
    "running",
}


def check_lesson_run_body_state(value: str) -> LessonRunBodyState:
    if value in LESSON_RUN_BODY_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LESSON_RUN_BODY_STATE_VALUES!r}")
