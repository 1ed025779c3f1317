"""Opening hours as texts of several sources, as the flat minutes of the week of `data.hours`."""

import re
from collections.abc import Iterable
from typing import Final

from data.columns import MINUTES_PER_WEEK
from data.hours import MINUTES_PER_DAY, interval
from data.importers.rejects import BadCell

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


def days(text: str) -> list[int]:
    """Days of the week, 0 = Monday, from `Mon;Tue;`, `Mon,Tue`, `Mon-Fri` or `Sat-Mon`."""
    found: list[int] = []
    for part in re.split(r"[;,]", text):
        if part.strip():
            first, _, last = part.partition("-")
            start = _day(first)
            found += [(start + step) % 7 for step in range((_day(last) - start) % 7 + 1 if last else 1)]
    if not found:
        raise BadCell("no day of the week")
    return sorted(set(found))


def clock_spans(text: str) -> list[tuple[int, int]]:
    """(opens, closes) in minutes of the day from `11:00-15:00;18:00-01:30;` (`,` separates too).

    `closes <= opens` is past midnight. `00:00-00:00` is not a span: it says "closed on this day" and is left out,
    so that the list may be empty. `24:00` is allowed as a closing time.
    """
    spans = []
    parts = [part.strip() for part in re.split(r"[;,]", text) if part.strip()]
    if not parts:
        raise BadCell("no opening hours")
    for part in parts:
        opens, dash, closes = part.partition("-")
        if not dash:
            raise BadCell("not opening hours such as 09:00-22:30")
        span = (_clock(opens, MINUTES_PER_DAY - 1), _clock(closes, MINUTES_PER_DAY))
        if span != (0, 0):
            spans.append(span)
    return spans


def week(openings: Iterable[tuple[int, tuple[int, int]]]) -> list[int] | None:
    """Flat pairs of minutes of the week from (day, (opens, closes)); overlapping and touching ones become one.

    None where there is no opening: a restaurant that never opens is one whose hours are not known.
    """
    flat = [interval(day, opens, closes) for day, (opens, closes) in openings]
    pairs = sorted((cell[at], cell[at + 1]) for cell in flat for at in range(0, len(cell), 2))
    merged: list[int] = []
    for start, end in pairs:
        if merged and start <= merged[-1]:
            merged[-1] = max(merged[-1], end)
        else:
            merged += [start, end]
    return merged or None


def parse_week(text: str) -> list[int] | None:
    """A whole week in one cell: `Mon-Fri 11:00-15:00,18:00-23:00; Sat 12:00-02:00`, or minutes `540 1320 1980 …`."""
    if re.fullmatch(r"[\d\s]+", text, re.ASCII):
        return _minutes(text)
    openings = []
    for part in text.split(";"):
        if part.strip():
            named, _, hours = part.strip().partition(" ")
            openings += [(day, span) for day in days(named) for span in clock_spans(hours)]
    return week(openings)


def _minutes(text: str) -> list[int]:
    minutes = [int(part[:9]) for part in text.split()]
    pairs = list(zip(minutes[::2], minutes[1::2], strict=False))
    if len(minutes) % 2 or any(not opens < closes <= MINUTES_PER_WEEK for opens, closes in pairs):
        raise BadCell("not minutes of the week in pairs, 0 to 10080")
    return minutes


def _day(text: str) -> int:
    name = text.strip().lower()[:3]
    if name not in DAYS:
        raise BadCell("not a day of the week such as Mon")
    return DAYS.index(name)


def _clock(text: str, latest: int) -> int:
    match = _CLOCK.fullmatch(text.strip())
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or not 0 <= minutes <= latest:
        raise BadCell("not opening hours such as 09:00-22:30")
    return minutes
