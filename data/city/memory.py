"""What diners remember: the last few restaurants that each ordered from, how often, and when."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

NEVER = -1_000_000
"""The day of an order that was not made."""


@dataclass(frozen=True)
class Memory:
    """Up to H distinct restaurants for each of N diners. The arrays are changed in place by `learn`."""

    restaurants: npt.NDArray[np.int32]
    """(N, H) rows of restaurants, -1 for none."""
    orders: npt.NDArray[np.int32] | npt.NDArray[np.float64]
    """(N, H) orders so far; where they fade, what was left of them on the day of the last one."""
    last_day: npt.NDArray[np.int32]
    """(N, H) day of the last order, `NEVER` where there is none."""
    half_life_days: float = np.inf
    """After which an order counts half as a habit."""

    @classmethod
    def blank(cls, diners: int, size: int) -> Self:
        """Nobody has ordered anything."""
        shape = (diners, size)
        return cls(np.full(shape, -1, np.int32), np.zeros(shape, np.int32), np.full(shape, NEVER, np.int32))

    def copy(self) -> Self:
        """The same memories, to be changed apart."""
        return type(self)(self.restaurants.copy(), self.orders.copy(), self.last_day.copy(), self.half_life_days)

    def fading(self, half_life_days: float) -> Self:
        """The same memories, whose orders fade from here on."""
        orders = self.orders.astype(np.float64)
        return type(self)(self.restaurants.copy(), orders, self.last_day.copy(), half_life_days)

    def orders_of(self, diners: npt.NDArray[np.integer], day: int) -> npt.NDArray[np.number]:
        """(R, H) what is left on a day of these diners' orders."""
        if self.half_life_days == np.inf:
            return np.asarray(self.orders[diners])
        return np.asarray(self.orders[diners] * 0.5 ** ((day - self.last_day[diners]) / self.half_life_days))

    def learn(self, diners: npt.NDArray[np.integer], restaurants: npt.NDArray[np.integer], day: int) -> None:
        """Note one order for each of these different diners; a new restaurant takes the place of the stalest."""
        same = self.restaurants[diners] == restaurants[:, None]
        known = same.any(axis=1)
        slot = np.where(known, same.argmax(axis=1), self.last_day[diners].argmin(axis=1))
        self.orders[diners, slot] = np.where(known, self.orders_of(diners, day)[np.arange(len(slot)), slot] + 1, 1)
        self.restaurants[diners, slot] = restaurants
        self.last_day[diners, slot] = day
