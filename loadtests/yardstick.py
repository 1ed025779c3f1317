"""How fast the machine itself is at the moment: a piece of work that never changes, timed in CPU seconds.

Virtual machines run faster and slower from hour to hour. Two reports are only compared where this work took them the
same time, within a tenth.
"""

import hashlib
import statistics
import time
from typing import Final

_ROUNDS: Final = 9
_SAME: Final = 0.10


def yardstick_ms() -> float:
    """Median CPU time of a fixed loop and a fixed hash, ms; about a tenth of a second in all."""
    block = bytes(range(256)) * 2_048
    taken = []
    for _ in range(_ROUNDS):
        before = time.process_time()
        total = 0
        for number in range(60_000):
            total += number & 7
        hashlib.sha256(block + total.to_bytes(8, "big")).digest()
        taken.append((time.process_time() - before) * 1e3)
    return statistics.median(taken)


def same_speed(before_ms: float, now_ms: float) -> bool:
    """Whether the machine was as fast then as now.

    >>> same_speed(10.0, 10.9), same_speed(10.0, 11.5)
    (True, False)
    """
    return abs(now_ms / before_ms - 1.0) <= _SAME
