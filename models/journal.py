"""What happened when: the part of a log that context and habit are learnt from, as arrays.

`TrainingData` says what was liked, free of time and place. A `Journal` keeps the moments: who did what, where and when,
and what was shown to whom. All times are whole seconds since 1970, UTC.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from data.geo import distance_km, log_travel_time
from data.hours import WeeklyHours

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAYPARTS: Final = ("breakfast", "lunch", "afternoon", "dinner", "late")
_DAYPART_FROM: Final = np.asarray([5, 11, 15, 18, 22])
"""Local hours at which each begins; the last goes on to the first."""
_MINUTES_PER_DAY: Final = 24 * 60
_TIME_BITS: Final = 29
_NEVER: Final = (1 << _TIME_BITS) - 1


@dataclass(frozen=True, eq=False)
class Actions:
    """m clicks and orders."""

    diners: Rows
    """(m,) any numbers from 0 that tell those who act apart."""
    restaurants: Rows
    """(m,) from 0."""
    at: Rows
    """(m,)"""
    ordered: Bools
    """(m,) an order; else a click."""

    def __len__(self) -> int:
        return len(self.at)

    def where(self, mask: Bools | Rows) -> Self:
        """A part of them, or all in another order."""
        return type(self)(self.diners[mask], self.restaurants[mask], self.at[mask], self.ordered[mask])


@dataclass(frozen=True, eq=False)
class Places:
    """What of n restaurants enters the second stage and does not change with what diners do."""

    lat: Doubles
    lon: Doubles
    price_levels: Doubles
    """(n,) 1..4, 0: not known."""
    cuisines: Rows
    """(n,) the first cuisine of each, as a number that is the same for the same cuisine; -1: none is known."""
    opened_at: Doubles
    """(n,) NaN: not known, taken as long ago."""


@dataclass(frozen=True, eq=False)
class Asked:
    """B requests: who asked, when, and where from."""

    diners: Rows
    """(B,)"""
    at: Rows
    """(B,)"""
    minutes: Rows
    """(B,) local minute of the week."""
    lat: Doubles
    """(B,) NaN: not known."""
    lon: Doubles

    def __len__(self) -> int:
        return len(self.at)

    def part(self, chosen: slice | Rows | Bools) -> Self:
        """Some of them."""
        return type(self)(
            self.diners[chosen], self.at[chosen], self.minutes[chosen], self.lat[chosen], self.lon[chosen]
        )

    def log_times(self, places: Places, columns: Rows) -> Doubles:
        """(B, S) log minutes of the way to the restaurants in `columns`, (B, S); NaN where the place is not known."""
        lat, lon = places.lat[columns], places.lon[columns]
        return log_travel_time(distance_km(self.lat[:, None], self.lon[:, None], lat, lon))


@dataclass(frozen=True, eq=False)
class ShownLists:
    """What R requests were shown, with what became of it."""

    asked: Asked
    restaurants: Rows
    """(R, K) -1: an empty place."""
    positions: Rows
    """(R, K) 1 = top."""
    grades: npt.NDArray[np.int8]
    """(R, K) 2 ordered, 1 clicked, 0 neither."""

    def part(self, chosen: Bools | Rows) -> Self:
        """Some of the requests."""
        asked = self.asked.part(chosen)
        return type(self)(asked, self.restaurants[chosen], self.positions[chosen], self.grades[chosen])


@dataclass(frozen=True, eq=False)
class Journal:
    """One market's training period. Nothing after it is in here."""

    places: Places
    cuisines: tuple[str, ...]
    """Names of the cuisines, by their numbers in `places`."""
    hours: WeeklyHours
    actions: Actions
    minutes: Rows
    """(actions,) local minute of the week of each."""
    shown: ShownLists

    def before(self, at: int) -> Self:
        """What happened before a time."""
        actions, shown = self.actions.at < at, self.shown.asked.at < at
        return replace(
            self, actions=self.actions.where(actions), minutes=self.minutes[actions], shown=self.shown.part(shown)
        )


def open_then(hours: WeeklyHours, minutes: Rows) -> Bools:
    """(B, n) who is open at local minutes of the week, (B,)."""
    moments, which = np.unique(minutes, return_inverse=True)
    opens = [hours.open_at(int(minute)) for minute in moments]
    return np.stack(opens)[which] if opens else np.empty((0, len(hours.unknown)), np.bool_)


def daypart_of(minutes: Rows) -> Rows:
    """Index into DAYPARTS of local minutes of the week; any shape."""
    hours = minutes % _MINUTES_PER_DAY // 60
    return np.asarray((np.searchsorted(_DAYPART_FROM, hours, side="right") - 1) % len(DAYPARTS))


class Counted:
    """How often and when last something happened to each of many keys, as of any time: nothing after it is seen."""

    def __init__(self, keys: Rows, at: Rows) -> None:
        """keys: (m,) numbers from 0. at: (m,).

        Raises ValueError where they span more than a key and a time have room for in 63 bits: 17 years, 10^10 keys.
        """
        self._origin = int(at.min()) if len(at) else 0
        if len(at) and (int(at.max()) - self._origin >= _NEVER or int(keys.max()) >> (63 - _TIME_BITS)):
            raise ValueError("a log of more than 17 years, or of too many diners and restaurants, to count in")
        self._moments = np.sort(self._at(keys, at))

    def before(self, keys: Rows, at: Rows) -> tuple[Rows, Rows]:
        """(how often, when last) before `at`, of the same shape as `keys`; the time is 0 where it never did."""
        first, last = self.span(keys, at)
        count = last - first
        if not len(self._moments):
            return count, np.zeros_like(count)
        newest = (self._moments[np.maximum(last - 1, 0)] & _NEVER) + self._origin
        return count, np.where(count > 0, newest, 0)

    def span(self, keys: Rows, at: Rows) -> tuple[Rows, Rows]:
        """[first, last) places among all happenings, sorted by key and time, of what happened to a key before `at`."""
        first = np.searchsorted(self._moments, keys << _TIME_BITS)
        return first, np.searchsorted(self._moments, self._at(keys, at))

    def _at(self, keys: Rows, at: Rows) -> Rows:
        return np.asarray((keys << _TIME_BITS) | np.clip(at - self._origin, 0, _NEVER))
