"""A city that changes on one day: restaurants open and close, fashions turn, and diners come to like other things."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from data.city.vocabulary import CUISINES
from data.city.world import City

_CHANGE: Final = 0x6368616E


@dataclass(frozen=True)
class Change:
    """What is different from a day on. Whom it meets depends on the seed alone. Raises ValueError for a bad share."""

    day: int
    """0 = the log's first."""
    opening: float = 0.15
    """Share of the restaurants that open on this day."""
    closing: float = 0.1
    """Share of the others that close for good."""
    taste: float = 0.5
    """Share of the diners who have somebody else's taste from then on, so that all tastes together stay the same."""
    fashion: float = 0.5
    """Standard deviation over cuisines of what all diners see in them more, or less, than before."""

    def __post_init__(self) -> None:
        for name in ("opening", "closing", "taste"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: a share from 0 to 1, not {getattr(self, name)}")
        if not 0.0 <= self.fashion < np.inf:
            raise ValueError(f"fashion: a finite number from 0, not {self.fashion}")

    def before(self, city: City, seed: int) -> City:
        """The city until the day, in which those who open on it are announced but not open."""
        opened = np.where(self._opening(city, seed), self.day, city.restaurants.opened_day)
        return replace(city, restaurants=replace(city.restaurants, opened_day=opened.astype(np.int32)))

    def after(self, city: City, seed: int) -> City:
        """What `before` gave, from the day on."""
        opening = self._opening(city, seed)
        rng = np.random.default_rng([seed, _CHANGE, 1])
        closed = ~opening & (rng.random(opening.size) < self.closing)
        turned = self.fashion * rng.standard_normal(len(CUISINES))
        moving = np.flatnonzero(rng.random(city.diners.lat.size) < self.taste)
        taste = city.diners.taste.copy()
        # Each takes the taste of the next one in a random circle, so nobody keeps an own one by chance.
        circle = rng.permutation(moving)
        taste[circle] = taste[np.roll(circle, 1)]
        restaurants = replace(city.restaurants, quality=city.restaurants.quality + turned[city.restaurants.cuisine])
        return replace(
            city,
            restaurants=restaurants,
            diners=replace(city.diners, taste=taste),
            open_hours=city.open_hours & ~closed,
        )

    def _opening(self, city: City, seed: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        drawn: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            np.random.default_rng([seed, _CHANGE]).random(city.restaurants.lat.size) < self.opening
        )
        return drawn
