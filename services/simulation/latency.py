"""How long a diner waits for a list: what it costs to make, and how busy the machines are.

A queue with room for as many lists as can be made before the timeout (M/M/1/K; Kleinrock 1975, 3.6): with a list's own
work s and the machines busy to the share rho, n lists are before it with a probability in proportion to rho^n, n <= K,
and it is there after (n + 1) s. Who finds the queue full gets a list without the model at the timeout: where there is
much too much to do that is the share 1 - 1 / rho. More traffic never makes anyone wait less.

The machines are as many as keep `utilisation` with the cheapest list at the busiest hour of a mean day of the log: more
work for a list, weekends and more diners fill them. Costs are those that `docs/performance.md` and `docs/models.md`
give for this system.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LIGHT_MS: Final = 0.34
"""CPU of a whole request with a model of one stage, at a shortlist of 200."""
SECOND_STAGE_MS: Final = 0.44
"""What a second stage adds."""
SHORTLISTED_MS: Final = 0.0001
"""What each restaurant more in the shortlist adds."""
AUCTION_MS: Final = 0.075
"""What an auction and its log add."""
_SHORTLIST: Final = 200
_EVEN: Final = 1e-9
"""So near to 1 the queue's lengths are equally likely."""


def cpu_ms(second_stage: bool, sells: bool, shortlist: int) -> float:
    """CPU milliseconds of a list."""
    work = LIGHT_MS + SHORTLISTED_MS * (shortlist - _SHORTLIST)
    return work + SECOND_STAGE_MS * second_stage + AUCTION_MS * sells


@dataclass(frozen=True)
class Machines:
    """What stands between the list and the diner. Raises ValueError for what cannot be."""

    network_ms: float = 60.0
    """On the way and on the phone; nobody's lever."""
    added_ms: float = 0.0
    """Put on top of every answer: to ask what slowness costs."""
    utilisation: float = 0.4
    """Of the CPUs, with the cheapest list at the busiest hour of a mean day."""
    slowness: float = 1.0
    """Milliseconds that one of the measured milliseconds takes: slower machines, a larger catalogue."""
    timeout_ms: float = 1_000.0

    def __post_init__(self) -> None:
        if not 0.0 < self.utilisation < 1.0:
            raise ValueError(f"utilisation: above 0 and below 1, not {self.utilisation:g}")
        if min(self.network_ms, self.added_ms) < 0.0 or min(self.slowness, self.timeout_ms) <= 0.0:
            raise ValueError("network_ms and added_ms: not below 0; slowness and timeout_ms: above 0")

    def wait(self, cost_ms: float, traffic: float, uniforms: Doubles) -> tuple[Doubles, Bools]:
        """((R,) milliseconds until the list is there, (R,) which come without the model).

        cost_ms: CPU of a list. traffic: requests relative to the busiest hour of a mean day. uniforms: (R,) in (0, 1).
        """
        busy = self.utilisation * cost_ms / LIGHT_MS * traffic
        work = cost_ms * self.slowness
        room = max(1, int(self.timeout_ms / work))
        ahead = _ahead(busy, room, uniforms)
        late = ahead >= room
        took = np.where(late, self.timeout_ms, (ahead + 1) * work)
        return self.network_ms + self.added_ms + took, np.asarray(late)


def _ahead(busy: float, room: int, uniforms: Doubles) -> Doubles:
    """(R,) lists before each in a queue with room for so many (`room`: full); low numbers find the longest queues."""
    if abs(busy - 1.0) < _EVEN:
        return np.asarray(np.floor((room + 1) * (1.0 - uniforms)))
    if busy < 1.0:
        least = busy ** (room + 1)
        return np.asarray(np.minimum(np.floor(np.log(uniforms * (1.0 - least) + least) / np.log(busy)), room))
    # By the free places, which fall off in the same way.
    free = 1.0 / busy
    left = np.floor(np.log1p(-uniforms * (1.0 - free ** (room + 1))) / np.log(free))
    return np.asarray(np.maximum(room - left, 0.0))
