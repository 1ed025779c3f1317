"""How the requests of a market spread over its local day, forecast from the counted hours of the days before.

Days are local, counters are kept by hours of UTC. A running total, read at the local hours' bounds, turns one into the
other: half-hour time zones and days of 23 or 25 hours need no case of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

SECONDS: Final = 3600
HALF_LIFE_DAYS: Final = 7.0
"""A day this far back weighs half as much as today would."""
OTHER_PART: Final = 0.2
"""Weight of Monday to Thursday in a forecast for Friday to Sunday, and the other way round. Where both parts of the
week have one rhythm this costs nothing that can be measured; where they have not, it halves the error."""
PRIOR_REQUESTS: Final = 50.0
"""The rhythm of a market without history counts as so many requests."""
PRIOR: Final = np.asarray([0.1] * 7 + [1.0] * 4 + [2.0] * 3 + [1.0] * 4 + [2.0] * 4 + [1.0, 0.1])
"""(24,) what is known of a market without history: people eat by day, at noon and in the evening above all."""


@dataclass(frozen=True, eq=False)
class DayTraffic:
    """The forecast of one local day."""

    bounds: Doubles
    """(25,) seconds since 1970 at which its local hours begin, and its end; not falling."""
    shares: Doubles
    """(24,) of the day's requests in each hour; they add up to 1."""

    @classmethod
    def of(cls, day: date, time_zone: str, shares: Doubles) -> Self:
        """The day with these shares of its requests."""
        return cls(hour_bounds(day, time_zone), shares)

    def to_come(self, at: Doubles) -> Doubles:
        """The share of the day's requests, 1..0, that comes after these times (seconds since 1970), in their shape.

        Inside an hour requests are taken to be even. How busy the day is so far does not come in: what is planned with
        this are shares of what is still to come, and a busier day's rest grows with all of its parts.
        """
        reached = np.concatenate(([0.0], np.cumsum(self.shares)))
        return np.asarray(1.0 - np.interp(at, self.bounds, reached / reached[-1]))


def hour_bounds(day: date, time_zone: str) -> Doubles:
    """(25,) seconds since 1970 at which the local hours of a day begin, and its end.

    Where clocks are set forward one of them is empty; where they are set back one is two hours long.
    """
    zone, tomorrow = ZoneInfo(time_zone), day + timedelta(days=1)
    times = [datetime.combine(day, time(hour), zone) for hour in range(24)] + [datetime.combine(tomorrow, time(), zone)]
    return np.maximum.accumulate(np.asarray([at.astimezone(UTC).timestamp() for at in times]))


def local_counts(hours: Rows, counts: Doubles, days: Sequence[date], time_zone: str) -> Doubles:
    """(d, 24) requests of each local hour of some days, from counters (n,) of hours since 1970-01-01 00:00 UTC.

    `hours` rise; one that is missing had no requests. Inside an hour requests are taken to be even.
    """
    if not len(hours) or not days:
        return np.zeros((len(days), 24))
    first, last = int(hours[0]), int(hours[-1]) + 1
    totals = np.zeros(last - first + 1)
    totals[hours - first + 1] = counts
    bounds = np.stack([hour_bounds(day, time_zone) for day in days])
    reached = np.interp(bounds / SECONDS, np.arange(first, last + 1), np.cumsum(totals))
    return np.diff(reached, axis=1)


def forecast(counts: Doubles, days: Sequence[date], today: date) -> Doubles:
    """(24,) the share of today's requests in each local hour; they add up to 1.

    `counts` (d, 24): of whole days before today, as `local_counts` makes them. Their sum with exponential forgetting,
    the other part of the week weighing less, and the prior as if it had been seen on `PRIOR_REQUESTS` requests.
    """
    ages = np.asarray([(today - day).days for day in days], np.float64)
    same_part = np.asarray([_late_in_week(day) == _late_in_week(today) for day in days], np.bool_)
    weights = np.exp2(-ages / HALF_LIFE_DAYS) * np.where(same_part, 1.0, OTHER_PART)
    seen = weights @ counts + PRIOR_REQUESTS * PRIOR / PRIOR.sum()
    return np.asarray(seen / seen.sum())


def _late_in_week(day: date) -> bool:
    return day.weekday() >= 4
