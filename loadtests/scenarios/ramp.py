"""`ramp`: more and more, until it breaks; then the knee is closed in on.

The knee is the highest rate at which the server still keeps its promise: p99 within `slo_slow_ms` (100 ms, the
setting's default), every request answered, at least 98 % of the offered rate achieved.
"""

from typing import Final

from loadtests.intervals import Interval
from loadtests.open_loop import OpenLoopResult
from loadtests.scenarios.scenario import Check, Figure, Outcome, Scenario, Segment
from loadtests.scenarios.stage import Stage
from services.settings import Settings

_STEP: Final = 1.5
_CLOSER: Final = 3
"""Rates tried between the last that held and the first that did not; each halves the gap."""
_MOST: Final = 20
_ACHIEVED: Final = 0.98


def play(stage: Stage) -> Outcome:
    """Climb, then close in. One rung takes a tenth of the run's seconds."""
    limit_ms = Settings.model_fields["slo_slow_ms"].default
    outcome = Outcome()
    held, broke, rate = 0.0, float("inf"), stage.plan.rate
    for _ in range(_MOST):
        result = stage.offer([Segment(f"{rate:,.0f}/s", rate, stage.plan.seconds / 10)])
        keeps = holds(result, limit_ms)
        held, broke = (max(held, rate), broke) if keeps else (held, min(broke, rate))
        p99 = result.latencies.quantile_ms(0.99)
        outcome.notes.append(
            f"{rate:,.0f}/s: {result.achieved_rate:,.0f}/s answered, p99 {p99:,.1f} ms, {result.errors} without a 2xx: "
            + ("holds" if keeps else "breaks")
        )
        if held and broke < float("inf") and broke / held < _STEP ** (1 / 2**_CLOSER) * 1.001:
            break
        if broke == float("inf"):
            rate *= _STEP
        else:
            rate = (held * broke) ** 0.5 if held else rate / _STEP
    found = held > 0 and broke < float("inf")
    outcome.notes.append(f"knee: between {held:,.0f}/s and {broke:,.0f}/s" if found else "no knee was found")
    outcome.checks.append(Check("a knee was found", found, f"held {held:,.0f}/s, broke {broke:,.0f}/s"))
    outcome.figures.append(Figure("knee", "requests/s", Interval(held, held, broke), more_is_worse=False))
    return outcome


def holds(result: OpenLoopResult, limit_ms: float) -> bool:
    """Whether the promise was kept at this rate."""
    in_time = result.latencies.quantile_ms(0.99) <= limit_ms
    return in_time and result.errors == 0 and result.achieved_rate >= _ACHIEVED * result.offered_rate


SCENARIO = Scenario("ramp", "rates rise until the promise breaks: where is the knee?", seconds=40, rate=200, play=play)
