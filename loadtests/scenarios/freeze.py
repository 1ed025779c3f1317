"""`freeze`: the server's processes are stopped for 2 s. This tests the harness: it must see them all."""

import signal
import time
from typing import Final

import numpy as np

from loadtests.intervals import quantile
from loadtests.scenarios.judging import p_ms, seconds_until_usual, with_recovery
from loadtests.scenarios.scenario import Check, Happening, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage

FROZEN_SECONDS: Final = 2.0
_FROZEN: Final = "server frozen"


def play(stage: Stage) -> Outcome:
    """SIGSTOP after a quarter of the run, SIGCONT 2 s later (sooner in runs of less than 8 s)."""
    quarter, rate = stage.plan.seconds / 4, stage.plan.rate
    frozen_for = min(FROZEN_SECONDS, quarter)

    def freeze() -> None:
        stage.signal_server(signal.SIGSTOP)
        try:
            time.sleep(frozen_for)
        finally:
            stage.signal_server(signal.SIGCONT)

    stage.offer(
        [Segment("before", rate, quarter), Segment("frozen", rate, 3 * quarter)], [Happening(quarter, _FROZEN, freeze)]
    )
    seen, frozen = stage.recording, stage.recording.when(_FROZEN)
    into = (seen.at >= frozen.at) & (seen.at < frozen.at + frozen.seconds)
    # Due t seconds into a freeze of f seconds, a request waits f - t: half of f on average, nearly f at most.
    median, longest = quantile(seen.waited[into], 0.5), float(np.max(seen.waited[into], initial=0.0))
    p99 = quantile(seen.waited, 0.99)
    check = Check(
        "the freeze is in the latencies",
        median > 0.35 * frozen.seconds and longest > 0.8 * frozen.seconds and p99 > 0.75 * frozen.seconds,
        f"{frozen.seconds:.2f} s frozen: {int(into.sum())} requests due into it waited {median:.2f} s in the median, "
        f"{longest:.2f} s at most; p99 of the run {p99:.2f} s",
    )
    if not check.held:
        seen.problems.append("the harness did not see the freeze")
    usual = seconds_until_usual(seen, frozen.at + frozen.seconds, p_ms(seen, "before", 0.5))
    return with_recovery(Outcome([answered(seen), check]), usual)


SCENARIO = Scenario(
    "freeze", "the server is stopped for 2 s: does the harness see it?", seconds=20, rate=200, play=play
)
