"""`redis-away`: Redis is killed with -9 under load and comes back, empty, a third of the run later."""

import numpy as np

from loadtests.scenarios.judging import exactly, p_ms
from loadtests.scenarios.scenario import Check, Figure, Happening, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage

_KILLED, _BACK = "Redis killed", "Redis started again"
_RECOVERED_SECONDS = 2.0


def play(stage: Stage) -> Outcome:
    """There, away, back."""
    third, rate = stage.plan.seconds / 3, stage.plan.rate
    stage.offer(
        [Segment("there", rate, third), Segment("away", rate, third), Segment("back", rate, third)],
        [Happening(third, _KILLED, stage.kill_redis), Happening(2 * third, _BACK, stage.start_redis)],
    )
    seen = stage.recording
    killed, back = seen.when(_KILLED), seen.when(_BACK)
    up = back.at + back.seconds
    late = seen.at[seen.degraded & (seen.at > up)]
    recovery = float(late.max() - up) if late.size else 0.0
    settled = (seen.at > killed.at + 1.0) & (seen.at < back.at) & seen.lists
    marked = float(np.mean(seen.degraded[settled])) if settled.any() else float("nan")
    return Outcome(
        [
            answered(seen),
            Check(
                "lists say that the cache is away", marked > 0.99, f"{marked:.1%} of them, from 1 s after the kill on"
            ),
            Check(
                "no list is degraded 2 s after Redis is back",
                recovery <= _RECOVERED_SECONDS,
                f"the last one {recovery:.2f} s after",
            ),
        ],
        [
            Figure("degraded after Redis is back, for", "s", exactly(recovery)),
            Figure("p99 away over p99 there", "x", exactly(p_ms(seen, "away", 0.99) / p_ms(seen, "there", 0.99))),
        ],
    )


SCENARIO = Scenario(
    "redis-away", "Redis is killed with -9 under load, and started again", seconds=30, rate=200, play=play
)
