"""`steady`: one rate, nothing happens. What the other scenarios are compared with."""

from loadtests.scenarios.scenario import Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage


def play(stage: Stage) -> Outcome:
    """Offer one rate."""
    stage.offer([Segment("steady", stage.plan.rate, stage.plan.seconds)])
    return Outcome([answered(stage.recording)])


SCENARIO = Scenario("steady", "one rate, nothing happens", seconds=30, rate=300, play=play)
