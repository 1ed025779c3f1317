"""`noisy-neighbour`: on the server's core somebody burns CPU, and then a retraining run does its work."""

import contextlib
import sys

from loadtests.scenarios.judging import exactly, p_ms
from loadtests.scenarios.scenario import Figure, Happening, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage

_BURN = "while True: pass"


def play(stage: Stage) -> Outcome:
    """Alone, beside a burner, beside a retraining run, alone again; a quarter each."""
    quarter, rate = stage.plan.seconds / 4, stage.plan.rate
    neighbours = contextlib.ExitStack()
    training = [sys.executable, "-m", "services.cli", "train", str(stage.home.dataset), "--seed", "3"]

    def train_instead() -> None:
        neighbours.close()
        neighbours.enter_context(stage.companion("training", training))

    def burn() -> None:
        neighbours.enter_context(stage.companion("burner", [sys.executable, "-c", _BURN]))

    with neighbours:
        stage.offer(
            [Segment(name, rate, quarter) for name in ("alone", "burner", "training", "alone again")],
            [
                Happening(quarter, "a burner begins", burn),
                Happening(2 * quarter, "it ends, a training begins", train_instead),
                Happening(3 * quarter, "the training is ended", neighbours.close),
            ],
        )
    seen = stage.recording
    return Outcome(
        [answered(seen)],
        [
            Figure(
                f"p99 beside {name} over p99 alone", "x", exactly(p_ms(seen, phase, 0.99) / p_ms(seen, "alone", 0.99))
            )
            for name, phase in (("a burner", "burner"), ("a training", "training"))
        ],
        [] if stage.plan.pinned else ["nothing was pinned: the neighbours may have had a core of their own"],
    )


SCENARIO = Scenario(
    "noisy-neighbour",
    "somebody burns CPU on the server's core; then a retraining runs there",
    seconds=32,
    rate=200,
    play=play,
)
