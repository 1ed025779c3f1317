"""Evaluate a front: let one city's diners live with many policies for a while, and with those that matter for long.

Processes are spawned, each draws the city once, and takes policy after policy. Visits and luck belong to diner, day and
restaurant (common random numbers), so what comes out does not depend on how many processes there are, or on which of
them took what. Finished policies are kept in a journal: a run that was ended goes on where it was.
"""

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import ValidationError
from scipy import stats

from services.fan_out import Engine, fan_out
from services.provenance import machine, program
from services.simulation.closed_loop import Progress
from services.simulation.outcomes import FIGURES, DinerSums, Doubles, Tally
from services.simulation.plan import Plan, World
from services.simulation.town import Town
from services.stakeholders.negotiation.design import NEAR, Candidate, around, design
from services.stakeholders.negotiation.front import Estimate, Evaluated, Front, Stage
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.negotiation.result import Result
from services.stakeholders.policy import Policy
from services.stakeholders.seats import Measure, negotiable

_ID_DIGITS: Final = 32
_FEWEST_PARTS: Final = 2
_MINUTES, _JUDGE_EVERY = 60, 4
"""Coarser than where policies are looked at one by one: many are to be tried."""
_CENTRES: Final = 3
_CERTAIN: Final = frozenset({"cpu_ms_per_1000"})
"""Known from the policy and its model; nothing is left to chance."""
_CITY: Final = "the numbers are of an invented city: they hold elsewhere as far as diners there are like its diners"


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated. The same one, of the same program, gives the same front."""

    active: Policy = field(default_factory=Policy)
    models: tuple[str, ...] = ("lightfm", "lightfm+lambdamart")
    """The first is the active policy's."""
    policies: int = 96
    refined: int = 32
    """Tried besides, near those that leave the poorest seat most."""
    restaurants: int = 300
    diners: int = 2_000
    warm_days: int = 28
    days: int = 28
    finalists: int = 12
    """Followed for `long_days`; 0: none."""
    polished: int = 6
    """Followed as long besides, close to the one that the finalists would settle on."""
    long_days: int = 182
    seed: int = 1
    cities: int = 1
    """Of the seeds from `seed` on; errors are over them where there are several, else over the diners of the one."""

    def front_id(self) -> str:
        """The hash of all this, the program's source and the libraries that reckon."""
        made_of = {**asdict(self), "active": self.active.model_dump(mode="json"), **program().document()}
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:_ID_DIGITS]


def evaluate(
    evaluation: Evaluation, folder: Path, engine: Engine, progress: Progress, now: Callable[[], datetime], assumed: bool
) -> Front:
    """The front, from `folder` where it has been evaluated before; written there when it is done.

    Raises DesignError where there is no room for the policies that one must not miss, ModelError where the log is too
    short to learn from.
    """
    front_id = evaluation.front_id()
    file, journal = folder / f"{front_id}.json", folder / f"{front_id}.journal"
    candidates = design(evaluation.active, evaluation.models, evaluation.policies, evaluation.seed)
    if (known := _read(file)) is not None:
        return known.model_copy(update={"assumed": assumed})
    folder.mkdir(parents=True, exist_ok=True)
    done = _Journal(journal)
    wide = _stage(evaluation, candidates, evaluation.days, engine, progress, done)
    front = Front(
        front_id=front_id,
        created_at=now(),
        active=evaluation.active.name,
        wide=wide,
        assumed=assumed,
        notes=(_CITY,),
        provenance=_provenance(evaluation),
    )
    if evaluation.refined:
        names = finalists(negotiate(front, {}), _CENTRES, by_share=True)
        centres = [one for name in names for one in candidates if one.policy.name == name]
        candidates = (*candidates, *around(centres, candidates, evaluation.refined, evaluation.seed))
        front = front.model_copy(
            update={"wide": _stage(evaluation, candidates, evaluation.days, engine, progress, done)}
        )
    if evaluation.finalists:
        names = finalists(negotiate(front, {}), evaluation.finalists)
        chosen = [one for one in candidates if one.policy.name in names]
        long = _stage(evaluation, chosen, evaluation.long_days, engine, progress, done)
        front = front.model_copy(update={"long": long, "created_at": now()})
        if evaluation.polished and (settled := negotiate(front, {}).settlement) is not None:
            centre = [one for one in chosen if one.policy.name == settled.policy.name]
            near = around(centre, candidates, evaluation.polished, evaluation.seed, NEAR / 2.0)
            long = _stage(evaluation, [*chosen, *near], evaluation.long_days, engine, progress, done)
            front = front.model_copy(update={"long": long, "created_at": now()})
    _write(file, front)
    journal.unlink(missing_ok=True)
    return front


def finalists(result: Result, most: int, by_share: bool = False) -> list[str]:
    """Whose long run is worth knowing: the settlement, the favourites, Nash, the active policy, the least regret, and
    then whoever leaves the poorest seat most; `by_share`: these alone."""
    first = [result.settlement, *result.favourites.values(), result.nash, result.active, result.least_regret]
    if by_share:
        first = first[:1]
    rest = sorted(result.front, key=lambda choice: (-(choice.least_share or -np.inf), choice.policy.name))
    return list(dict.fromkeys(choice.policy.name for choice in [*first, *rest] if choice is not None))[:most]


def estimates(cities: Sequence[Sequence[Tally]], by_diner: DinerSums | None = None) -> dict[str, Estimate]:
    """Each seat's measures of one policy, from the weeks of each city.

    Standard errors are over cities where there are several. In a single one they are over its diners, as far as a
    measure is made of sums by diner, else over weeks.
    """
    errors = {} if by_diner is None or len(cities) >= _FEWEST_PARTS else by_diner.standard_errors()
    diners = 0 if by_diner is None else len(by_diner.sums["requests"])
    found = {}
    for key, measure in negotiable().items():
        if (figure := _figure(measure)) is None:
            continue
        totals = np.asarray([figure(sum(weeks, start=Tally())) for weeks in cities])
        if errors and (key in _CERTAIN or key in errors):
            found[key] = _estimated(float(totals[0]), errors.get(key, 0.0), diners)
        else:
            parts = totals if len(cities) >= _FEWEST_PARTS else np.asarray([figure(week) for week in cities[0]])
            found[key] = _estimate(totals, parts)
    return found


def _figure(measure: Measure) -> Callable[[Tally], float] | None:
    return measure.simulated or FIGURES.get(measure.key)


def _estimated(mean: float, error: float, parts: int) -> Estimate:
    if not np.isfinite(mean):
        return Estimate(mean=None)
    return Estimate(mean=mean, error=error if np.isfinite(error) else None, n=parts)


def _estimate(totals: Doubles, parts: Doubles) -> Estimate:
    error = float(stats.sem(parts)) if len(parts) >= _FEWEST_PARTS else np.nan
    return _estimated(float(totals.mean()), error, len(parts))


def _stage(
    evaluation: Evaluation,
    candidates: Sequence[Candidate],
    days: int,
    engine: Engine,
    progress: Progress,
    journal: "_Journal",
) -> Stage:
    """All candidates over so many days."""
    asked = {one.policy.name for one in candidates}
    found = {name: one for (lived, name), one in journal.evaluated.items() if lived == days and name in asked}
    title = f"policies over {days} days"
    progress(title, len(found), len(candidates))
    plans = {
        model: Plan(
            tuple(one.policy for one in candidates if one.model == model),
            restaurants=evaluation.restaurants,
            diners=evaluation.diners,
            warm_days=evaluation.warm_days,
            days=days,
            model=model,
            world=World(),
            minutes=_MINUTES,
            judge_every=_JUDGE_EVERY,
        )
        for model in dict.fromkeys(one.model for one in candidates)
    }
    seeds = range(evaluation.seed, evaluation.seed + evaluation.cities)
    with tempfile.TemporaryDirectory() as towns:
        tasks = (
            (plans[model], one.policy.name, tuple(seeds), towns)
            for model in plans
            for one in candidates
            if one.model == model and one.policy.name not in found
        )
        for done in fan_out(engine, _lived, tasks, as_completed=True):
            one = done.result
            journal.add(days, one)
            found[one.policy.name] = one
            progress(title, len(found), len(candidates))
    return Stage(days=days, policies=tuple(found[one.policy.name] for one in candidates))


def _lived(plan: Plan, name: str, seeds: tuple[int, ...], towns: str) -> Evaluated:
    """One of the plan's policies in each city; runs in a process of its own."""
    [policy] = [one for one in plan.policies if one.name == name]
    cities, by_diner = [], None
    for seed in seeds:
        town = _town(plan, seed, towns)
        lister = town.lister(policy, plan.pacing)
        cities.append(town.live(lister, plan))
        by_diner = lister.by_diner
    return Evaluated(policy=policy, model=plan.model, outcomes=estimates(cities, by_diner))


@lru_cache(maxsize=2)
def _town(plan: Plan, seed: int, towns: str) -> Town:
    """A process draws a city once, however many policies it tries in it."""
    here = Path(towns).is_dir()
    folder = tempfile.mkdtemp(dir=towns if here else None)
    if not here:  # on another machine, where who asks cannot remove it
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Town.found(plan, seed, Path(folder))


class _Journal:
    """What has been evaluated so far, a line each; a line that was torn is as if it had not been written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.evaluated = dict(self._read())

    def add(self, days: int, evaluated: Evaluated) -> None:
        """Append, on disk when it returns."""
        line = json.dumps({"days": days, "evaluated": evaluated.model_dump(mode="json")})
        with self._file.open("a") as stream:
            # A torn line before it ends here.
            stream.write(f"\n{line}\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.evaluated[days, evaluated.policy.name] = evaluated

    def _read(self) -> Iterator[tuple[tuple[int, str], Evaluated]]:
        for line in self._file.read_text().splitlines() if self._file.exists() else ():
            try:
                document = json.loads(line)
                evaluated = Evaluated.model_validate(document["evaluated"])
            except (ValueError, KeyError, TypeError):
                continue
            yield (document["days"], evaluated.policy.name), evaluated


def _read(file: Path) -> Front | None:
    try:
        return Front.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(file: Path, front: Front) -> None:
    aside = file.with_suffix(".new")
    with aside.open("w") as stream:
        stream.write(front.model_dump_json(indent=2) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)


def _provenance(evaluation: Evaluation) -> dict[str, Any]:
    own = {"active": evaluation.active.model_dump(mode="json"), "models": list(evaluation.models)}
    setting = {**asdict(evaluation), **own}
    return {**program().document(), "setting": setting, "machine": machine()}
