"""Runs a lesson, and keeps what the project has recorded of each."""

import time
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from services.lessons.lesson import Asked, Lesson, Outcome, measured_by
from services.provenance import program

_FOLDER: Final = "recorded"


def run(lesson: Lesson, asked: Asked, made_at: datetime) -> Outcome:
    """Measure; raise ModelError where a city is too small to learn from."""
    own = program()
    wall, cpu = time.perf_counter(), time.process_time()
    found = lesson.run(asked)
    cpu = time.process_time() - cpu + sum(asked.spent)
    outcome = measured_by(lesson, asked, found, own, made_at, time.perf_counter() - wall, cpu)
    asked.progress("done", 1.0)
    return outcome


@cache
def recorded(number: int) -> Outcome | None:
    """What came of the lesson when it was last recorded; None where nobody has, or by another version of the shape."""
    file = files("services.lessons").joinpath(_FOLDER, f"{number}.json")
    try:
        return Outcome.model_validate_json(file.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


def record(outcome: Outcome) -> Path:
    """Put it beside the source; to be committed with it."""
    file = Path(__file__).parent / _FOLDER / f"{outcome.lesson}.json"
    file.parent.mkdir(exist_ok=True)
    aside = file.with_suffix(".new")
    aside.write_text(outcome.model_dump_json(indent=1, exclude_none=False) + "\n")
    aside.replace(file)
    recorded.cache_clear()
    return file
