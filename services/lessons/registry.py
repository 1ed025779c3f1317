"""All lessons, by number."""

from collections.abc import Mapping
from functools import cache

from services.lessons.lesson import Lesson


@cache
def lessons() -> Mapping[int, Lesson]:
    """The eight. Imported when they are first asked for: a lesson brings the libraries that it reckons with."""
    from services.lessons import (
        accuracy_against_latency,
        fees_against_diners,
        latency_against_orders,
        offline_numbers_that_lie,
        rich_get_richer,
        shipping_against_standing_still,
        table_for_everyone,
        what_has_it_learnt,
    )

    all_of_them = (
        accuracy_against_latency.LESSON,
        fees_against_diners.LESSON,
        latency_against_orders.LESSON,
        shipping_against_standing_still.LESSON,
        what_has_it_learnt.LESSON,
        rich_get_richer.LESSON,
        table_for_everyone.LESSON,
        offline_numbers_that_lie.LESSON,
    )
    return {lesson.number: lesson for lesson in all_of_them}
