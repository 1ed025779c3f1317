"""`cold-cache`: the feature cache is flushed under load. Diners are made anew; nothing fails or is degraded."""

from loadtests.intervals import quantile
from loadtests.scenarios.judging import exactly, p_ms, seconds_until_usual, with_recovery
from loadtests.scenarios.scenario import Check, Figure, Happening, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage

_FLUSHED = "Redis flushed"


def play(stage: Stage) -> Outcome:
    """Warm, flushed in the middle."""
    half = stage.plan.seconds / 2
    stage.offer(
        [Segment("warm", stage.plan.rate, half), Segment("flushed", stage.plan.rate, half)],
        [Happening(half, _FLUSHED, stage.flush_redis)],
    )
    seen, at = stage.recording, stage.recording.when(_FLUSHED).at
    first = seen.waited[(seen.at >= at) & (seen.at < at + 2)]
    usual = seconds_until_usual(seen, at, p_ms(seen, "warm", 0.5))
    outcome = Outcome(
        [
            answered(seen),
            Check("a flushed cache degrades no list", not seen.degraded.any(), f"{int(seen.degraded.sum())} degraded"),
        ],
        [
            Figure("p99 in the 2 s after the flush", "ms", exactly(quantile(first, 0.99) * 1e3)),
        ],
    )
    return with_recovery(outcome, usual)


SCENARIO = Scenario("cold-cache", "the feature cache is flushed under load", seconds=20, rate=200, play=play)
