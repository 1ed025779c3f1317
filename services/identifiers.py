"""Identifiers that the system makes itself."""

import os
import time
from typing import Final

_RANDOM_BYTES: Final = 10
_POOL_IDS: Final = 256


class RequestIds:
    """128-bit ids as 32 hexadecimal digits, rising with time: 48 bits of milliseconds, then 80 random ones.

    Rising ids are appended at the end of a database's index instead of all over it. Randomness is drawn for many ids at
    once: a system call for each would cost more than half of what ranking does.
    """

    def __init__(self) -> None:
        self._pool = b""

    def new(self) -> str:
        """The next id."""
        pool = self._pool or os.urandom(_RANDOM_BYTES * _POOL_IDS)
        self._pool = pool[_RANDOM_BYTES:]
        return f"{time.time_ns() // 1_000_000:012x}{pool[:_RANDOM_BYTES].hex()}"
