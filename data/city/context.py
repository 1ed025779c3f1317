"""What changes from visit to visit and belongs to nobody: weather, hours, who is open, how cuisines fit the daypart."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data.city.population import Restaurants
from data.city.vocabulary import CUISINES, DAYPART_HOURS, DAYPART_SHARES, KINDS, weekly_hours
from data.hours import MINUTES_PER_DAY, WeeklyHours

FIRST_DAY = date(2026, 1, 5)
"""A Monday: the log's first local day in every market."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def day_start(day: int, time_zone: str) -> datetime:
    """The UTC time from which the seconds of a day of the log (0 = `FIRST_DAY`) are counted.

    Twelve hours before the local noon: on the two days a year when clocks change this is not midnight, but every hour
    after breakfast is right.
    """
    noon = datetime.combine(FIRST_DAY + timedelta(days=day), time(12), ZoneInfo(time_zone))
    return noon.astimezone(UTC) - timedelta(hours=12)


def rainy_days(rng: np.random.Generator, days: int, share: float, persistence: float) -> Bools:
    """(days,) a two-state Markov chain with this share of rain and this correlation from day to day."""
    draws = rng.random(days)
    rain = np.zeros(days, np.bool_)
    previous = share
    for day in range(days):
        rain[day] = draws[day] < previous
        previous = share + persistence * (float(rain[day]) - share)
    return rain


def cuisine_fit(strength: float) -> Floats:
    """(dayparts, cuisines) utility of a cuisine at a daypart."""
    return strength * np.asarray([KINDS[cuisine.kind].fits for cuisine in CUISINES]).T


def hour_dayparts() -> npt.NDArray[np.int64]:
    """(24,) the daypart of each local hour, -1 for hours in which nobody comes."""
    dayparts = np.full(24, -1)
    for daypart, (start, end) in enumerate(DAYPART_HOURS):
        dayparts[start:end] = daypart
    return dayparts


def visit_seconds(rng: np.random.Generator, visits: int) -> npt.NDArray[np.int64]:
    """(visits,) local seconds of the day, by the dayparts' shares, even inside each."""
    starts, ends = np.asarray(DAYPART_HOURS).T * 3600
    daypart = rng.choice(len(DAYPART_SHARES), visits, p=DAYPART_SHARES)
    return np.asarray(rng.integers(starts[daypart], ends[daypart]))


def visit_probabilities(visit: Floats, weekday: int, weekend: float) -> Floats:
    """Probabilities that diners come on a weekday (0 = Monday); Friday to Sunday weigh more, the week's mean stays."""
    mean = (4.0 + 3.0 * weekend) / 7.0
    return np.asarray(np.minimum(visit * (weekend if weekday >= 4 else 1.0) / mean, 1.0))


def opening_hours(restaurants: Restaurants) -> list[list[int]]:
    """Minutes of the week in pairs, one list a restaurant."""
    kinds = [cuisine.kind for cuisine in CUISINES]
    known = {(kind, closed): weekly_hours(kind, closed) for kind in KINDS for closed in range(8)}
    pairs = zip(restaurants.cuisine.tolist(), restaurants.closed_day.tolist(), strict=True)
    return [known[kinds[cuisine], closed] for cuisine, closed in pairs]


def open_by_hour(hours: list[list[int]]) -> Bools:
    """(7, 24, n) who is open; all hours of the city are whole, so an hour is open or not."""
    packed = WeeklyHours.pack(hours)
    return np.stack(
        [
            np.stack([packed.open_at(weekday * MINUTES_PER_DAY + hour * 60) for hour in range(24)])
            for weekday in range(7)
        ]
    )
