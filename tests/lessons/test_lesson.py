"""What a lesson is, and when a claim holds."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from services.lessons.figure import over_seeds
from services.lessons.lesson import Asked, Findings, Lesson, Outcome
from services.lessons.registry import LESSONS
from services.lessons.running import run

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
LONG, SHORT = Asked((1, 2, 3, 4)), Asked((1, 2), short=True)


def lesson_of(values: list[float]) -> Lesson:
    """A lesson that has found these numbers."""

    def found(asked: Asked) -> Findings:
        numbers = np.asarray(values)
        claims = (
            asked.claim("they are above zero", numbers, 1, main=True),
            asked.claim("they are below zero", numbers, -1),
        )
        return Findings((), (asked.number("of them", numbers, "things"),), claims, "They are.", {"restaurants": 3})

    return Lesson(1, "numbers", "Numbers", "How many?", ("Others.",), 4, 2, found)


def test_there_are_eight_with_all_that_a_lesson_has() -> None:
    assert list(LESSONS) == list(range(1, 9))
    assert len({lesson.slug for lesson in LESSONS.values()}) == 8
    for number, lesson in LESSONS.items():
        assert lesson.number == number
        assert lesson.command == f"tablestakes lesson {number}"
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", lesson.slug)
        assert lesson.title
        assert lesson.question
        assert len(lesson.would_change) >= 2
        assert lesson.seeds > lesson.short_seeds >= 2


def test_a_claim_holds_where_the_whole_interval_is_on_its_side() -> None:
    for values, sign, holds in (
        ([1.0, 1.2, 0.9, 1.1], 1, True),
        ([1.0, 1.2, 0.9, 1.1], -1, False),
        ([-1.0, -1.2, -0.9, -1.1], -1, True),
        ([5.0, -4.0, 6.0, 3.0], 1, False),
    ):
        claim = LONG.claim("so it is", np.asarray(values), sign)  # type: ignore[arg-type]
        assert (claim.holds, claim.asserted) == (holds, True)
        assert claim.measured == over_seeds(values)


def test_a_short_run_asks_every_seed_and_asserts_what_is_main() -> None:
    wide = np.asarray([0.1, 9.0])
    assert SHORT.claim("so it is", wide, 1, main=True).holds
    assert not SHORT.claim("so it is", wide - 0.2, 1, main=True).holds
    assert not SHORT.claim("so it is", wide, 1).asserted
    assert not LONG.claim("so it is", np.asarray([0.1, 9.0]), 1).holds, "two seeds are few for an interval"


def test_an_outcome_says_what_broke_and_what_it_rests_on() -> None:
    outcome = run(lesson_of([1.0, 1.1, 1.2, 1.3]), LONG, NOON)
    assert [claim.sentence for claim in outcome.broken] == ["they are below zero"]
    made = outcome.provenance
    assert (made.seeds, made.setting, made.made_at) == ((1, 2, 3, 4), {"restaurants": 3}, NOON)
    assert re.fullmatch(r"[0-9a-f]{64}", made.code)
    assert made.libraries["numpy"] == np.__version__
    assert (
        outcome.numbers[0].model_dump()
        == {"name": "of them", "unit": "things"} | over_seeds([1.0, 1.1, 1.2, 1.3]).model_dump()
    )
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome


def test_the_data_of_other_seeds_or_sizes_are_other_data() -> None:
    lesson = lesson_of([1.0, 1.1])
    hashes = {run(lesson, replace(LONG, seeds=seeds), NOON).provenance.data for seeds in ((1, 2), (1, 3))}
    assert len(hashes) == 2
    again = run(lesson, replace(LONG, seeds=(1, 2)), NOON)
    assert again.provenance.data in hashes


def test_progress_ends_with_everything_done() -> None:
    said: list[tuple[str, float]] = []
    run(lesson_of([1.0, 1.1]), Asked((1, 2), progress=lambda text, share: said.append((text, share))), NOON)
    assert said[-1] == ("done", 1.0)
    assert all(first[1] <= second[1] for first, second in itertools.pairwise(said))


@pytest.mark.parametrize("number", range(1, 9))
def test_what_is_recorded_is_a_full_run_of_the_lesson_as_it_is(number: int) -> None:
    from services.lessons.running import recorded

    outcome = recorded(number)
    assert outcome is not None, f"tablestakes lesson {number} --record"
    assert outcome.lesson == number
    assert not outcome.short
    assert len(outcome.provenance.seeds) == LESSONS[number].seeds
    assert outcome.figures
    assert outcome.numbers
    assert outcome.claims
    assert not outcome.broken, "a lesson whose claims do not hold teaches something else"
