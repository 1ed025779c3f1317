"""Numbers with their 95 % intervals. Pure.

A diner's lists are alike, so diners are what is drawn, not lists: ratios have the interval of the ratio estimator over
diners (the delta method; Cochran, "Sampling Techniques", 1977, 6.3), anything else a bootstrap of diners.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Doubles = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float64]

DRAWS: Final = 400
"""Of a bootstrap: the ends of its interval are good to a tenth of its width."""
_Z: Final = 1.959964
_NONE_SEEN: Final = 3.688879
"""Upper 97.5 % bound of a Poisson mean of which nothing was seen: -ln 0.025."""
_BUCKETS_A_DOUBLING: Final = 8


@dataclass(frozen=True)
class Estimate:
    """A number, what it rests on, or why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """How many of `of` it rests on."""
    of: str = ""
    reason: str | None = None
    """Why there is no value; beside a value, what must be known to read it."""

    @property
    def measured(self) -> dict[str, float | None]:
        """`{"value", "low", "high"}`."""
        return {"value": self.value, "low": self.low, "high": self.high}


def missing(reason: str) -> Estimate:
    """No number, and why."""
    return Estimate(reason=reason)


def account(value: float, n: int, of: str) -> Estimate:
    """A sum of all there was: nothing was drawn, so it has no error of sampling."""
    return Estimate(value, value, value, n, of)


def ratio(parts: Doubles, wholes: Doubles, of: str, scale: float = 1.0) -> Estimate:
    """`scale` times the sum of `parts` over the sum of `wholes`, each (c,) over clusters drawn independently."""
    total, n = float(wholes.sum()), len(wholes)
    if total <= 0.0:
        return missing(f"no {of} yet")
    if n < 2:
        return missing(f"one cluster of {of} only: an interval takes two")
    value = float(parts.sum()) / total
    spread = math.sqrt(float(np.square(parts - value * wholes).sum()) * n / (n - 1)) / total
    reach = float(special.stdtrit(n - 1, 0.975)) * spread
    return Estimate(scale * value, scale * (value - reach), scale * (value + reach), n, of)


def rate(hits: Doubles, wholes: Doubles, of: str, scale: float = 1.0) -> Estimate:
    """The ratio where `hits` are counts: it is not below 0, and where nothing was seen the bound is Poisson's."""
    found = ratio(hits, wholes, of, scale)
    if found.value is None or found.low is None or found.high is None:
        return found
    if not hits.any():
        return Estimate(0.0, 0.0, scale * _NONE_SEEN / float(wholes.sum()), found.n, of)
    return Estimate(found.value, max(0.0, found.low), found.high, found.n, of)


def clipped(found: Estimate, low: float = -math.inf, high: float = math.inf) -> Estimate:
    """The same with the interval inside of what the number can be."""
    if found.low is None or found.high is None:
        return found
    return Estimate(found.value, max(low, found.low), min(high, found.high), found.n, found.of, found.reason)


def share(hits: int, trials: int, of: str) -> Estimate:
    """A share of independent trials, with Wilson's interval (1927)."""
    if not trials:
        return missing(f"no {of} yet")
    p, z2 = hits / trials, _Z * _Z / trials
    center = (p + z2 / 2) / (1 + z2)
    half = _Z * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials)) / (1 + z2)
    # Rounding may put an end beyond the share itself where that is 0 or 1.
    return Estimate(p, min(p, max(0.0, center - half)), max(p, min(1.0, center + half)), trials, of)


def bootstrap(clusters: int, statistic: Callable[[Weights], Doubles], of: str, seed: int = 0) -> Estimate:
    """A statistic over clusters, with the percentile interval of a bootstrap of them.

    `statistic` takes (b, clusters) how often each was drawn, and gives (b,); NaN where there is none.
    """
    value = float(statistic(np.ones((1, clusters)))[0])
    if not math.isfinite(value):
        return missing(f"no {of} yet")
    drawn = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1.0 / clusters), DRAWS)
    found = statistic(drawn.astype(np.float64))
    low, high = np.quantile(found[np.isfinite(found)], (0.025, 0.975))
    return Estimate(value, min(value, float(low)), max(value, float(high)), clusters, of)


def bucket_of(seconds: float) -> int:
    """The bucket of a duration in a histogram whose buckets grow by a factor of 2 ** (1 / 8), 9 %; 0 up to 1 µs."""
    micros = seconds * 1e6
    return int(_BUCKETS_A_DOUBLING * math.log2(micros)) if micros > 1.0 else 0


def quantile(buckets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], level: float, of: str) -> Estimate:
    """A quantile, in ms, of durations (h,) counted by `bucket_of`, buckets rising.

    Within a bucket durations are taken as spread evenly in the logarithm. The interval is that of order statistics of
    independent answers (Hahn, Meeker, "Statistical Intervals", 1991, 5.2): slow ones come in bursts, so it is narrow.
    """
    total = int(counts.sum())
    if not total:
        return missing(f"no {of} yet")
    half = _Z * math.sqrt(level * (1.0 - level) / total)
    levels = np.clip([level, level - half, level + half], 0.0, 1.0)
    ends = np.cumsum(counts)
    at = np.minimum(np.searchsorted(ends, levels * total), len(counts) - 1)
    inside = np.clip((levels * total - (ends[at] - counts[at])) / counts[at], 0.0, 1.0)
    value, low, high = (2.0 ** ((buckets[at] + inside) / _BUCKETS_A_DOUBLING) / 1000.0).tolist()
    return Estimate(value, low, high, total, of)


def change(now: Estimate, before: Estimate) -> Estimate:
    """The difference of two numbers, its interval put together from theirs (MOVER; Zou, Donner, Stat. Med. 2008).

    As of independent numbers. Those of the same diners in two weeks move together, so theirs is wider than it need be.
    """
    if now.value is None:
        return missing("no number now")
    if before.value is None:
        return missing(f"no number before: {before.reason}")
    assert now.low is not None
    assert now.high is not None
    assert before.low is not None
    assert before.high is not None
    value = now.value - before.value
    below = math.hypot(now.value - now.low, before.high - before.value)
    above = math.hypot(now.high - now.value, before.value - before.low)
    return Estimate(value, value - below, value + above, min(now.n, before.n), now.of)
