"""Opening hours as minutes of the local week: Monday 00:00 is 0, Sunday 24:00 is 10,080."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data.columns import MINUTES_PER_WEEK

MINUTES_PER_DAY = 24 * 60


def minute_of_week(at: datetime, time_zone: str) -> int:
    """The local minute of the week, 0 .. 10,079, of an aware time."""
    local = at.astimezone(ZoneInfo(time_zone))
    return local.weekday() * MINUTES_PER_DAY + local.hour * 60 + local.minute


def interval(day: int, opens: int, closes: int) -> list[int]:
    """One opening on a day (0 = Monday), in minutes of that day, as flat pairs of minutes of the week.

    `closes <= opens` means past midnight; what runs past Sunday's end comes back at the start of the week.
    """
    if closes <= opens:
        closes += MINUTES_PER_DAY
    start = day * MINUTES_PER_DAY + opens
    end = day * MINUTES_PER_DAY + closes
    if end <= MINUTES_PER_WEEK:
        return [start, end]
    return [start, MINUTES_PER_WEEK, 0, end - MINUTES_PER_WEEK]


@dataclass(frozen=True)
class WeeklyHours:
    """The opening intervals of n restaurants, flattened so that "who is open at t" is three array operations."""

    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    owners: npt.NDArray[np.int32]
    """Row of the restaurant to which each interval belongs."""
    unknown: npt.NDArray[np.bool_]
    """(n,) no hours are known: taken as open, since hiding a restaurant for want of data would be worse."""

    @classmethod
    def pack(cls, hours: Sequence[Sequence[int] | None]) -> "WeeklyHours":
        """From one flat list of pairs (or None) a restaurant."""
        known = [np.asarray([] if cell is None else cell, dtype=np.int32) for cell in hours]
        flat = np.concatenate(known) if known else np.empty(0, np.int32)
        owners = np.repeat(np.arange(len(known), dtype=np.int32), [cell.size // 2 for cell in known])
        unknown = np.asarray([cell is None for cell in hours], dtype=np.bool_)
        return cls(flat[::2].copy(), flat[1::2].copy(), owners, unknown)

    def with_row(self, row: int, hours: Sequence[int] | None) -> "WeeklyHours":
        """The same with other hours of one restaurant: flat pairs, or None where they are not known."""
        others, own = self.owners != row, WeeklyHours.pack([hours])
        unknown = self.unknown.copy()
        unknown[row] = hours is None
        return WeeklyHours(
            np.concatenate([self.starts[others], own.starts]),
            np.concatenate([self.ends[others], own.ends]),
            np.concatenate([self.owners[others], np.full(len(own.starts), row, np.int32)]),
            unknown,
        )

    def open_at(self, minute: int) -> npt.NDArray[np.bool_]:
        """(n,) who is open at this minute of the week."""
        mask = self.unknown.copy()
        mask[self.owners[(self.starts <= minute) & (minute < self.ends)]] = True
        return mask
