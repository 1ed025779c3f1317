"""The scenarios, by name. A new one is a module with a SCENARIO, and a line here."""

from collections.abc import Mapping
from typing import Final

from loadtests.scenarios import (
    cold_cache,
    freeze,
    noisy_neighbour,
    ramp,
    redis_away,
    soak,
    spike,
    steady,
    swaps,
)
from loadtests.scenarios.scenario import Scenario

SCENARIOS: Final[Mapping[str, Scenario]] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (steady, ramp, spike, soak, cold_cache, redis_away, swaps, noisy_neighbour, freeze)
}
"""In the order in which they are listed."""
