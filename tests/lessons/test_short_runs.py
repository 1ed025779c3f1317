"""Each lesson in its short form: it runs, and the sign of its main effect is what the lesson says."""

from datetime import UTC, datetime

import pytest

from services.fan_out import Engine
from services.lessons.drawing import draw
from services.lessons.lesson import Asked
from services.lessons.page import html, markdown
from services.lessons.registry import LESSONS
from services.lessons.running import run


@pytest.mark.parametrize("number", range(1, 9))
def test_a_short_run_asserts_its_main_claims(number: int) -> None:
    lesson = LESSONS[number]
    said: list[float] = []
    asked = Asked(tuple(range(1, lesson.short_seeds + 1)), short=True, progress=lambda _text, share: said.append(share))

    outcome = run(lesson, asked, datetime(2026, 1, 9, tzinfo=UTC))

    assert [claim.sentence for claim in outcome.broken] == []
    assert any(claim.asserted for claim in outcome.claims)
    assert said == sorted(said)
    assert len(said) > len(asked.seeds)
    page = html(lesson, outcome)
    assert lesson.question in markdown(lesson, outcome)
    assert page.count("<svg") + page.count("<h3>") == len(outcome.figures)
    assert not set(page.split()) & {"<script", "<link", "<img"}
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    for figure in outcome.figures:
        assert draw(figure)


@pytest.mark.long
@pytest.mark.parametrize("number", range(1, 9))
def test_a_full_run_asserts_all_its_claims(number: int) -> None:
    lesson = LESSONS[number]
    outcome = run(
        lesson, Asked(tuple(range(1, lesson.seeds + 1)), engine=Engine(jobs=2)), datetime(2026, 1, 9, tzinfo=UTC)
    )
    assert [claim.sentence for claim in outcome.broken] == []
