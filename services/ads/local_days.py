"""The days and hours of a market's time zone as edges on the time line, to sum things between them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

EPOCH: Final = date(1970, 1, 1)
MICROSECONDS: Final = 1_000_000
QUARTER: Final = 15 * 60 * MICROSECONDS
"""Local days and hours of every time zone begin at full quarters of an hour."""
HOUR: Final = 60 * 60 * MICROSECONDS
DAY: Final = 24 * HOUR


@dataclass(frozen=True, eq=False)
class LocalDays:
    """n days in a row, n >= 1."""

    first: date
    last: date
    zone: ZoneInfo
    edges: Integers
    """(n + 1,) microseconds since 1970 UTC: where each day begins, and where the last one ends."""

    @classmethod
    def of(cls, first: date, last: date, time_zone: str) -> Self:
        """The days from `first` to `last` inclusive; a day with a change of the clock has 23 or 25 hours."""
        zone = ZoneInfo(time_zone)
        count = (last - first).days + 1
        midnights = [datetime.combine(first + timedelta(days=n), datetime.min.time(), zone) for n in range(count + 1)]
        edges = np.asarray([round(at.timestamp()) for at in midnights], np.int64) * MICROSECONDS
        return cls(first, last, zone, edges)

    def __len__(self) -> int:
        return len(self.edges) - 1

    def dates(self) -> list[date]:
        """The n days."""
        return [self.first + timedelta(days=n) for n in range(len(self))]


def moment(microseconds: int) -> datetime:
    """Microseconds since 1970 UTC as an aware time."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def day_of(at: datetime, time_zone: str) -> date:
    """The local day of an aware time."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def day_number(day: date) -> int:
    """Days since 1970-01-01, as the daily accounts count them."""
    return (day - EPOCH).days


def binned(times: Integers, values: npt.NDArray[Any], edges: Integers) -> npt.NDArray[Any]:
    """(len(edges) - 1, …) sums of the rows of `values` whose times are in [edge, next edge); others are left out.

    Integers are added as integers.
    """
    sums = np.zeros((len(edges) - 1, *values.shape[1:]), values.dtype)
    place = np.searchsorted(edges, times, side="right") - 1
    inside = (place >= 0) & (place < len(sums))
    np.add.at(sums, place[inside], values[inside])
    return sums
