"""From a dataset to a trained, calibrated, measured model version."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from data.dataset import Dataset
from data.splits import Method
from models import artifacts
from models.artifacts import Artifact
from models.base import Model, StartsWarm, TrainingData
from models.calibration import Calibration
from models.cards.training_facts import data_facts, group_figures
from models.corrections import NO_CORRECTIONS, Corrections, options_apart
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import Measured
from models.evaluation.report import summaries
from models.evaluation.requests import as_served
from models.explanation.audit import documents
from models.explanation.fidelity import fidelity
from models.fairness.groups import attributes
from models.fairness.measured import by_groups, earned, gained_by_groups
from models.ground import Ground
from models.ladder import make
from models.off_policy.estimate import Exploring, estimate_model
from models.off_policy.target import Target
from models.popular import POPULARITY_HALF_LIFE_DAYS, decayed_counts
from models.preparation import usual
from models.second_stage.stage import second_stage_of
from models.slices.comparison import against_rivals, diners_as_cases, requests_as_cases
from models.slices.shown import worst_slices

Progress = Callable[[str, int, int], None]

FITTING: Final = 4
"""The step of `train` that is the fit to everything, and nothing else: to be timed by."""
SLICED_LISTS: Final = 1_000
"""Lists of the test period, at random, among which bad slices are looked for: a fraction of a second."""


def _quiet(_step: str, _done: int, _total: int) -> None:
    """No progress."""


def train(
    dataset: Dataset,
    market: str,
    model: str,
    root: Path,
    *,
    seed: int = 0,
    threads: int = 1,
    parameters: Mapping[str, Any] | None = None,
    all_ratings: bool = False,
    corrections: Corrections | None = None,
    ground: Ground | None = None,
    exploring: Exploring | None = None,
    warm_start: Artifact | None = None,
    looked_into: bool = False,
    gates_alone: bool = False,
    unmeasured: bool = False,
    progress: Progress = _quiet,
) -> Artifact:
    """Fit on the train period, calibrate on the validation, measure on the test; then fit on everything and save.

    parameters: of the model's constructor, and corrections by their names. all_ratings: bad ratings are positive
    feedback too. corrections: of the feedback's weights and of features; by default none. ground: of this very dataset,
    market and seed, where several models are trained on it: its protocol and threads hold, not those given here, which
    goes for corrections too; the metrics then say under `against` by how much the model is better than each rival,
    diner by diner. exploring: also tell, from the test period's lists, what the
    model's own would earn if it explored so; the metrics get it as `off_policy`. warm_start: a version to begin from,
    where the model can and it is of the same kind; the measured fit begins cold all the same, since that version may
    have seen the test period. looked_into: the metrics also say what the model has learnt and whether it leans on what
    will not hold (`importance`, `over_indexing`), which takes a second or two. gates_alone: measure only what
    decides whether it may be released, and keep the trial in the ground; `look_into` tells the rest. unmeasured: only
    fit and calibrate, for simulations, where nobody reads what a version was measured to be.

    Raises ModelError where the market has nothing to learn from or the model is not on the ladder.
    """
    steps = 6
    progress(f"{market}: reading", 0, steps)
    own_parameters, corrections = options_apart(parameters or {}, corrections or NO_CORRECTIONS)
    protocol = usual(dataset, all_ratings, corrections)
    ground = ground or Ground(dataset, market, seed=seed, threads=threads, protocol=protocol)
    given = ground.parameters(model, own_parameters)
    data = ground.train_period([model])
    progress(f"{market}: fitting {model} on the train period", 1, steps)
    trial = make(model, **given).fit(data)
    progress(f"{market}: calibrating", 2, steps)
    curve = ground.calibrated(trial)
    progress(f"{market}: measuring", 3, steps)
    metrics: dict[str, Any] = {}
    if not unmeasured:
        own = evaluation.measure(ground.prepared.question, trial.score)
        metrics = _figures(model, trial, curve, own, ground, seed)
        if gates_alone:
            ground.trials[model] = trial, curve
        else:
            metrics |= _found(model, trial, curve, own, ground)
    if exploring is not None:
        metrics["off_policy"] = _would_earn(ground, trial, curve, exploring)
    if looked_into:
        metrics |= documents(trial, ground.prepared, seed, ground.requests, curve)
    if ground.protocol.corrections != NO_CORRECTIONS:
        metrics["corrections"] = ground.protocol.corrections.model_dump(mode="json")
    everything = ground.everything([model])
    progress(f"{market}: fitting {model} on everything", FITTING, steps)
    final = _fit_from(make(model, **given), everything, warm_start)
    progress(f"{market}: writing", FITTING + 1, steps)
    artifact = artifacts.save(
        root,
        market=market,
        model=final,
        diner_ids=everything.diner_ids,
        restaurant_ids=everything.restaurant_ids,
        popularity=decayed_counts(everything.interactions, len(everything.restaurant_ids), POPULARITY_HALF_LIFE_DAYS),
        calibration=curve,
        data_snapshot=dataset.snapshot,
        metrics=metrics,
        protected=attributes(dataset.diners(market)[col.PROTECTED]),
    )
    progress(f"{market}: done", steps, steps)
    return artifact


def look_into(ground: Ground, model: str, progress: Progress = _quiet) -> dict[str, Any]:
    """What `train` with `gates_alone` left out, and what a model looked into tells: more of its version's metrics.

    Its trial is that of the ground, or fitted anew, to the same figures, where another process has trained it.
    """
    if model not in ground.trials:
        progress(f"{ground.market}: fitting {model} on the train period", 0, 2)
        trial = make(model, **ground.parameters(model, {})).fit(ground.train_period([model]))
        ground.trials[model] = trial, ground.calibrated(trial)
    trial, curve = ground.trials[model]
    progress(f"{ground.market}: looking into {model}", 1, 2)
    own = evaluation.measure(ground.prepared.question, trial.score)
    # Only a second stage is asked about moments.
    requests = None if second_stage_of(trial) is None else ground.requests
    found = _found(model, trial, curve, own, ground)
    return found | documents(trial, ground.prepared, ground.seed, requests, curve)


def _found(name: str, trial: Model, curve: Calibration, own: Measured, ground: Ground) -> dict[str, Any]:
    """What no gate reads: figures by group, the worst slices, and how faithful explanations are."""
    asked_for = ground.lists or ground.requests
    return {
        "groups": group_figures(name, own, ground),
        "slices": worst_slices(ground, trial, curve, SLICED_LISTS),
        "fidelity": fidelity(trial, ground.prepared.question, asked_for, seed=ground.seed),
    }


def _figures(name: str, trial: Model, curve: Calibration, own: Measured, ground: Ground, seed: int) -> dict[str, Any]:
    """What the test period says of a model that was fitted to the train period: what decides on its release."""
    question, asked_for = ground.prepared.question, ground.lists or ground.requests
    metrics: dict[str, Any] = {
        "split": ground.prepared.split.method.value,
        "data": data_facts(ground),
        **_beside(name, own, ground.beside, ground.rivals, seed),
        "by_slice": against_rivals(ground, diners_as_cases(ground, question), own, ground.rivals),
        "requests": None,
        "lists": None,
        "fairness": {},
        "until": ground.until,
    }
    listed = None
    # Where there are rivals, the order of shown lists is the question that is fair to all; else held-out requests.
    if asked_for is not None:
        shown = asked_for is ground.lists
        beside, rivals = (
            (ground.lists_beside, ground.listed_rivals) if shown else (ground.asked_beside, ground.asked_rivals)
        )
        found = asked_for.measure(as_served(asked_for, trial, curve))
        listed = found if shown else None
        by_slice = against_rivals(ground, requests_as_cases(ground, asked_for), found, rivals)
        metrics["lists" if shown else "requests"] = {**_beside(name, found, beside, rivals, seed), "by_slice": by_slice}
    metrics["fairness"] = _by_groups(ground, curve, own, listed)
    return metrics


def _by_groups(ground: Ground, curve: Calibration, own: Measured, listed: Measured | None) -> dict[str, Any]:
    """Quality and exposure by group, of the model beside its first rival, and of each rival.

    listed: of the model about lists; rivals are then asked about these alone, and only diners are compared with them.
    """
    first = next(iter(ground.rivals.values()), None)
    merit = earned(ground.dataset, ground.prepared, curve)
    of = functools.partial(by_groups, ground.dataset, ground.market, ground.prepared.question, merit)
    found = {"own": of(own, first), **{name: of(rival) for name, rival in ground.rivals.items()}}
    if ground.lists is not None and listed is not None:
        for name, rival in ground.listed_rivals.items():
            gained, found[name] = gained_by_groups(
                ground.dataset, ground.market, ground.lists.asked.diners, listed, rival
            )
            found["own"] += gained
    return found


def _fit_from(model: Model, data: TrainingData, start: Artifact | None) -> Model:
    """Fit, from where `start` stood if both are of the same kind and the model can."""
    if start is None or start.model.name != model.name or not isinstance(model, StartsWarm):
        return model.fit(data)
    rows = [
        pd.Index(of_start).get_indexer(pd.Index(own)).astype(np.int32)
        for of_start, own in ((start.diner_ids, data.diner_ids), (start.restaurant_ids, data.restaurant_ids))
    ]
    return model.fit_from(data, start.model, *rows)


def _beside(
    model: str, own: Measured, beside: Mapping[str, Measured], rivals: Mapping[str, Measured], seed: int
) -> dict[str, Any]:
    """The model's figures with the others' (`models`), and by how much it is better than each rival (`against`)."""
    others = {name: one for name, one in beside.items() if name != model}
    return {
        "models": summaries({model: own, **others}, seed),
        "against": {name: evaluation.differences(own, rival, seed) for name, rival in rivals.items()},
    }


def _would_earn(ground: Ground, trial: Model, curve: Calibration, exploring: Exploring) -> dict[str, Any]:
    """Of lists that the model knows nothing of: those of the test period."""
    if second_stage_of(trial) is not None:
        return {"refused": "the model's second stage is not part of what the log is asked about", "ess": 0.0}
    split, target = ground.prepared.split, Target.of(trial, curve, exploring.temperature)
    since = ground.prepared.log[col.AT][split.test].min() if split.method is Method.TIME else None
    return estimate_model(
        ground.dataset, ground.market, target, k=exploring.k, since=since, reach_km=exploring.reach_km
    )
