"""The freeze's calendar: hours of the local week in which nothing is released. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, RootModel

from data.columns import MINUTES_PER_WEEK
from data.hours import MINUTES_PER_DAY, minute_of_week


class Day(StrEnum):
    """A day of the week."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


_DAYS: Final = tuple(Day)
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["17:00"])]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Window(BaseModel):
    """The same hours on some days of every week, in the market's own time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Day, ...] = Field(min_length=1, max_length=7)
    """On which it begins."""
    starts: TimeOfDay
    ends: TimeOfDay
    """Not after `starts`: it lasts past midnight."""
    reason: Reason

    def until(self, at: datetime, time_zone: str) -> datetime | None:
        """When the window ends that this time lies in, by the local clock; None where it lies in none."""
        now = minute_of_week(at, time_zone)
        begins, ends = _minutes(self.starts), _minutes(self.ends)
        length = (ends - begins) % MINUTES_PER_DAY or MINUTES_PER_DAY
        for day in self.days:
            since = (now - _DAYS.index(day) * MINUTES_PER_DAY - begins) % MINUTES_PER_WEEK
            if since < length:
                local = at.astimezone(ZoneInfo(time_zone)).replace(second=0, microsecond=0)
                return (local + timedelta(minutes=length - since)).astimezone(UTC)
        return None


class Calendar(RootModel[tuple[Window, ...]]):
    """All windows of a market."""

    model_config = ConfigDict(frozen=True)

    root: tuple[Window, ...] = Field(default=(), max_length=50)


def windows_at(windows: Sequence[Window], at: datetime, time_zone: str) -> list[tuple[Window, datetime]]:
    """The windows that a time lies in, and when each ends."""
    found = ((window, window.until(at, time_zone)) for window in windows)
    return [(window, until) for window, until in found if until is not None]


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
