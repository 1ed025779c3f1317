"""What several scenarios ask of a recording."""

import math
from dataclasses import replace
from typing import Final

import numpy as np

from loadtests.intervals import Interval, quantile
from loadtests.scenarios.scenario import Figure, Outcome, Recording

WINDOW_SECONDS: Final = 0.25
_USUAL: Final = 2.0


def exactly(value: float) -> Interval:
    """A figure of one observation: it has no interval."""
    return Interval(value, float("nan"), float("nan"))


def with_recovery(outcome: Outcome, seconds: float) -> Outcome:
    """The same with the figure of `seconds_until_usual`, or with a note where the run ended before."""
    if math.isinf(seconds):
        return replace(outcome, notes=[*outcome.notes, "not back to usual within the run"])
    return replace(outcome, figures=[*outcome.figures, Figure("back to usual after", "s", exactly(seconds))])


def p_ms(recording: Recording, phase: str, q: float) -> float:
    """A latency quantile of a phase, ms."""
    return quantile(recording.waited[recording.of(phase)], q) * 1e3


def seconds_until_usual(recording: Recording, since: float, usual_p50_ms: float) -> float:
    """Seconds from `since` until the medians of quarter seconds are at most twice the usual one, and stay so.

    Infinite where the last window was still slower; windows in which nothing was asked do not count.
    """
    later = recording.at >= since
    window = ((recording.at[later] - since) / WINDOW_SECONDS).astype(np.int64)
    waited = recording.waited[later] * 1e3
    slow = [number for number in np.unique(window) if quantile(waited[window == number], 0.5) > _USUAL * usual_p50_ms]
    if not slow:
        return 0.0
    return float("inf") if slow[-1] == window[-1] else float((slow[-1] + 1) * WINDOW_SECONDS)
