"""The closed loop: a city's diners meet the lists of a policy, day after day, and come back with what they remember.

For each seed a city is drawn, its log is written, a model is trained on the log as `tablestakes train` does it; then
life goes on under each policy from the same state. Visits and luck belong to diner, day and restaurant, not to the
policy (common random numbers), so the difference between two policies has none of their noise.
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from services.fan_out import Engine, fan_out
from services.simulation.outcomes import Doubles, Tally, figures, interval
from services.simulation.plan import Plan, World
from services.simulation.town import Town

FEWEST_SEEDS: Final = 2
"""An interval over seeds needs as many."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SeedRun:
    """What one city came to."""

    weeks: Mapping[str, tuple[Tally, ...]]
    """By policy."""
    errors: Mapping[str, Mapping[str, float]]
    """By policy: standard errors of figures over all weeks, from the spread over diners."""
    cpu_seconds: float
    """Of the simulation under all policies, without what comes before it."""

    def total(self, policy: str) -> Tally:
        """Over all weeks."""
        return sum(self.weeks[policy], start=Tally())


def simulate(plan: Plan, seeds: Sequence[int], engine: Engine, progress: Progress) -> list[SeedRun]:
    """Run each seed as a task of the engine; the outcomes do not depend on it.

    Raises ValueError for fewer than two seeds or one given twice, ModelError where the log is too short to learn from.
    """
    if len(seeds) < FEWEST_SEEDS or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds: at least {FEWEST_SEEDS}, all different")
    runs: list[SeedRun] = []
    progress("seeds", 0, len(seeds))
    for done in fan_out(engine, run_seed, ((plan, seed) for seed in seeds)):
        runs.append(done.result)
        progress("seeds", len(runs), len(seeds))
    return runs


def run_seed(plan: Plan, seed: int) -> SeedRun:
    """One city under all policies."""
    with tempfile.TemporaryDirectory() as folder:
        town = Town.found(plan, seed, Path(folder))
        started = time.process_time()
        weeks, errors = {}, {}
        for policy in plan.policies:
            lister = town.lister(policy, plan.pacing)
            weeks[policy.name] = town.live(lister, plan)
            errors[policy.name] = lister.by_diner.standard_errors()
        return SeedRun(weeks, errors, time.process_time() - started)


def report(plan: Plan, runs: Sequence[SeedRun]) -> dict[str, Any]:
    """The figures with their intervals over seeds, and each policy's paired difference from the first."""
    names = [policy.name for policy in plan.policies]
    by_policy = {name: figures([run.total(name) for run in runs]) for name in names}
    weeks = range(len(runs[0].weeks[names[0]]))
    requests = sum(run.total(name).requests for run in runs for name in names)
    return {
        "seeds": len(runs),
        "setting": _setting(plan),
        "policies": {name: _intervals(by_policy[name]) for name in names},
        "differences": {
            name: _intervals({figure: by_policy[name][figure] - first for figure, first in by_policy[names[0]].items()})
            for name in names[1:]
        },
        "by_week": [
            {
                "week": week + 1,
                "policies": {name: _intervals(figures([run.weeks[name][week] for run in runs])) for name in names},
            }
            for week in weeks
        ],
        "documents": {policy.name: policy.model_dump(mode="json") for policy in plan.policies},
        "speed": {
            "requests": requests,
            "requests_per_second_per_core": requests / max(sum(run.cpu_seconds for run in runs), 1e-9),
        },
    }


def _intervals(values: Mapping[str, Doubles]) -> dict[str, Any]:
    return {name: interval(of_seeds) for name, of_seeds in values.items()}


def _setting(plan: Plan) -> dict[str, Any]:
    named = {field.name: getattr(plan, field.name) for field in fields(plan)}
    for_people = {"pacing": str(plan.pacing), "world": world_document(plan.world)}
    arms = {name: asdict(arm) for name, arm in plan.arms.items()}
    return {**{name: value for name, value in named.items() if name != "policies"}, **for_people, "arms": arms}


def world_document(world: World) -> dict[str, Any]:
    """All that holds in a world, ready for JSON."""
    parts = {name: getattr(world, name) for name in ("machines", "reaction", "drift")}
    return {
        "choice": str(world.choice),
        "life": None if world.life is None else world.life.model_dump(),
        **{name: None if part is None else asdict(part) for name, part in parts.items()},
    }
