"""`swaps`: two model versions are promoted and rolled back by turns under load. Every answer is one version's, exactly.

`python -m loadtests.releases` is the long form with a thousand moves and the time of a rollback.
"""

import threading
from argparse import Namespace
from typing import Final

from loadtests.releases import Swaps, prove, swap_by_turns
from loadtests.scenarios.judging import exactly, p_ms
from loadtests.scenarios.scenario import Check, Figure, Happening, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage
from services.catalogue.store import CatalogueStore
from services.database.engine import open_database
from services.releases.registry import ModelRegistry
from services.settings import Settings

MOVES_PER_SECOND: Final = 5.0
_PROVED: Final = 2_000
"""Answers that are made again, evenly out of all."""


def play(stage: Stage) -> Outcome:
    """First half steady, second half moving."""
    engine = open_database(Settings(home=stage.home.path).resolved_database_url)
    market = CatalogueStore(engine).markets()[0].market
    registry = ModelRegistry(engine)
    champion = registry.champion(market)
    assert champion is not None
    other = next(each.version for each in registry.versions(market) if each.version != champion.version)
    engine.dispose()

    half, swaps, answers = stage.plan.seconds / 2, Swaps(), dict[int, bytes]()
    options = Namespace(moves=int(half * MOVES_PER_SECOND), moves_per_second=MOVES_PER_SECOND, by="api")

    def move() -> None:
        swap_by_turns(stage.server, stage.home, champion.version, other, options, swaps, threading.Event())

    stage.offer(
        [Segment("steady", stage.plan.rate, half), Segment("moving", stage.plan.rate, half)],
        [Happening(half, "versions begin to move", move)],
        whole=answers,
    )
    moving = [answers[number] for number in stage.recording.of("moving").tolist() if number in answers]
    chosen = moving[:: max(len(moving) // _PROVED, 1)]
    proof = prove(stage.home, chosen)
    seen = stage.recording
    named = ", ".join(f"{version} {count:,}" for version, count in sorted(proof.versions.items()))
    named += f"; {proof.missing:,} more are not in the log"
    return Outcome(
        [
            answered(seen),
            Check("every move is made", swaps.failed == 0 and swaps.made > 0, f"{swaps.made} made, {swaps.failed} not"),
            Check(
                "an answer is exactly what the version that it names makes",
                proof.wrong == 0 and proof.versions.total() > 0,
                f"{proof.wrong} of {proof.versions.total():,} are not ({named})",
            ),
        ],
        [
            Figure("p99 moving over p99 steady", "x", exactly(p_ms(seen, "moving", 0.99) / p_ms(seen, "steady", 0.99))),
            Figure("slowest move", "ms", exactly(swaps.slowest_seconds * 1e3)),
        ],
    )


SCENARIO = Scenario(
    "swaps", "model versions are swapped under load", seconds=20, rate=200, play=play, needs=("two versions",)
)
