"""`spike`: ten times the rate for a fifth of the run. Nobody may hang, and afterwards all must be as before."""

from collections import Counter
from typing import Final

from loadtests.open_loop import UNANSWERED
from loadtests.scenarios.judging import p_ms, seconds_until_usual, with_recovery
from loadtests.scenarios.scenario import Check, Outcome, Scenario, Segment
from loadtests.scenarios.stage import Stage

TIMES: Final = 10.0
_RECOVERED_SECONDS: Final = 2.0


def play(stage: Stage) -> Outcome:
    """Before, ten times as much, after."""
    rate, seconds = stage.plan.rate, stage.plan.seconds
    before, during = 0.3 * seconds, 0.2 * seconds
    stage.offer(
        [
            Segment("before", rate, before),
            Segment("spike", TIMES * rate, during),
            Segment("after", rate, seconds - before - during),
        ]
    )
    seen = stage.recording
    bad = Counter(seen.answers[~seen.good].tolist())
    rejected, hung = bad.pop(503, 0), bad.pop(UNANSWERED, 0)
    recovery = seconds_until_usual(seen, before + during, p_ms(seen, "before", 0.5))
    asked = seen.of("spike").size
    outcome = Outcome(
        [
            Check("no answer is an error, other than 503", not bad, f"{dict(bad)}" if bad else "none"),
            Check("no request hangs", hung == 0, f"{hung} never answered"),
            Check("back to usual within 2 s", recovery <= _RECOVERED_SECONDS, f"after {recovery:.2f} s"),
        ],
        notes=[f"{rejected:,} of the spike's {asked:,} requests were turned away with 503"],
    )
    return with_recovery(outcome, recovery)


SCENARIO = Scenario("spike", "ten times the rate for a fifth of the run", seconds=40, rate=200, play=play)
