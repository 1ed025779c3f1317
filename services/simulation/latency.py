"""How long a diner waits for a list: what it costs to make, and how busy the machines are.

A queue with processor sharing: with a list's own work s and the machines busy to the share rho, its time is
exponential X
the timeout: of the lists of a moment with rho > 1 that is the share 1 - 1 / rho. A list that is not there at the
timeout comes without the model.

The machines are as many as keep `utilisation` with the cheapest list at the log's busiest hour: more work for a list,
or more diners, fill them. Costs are those that `docs/performance.md` and `docs/models.md` give for this system.
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
    """Of the CPUs, with the cheapest list at the busiest hour of the log."""
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

        cost_ms: CPU of a list. traffic: requests relative to the log's busiest hour. uniforms: (R,) in (0, 1).
        """
        busy = self.utilisation * cost_ms / LIGHT_MS * traffic
        work = cost_ms * self.slowness
        if busy < 1.0:
            took = -np.log(uniforms) * work / (1.0 - busy)
        else:
            # The lowest numbers are the longest waits, here as above.
            took = np.where(uniforms < 1.0 - 1.0 / busy, np.inf, work)
        late = took > self.timeout_ms
        return self.network_ms + self.added_ms + np.minimum(took, self.timeout_ms), np.asarray(late)
