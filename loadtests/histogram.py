"""Latencies as a raw histogram that can be kept, added up and read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

STEPS_PER_OCTAVE = 64
"""Buckets for each doubling: a value read from the histogram is at most 1.1 % too high."""
_QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True)
class Histogram:
    """Counts in geometric buckets: bucket b holds latencies in (2^((b-1)/64), 2^(b/64)] µs; bucket 0 up to 1 µs."""

    counts: npt.NDArray[np.int64]
    highest_us: float

    @classmethod
    def of(cls, seconds: npt.NDArray[np.float64]) -> Self:
        """The histogram of latencies in seconds, each finite and >= 0."""
        if seconds.size and not (np.isfinite(seconds).all() and seconds.min() >= 0):
            raise ValueError("latencies must be finite and not negative")
        us = np.maximum(seconds * 1e6, 1.0)
        buckets = np.ceil(np.log2(us) * STEPS_PER_OCTAVE - 1e-9).astype(np.int64)
        return cls(np.bincount(buckets), float(us.max()) if us.size else 0.0)

    def __add__(self, other: "Histogram") -> "Histogram":
        counts = np.zeros(max(self.counts.size, other.counts.size), dtype=np.int64)
        counts[: self.counts.size] += self.counts
        counts[: other.counts.size] += other.counts
        return Histogram(counts, max(self.highest_us, other.highest_us))

    @property
    def total(self) -> int:
        """How many latencies it holds."""
        return int(self.counts.sum())

    def quantile_ms(self, q: float) -> float:
        """The smallest bucket edge that at least a share q of the latencies does not pass, ms; NaN when empty."""
        if not self.total:
            return float("nan")
        rank = max(1, int(np.ceil(q * self.total)))
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        return float(min(2.0 ** (bucket / STEPS_PER_OCTAVE), self.highest_us) / 1e3)

    def summary_ms(self) -> dict[str, float]:
        """p50, p90, p99, p99.9 and max in ms."""
        values = {name: self.quantile_ms(q) for name, q in _QUANTILES.items()}
        return values | {"max": self.highest_us / 1e3 if self.total else float("nan")}

    def as_json(self) -> dict[str, Any]:
        """The raw histogram: upper edges in µs and counts of the buckets that hold something."""
        filled = np.flatnonzero(self.counts)
        return {
            "unit": "us",
            "steps_per_octave": STEPS_PER_OCTAVE,
            "buckets": filled.tolist(),
            "counts": self.counts[filled].tolist(),
            "highest": self.highest_us,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`."""
        if value["steps_per_octave"] != STEPS_PER_OCTAVE or value["unit"] != "us":
            raise ValueError("a histogram with other buckets")
        counts = np.zeros(max(value["buckets"], default=-1) + 1, dtype=np.int64)
        counts[value["buckets"]] = value["counts"]
        return cls(counts, float(value["highest"]))
