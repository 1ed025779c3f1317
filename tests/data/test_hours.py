"""Opening hours: across midnight, across Sunday, and in the market's own time."""

from datetime import UTC, datetime

import pytest

from data.hours import WeeklyHours, interval, minute_of_week

MONDAY, FRIDAY, SUNDAY = 0, 4, 6


@pytest.mark.parametrize(
    ("day", "opens", "closes", "expected"),
    [
        (MONDAY, 9 * 60, 17 * 60, [540, 1020]),
        (FRIDAY, 18 * 60, 2 * 60, [4 * 1440 + 1080, 5 * 1440 + 120]),
        (SUNDAY, 18 * 60, 2 * 60, [6 * 1440 + 1080, 10_080, 0, 120]),
        (SUNDAY, 18 * 60, 24 * 60, [6 * 1440 + 1080, 10_080]),
        (MONDAY, 0, 0, [0, 1440]),
    ],
)
def test_an_opening_becomes_minutes_of_the_week(day: int, opens: int, closes: int, expected: list[int]) -> None:
    assert interval(day, opens, closes) == expected


def test_who_is_open() -> None:
    hours = WeeklyHours.pack([[540, 1020], None, [], [6 * 1440 + 1080, 10_080, 0, 120]])

    assert hours.open_at(540).tolist() == [True, True, False, False]
    assert hours.open_at(1020).tolist() == [False, True, False, False]
    assert hours.open_at(60).tolist() == [False, True, False, True]


def test_the_minute_is_local() -> None:
    friday_evening = datetime(2026, 1, 9, 19, 0, tzinfo=UTC)

    assert minute_of_week(friday_evening, "UTC") == 4 * 1440 + 19 * 60
    assert minute_of_week(friday_evening, "America/Mexico_City") == 4 * 1440 + 13 * 60
    assert minute_of_week(friday_evening, "Asia/Tokyo") == 5 * 1440 + 4 * 60
