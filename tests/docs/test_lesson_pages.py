"""The lessons' pages say what was recorded."""

import re
from pathlib import Path

import pytest

from services.lessons.page import markdown, stem
from services.lessons.registry import LESSONS
from services.lessons.running import recorded

FOLDER = Path(__file__).parents[2] / "docs" / "lessons"


@pytest.mark.parametrize("number", range(1, 9))
def test_a_page_is_what_its_recorded_outcome_makes(number: int) -> None:
    lesson, outcome = LESSONS[number], recorded(number)
    assert outcome is not None
    page = FOLDER / f"{stem(lesson)}.md"
    assert page.read_text() == markdown(lesson, outcome), "python -m services.lessons.pages docs/lessons"
    for at, figure in enumerate(outcome.figures, 1):
        if figure.kind == "table":
            assert figure.title in page.read_text()
            continue
        picture = (FOLDER / "figures" / f"{stem(lesson)}-{at}.svg").read_text()
        words = " ".join(re.findall(r">([^<>]+)<", picture)).replace("&amp;", "&")
        assert figure.title in words


def test_there_are_no_other_pages_and_the_introduction_names_all() -> None:
    names = {f"{stem(lesson)}.md" for lesson in LESSONS.values()}
    assert {page.name for page in FOLDER.glob("*.md")} == names | {"README.md"}
    introduction = (FOLDER / "README.md").read_text()
    assert all(f"({name})" in introduction for name in names)


def test_the_lecture_names_lessons_that_there_are() -> None:
    lecture = (FOLDER.parent / "teaching" / "45-minutes.md").read_text()
    named = {int(number) for number in re.findall(r"/lessons/(\d+)`", lecture)}
    assert named
    assert named <= set(LESSONS)
