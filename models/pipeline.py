"""From a dataset to a trained, calibrated, measured model version."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from data.city import truth
from data.dataset import TRUTH, Dataset
from data.splits import Method
from models import artifacts, calibration
from models.artifacts import Artifact
from models.base import Model, ModelError, StartsWarm, TrainingData
from models.calibration import Calibration
from models.evaluation import evaluate as evaluation
from models.evaluation.cold_start import hold_back
from models.evaluation.evaluate import Measured
from models.evaluation.habit import habit
from models.evaluation.oracle import oracle
from models.evaluation.report import WARM, MarketPart, groups_of, report, summaries
from models.evaluation.requests import all_knowing, as_served, habitual, held_out_requests
from models.impressions import log_times_from_home, shown_between
from models.journal import Journal
from models.ladder import make, rung
from models.moments import read_journal, rehearsal
from models.popular import POPULARITY_HALF_LIFE_DAYS, decayed_counts
from models.preparation import Prepared, Protocol, benchmark, prepare, usual
from models.training_data import build

Progress = Callable[[str, int, int], None]

BASELINES: Final = ("random", "popular")
FITTING: Final = 4
"""The step of `train` that is the fit to everything, and nothing else: to be timed by."""
_TYPICAL_DINERS: Final = 500


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
    warm_start: Artifact | None = None,
    progress: Progress = _quiet,
) -> Artifact:
    """Fit on the train period, calibrate on the validation, measure on the test; then fit on everything and save.

    parameters: of the model's constructor. all_ratings: bad ratings are positive feedback too. warm_start: a version to
    begin from, where the model can and it is of the same kind; the measured fit begins cold all the same, since that
    version may have seen the test period.

    Raises ModelError where the market has nothing to learn from or the model is not on the ladder.
    """
    protocol = usual(dataset, all_ratings)
    given = {**_own_parameters(model, seed, threads), **(parameters or {})}
    steps = 6
    progress(f"{market}: reading", 0, steps)
    prepared = prepare(dataset, market, seed, protocol)
    journal = read_journal(dataset, market)
    progress(f"{market}: fitting {model} on the train period", 1, steps)
    data = _rehearsed(dataset, market, [model], prepared.data, prepared.log[prepared.split.train], journal)
    trial = make(model, **given).fit(data)
    fitted = {model: trial, **_fitted([name for name in BASELINES if name != model], prepared.data, seed, 1, protocol)}
    progress(f"{market}: calibrating", 2, steps)
    curve = _calibrate(dataset, market, trial, prepared, journal, seed)
    progress(f"{market}: measuring", 3, steps)
    measured = summaries(_measure(dataset, market, prepared, fitted).measured, seed)
    asked = _ask(dataset, market, prepared, journal, fitted, {model: curve}, seed)
    everything = build(dataset, market, prepared.log, dataset.manifest.repeats)
    everything = _rehearsed(dataset, market, [model], everything, prepared.log, journal)
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
        metrics={
            "split": prepared.split.method.value,
            "models": measured,
            "requests": {"models": summaries(asked, seed)} if asked else None,
        },
    )
    progress(f"{market}: done", steps, steps)
    return artifact


def evaluate(
    dataset: Dataset,
    market: str | None = None,
    models: Sequence[str] = ("lightfm",),
    *,
    seed: int = 0,
    threads: int = 1,
    parameters: Mapping[str, Any] | None = None,
    all_ratings: bool = False,
    cold_start: bool = True,
    progress: Progress = _quiet,
) -> dict[str, Any]:
    """Measure models on held-out data, `random` and `popular` always beside; diners of all markets together.

    Where diners come back, `habit` and the figures with known restaurants masked (under `masked`) stand beside, since
    remembering is most of what there is to gain and says nothing about new ones. Where the log holds what was shown,
    the models are also asked about held-out requests, as they would be served (under `requests`). Where the dataset
    holds the split of a documented benchmark, its protocol is followed and named. `parameters` are those of the
    constructors of `models`; `all_ratings` takes bad ratings as positive feedback too. `cold_start` fits each model
    once more, without a tenth of the diners and restaurants, and asks about these.

    Raises ModelError where there is nothing to measure with.
    """
    names = list(dict.fromkeys([*models, *BASELINES]))
    markets = [dataset.market(market).market] if market else list(dataset.markets)
    protocol = (benchmark(dataset) or usual(dataset, all_ratings)).given(models, parameters or {})
    parts: list[MarketPart] = []
    masked: list[MarketPart] = []
    for done, name in enumerate(markets):
        progress(f"{name}: measuring", done, len(markets))
        try:
            prepared = prepare(dataset, name, seed, protocol)
        except ModelError:
            if len(markets) == 1:
                raise
            continue  # a market without feedback has nothing to measure; the others have
        journal = read_journal(dataset, name)
        data = _rehearsed(dataset, name, names, prepared.data, prepared.log[prepared.split.train], journal)
        fitted = _fitted(names, data, seed, threads, protocol)
        cold = _measure_cold(prepared, names, seed, threads, protocol) if cold_start else {}
        part = _measure(dataset, name, prepared, fitted, cold)
        parts.append(replace(part, requests=_ask(dataset, name, prepared, journal, fitted, {}, seed)))
        apart = prepared.masked()
        if not protocol.mask_known and len(apart.question.diners):
            masked.append(_measure(dataset, name, apart, fitted))
    progress("done", len(markets), len(markets))
    if not parts:
        raise ModelError(f"{dataset.path} has no positive feedback to measure with")
    result = report(dataset, parts, seed, protocol.mask_known)
    if sum(len(part.groups[WARM]) for part in masked) >= evaluation.FEWEST_DINERS:
        result["masked"] = report(dataset, masked, seed, known_masked=True)["models"]
    return result


def _fitted(names: Sequence[str], data: TrainingData, seed: int, threads: int, protocol: Protocol) -> dict[str, Model]:
    return {
        name: make(name, **{**_own_parameters(name, seed, threads), **protocol.parameters.get(name, {})}).fit(data)
        for name in names
    }


def _own_parameters(model: str, seed: int, threads: int) -> dict[str, Any]:
    """Seed and threads, of the models that have them."""
    takes = inspect.signature(rung(model)).parameters
    return {name: value for name, value in (("seed", seed), ("threads", threads)) if name in takes}


def _rehearsed(
    dataset: Dataset,
    market: str,
    models: Sequence[str],
    data: TrainingData,
    positives: pd.DataFrame,
    journal: Journal | None,
) -> TrainingData:
    """The data with their rehearsal, where one of the models makes use of it."""
    if not any(getattr(rung(model), "rehearses", False) for model in models):
        return data
    return replace(data, rehearsal=rehearsal(dataset, market, positives, journal))


def _fit_from(model: Model, data: TrainingData, start: Artifact | None) -> Model:
    """Fit, from where `start` stood if both are of the same kind and the model can."""
    if start is None or start.model.name != model.name or not isinstance(model, StartsWarm):
        return model.fit(data)
    rows = [
        pd.Index(of_start).get_indexer(pd.Index(own)).astype(np.int32)
        for of_start, own in ((start.diner_ids, data.diner_ids), (start.restaurant_ids, data.restaurant_ids))
    ]
    return model.fit_from(data, start.model, *rows)


def _ask(
    dataset: Dataset,
    market: str,
    prepared: Prepared,
    journal: Journal | None,
    fitted: Mapping[str, Model],
    curves: Mapping[str, Calibration],
    seed: int,
) -> dict[str, Measured]:
    """All models asked about held-out requests, each with its calibration; empty where there are no such requests."""
    log, split = prepared.log, prepared.split
    if journal is None or split.method is not Method.TIME:
        return {}
    since, until = (int(at.timestamp()) for at in (log[col.AT][split.test].min().floor("D"), log[col.AT].max()))
    requests = held_out_requests(journal, since, until + 1, np.random.default_rng(seed))
    if requests is None:
        return {}
    measured = {
        name: requests.measure(
            as_served(requests, one, curves.get(name) or _calibrate(dataset, market, one, prepared, journal, seed))
        )
        for name, one in fitted.items()
    }
    if dataset.manifest.repeats:
        measured["habit"] = requests.measure(habitual(requests, fitted["popular"]))
    if (dataset.path / TRUTH).exists():
        measured["oracle"] = requests.measure(all_knowing(requests, truth.load(dataset.path, market)))
    return measured


def _measure(
    dataset: Dataset,
    market: str,
    prepared: Prepared,
    fitted: Mapping[str, Model],
    cold: Mapping[str, Mapping[str, Measured]] | None = None,
) -> MarketPart:
    """Ask all models the same question; where diners come back also their habit, on a synthetic city the oracle."""
    measured = {name: evaluation.measure(prepared.question, model.score) for name, model in fitted.items()}
    if dataset.manifest.repeats and prepared.question.masked is None:
        measured["habit"] = evaluation.measure(prepared.question, habit(prepared.data, fitted["popular"]))
    all_knowing = oracle(dataset, market, prepared.data, prepared.log[prepared.split.train])
    if all_knowing is not None:
        measured["oracle"] = evaluation.measure(prepared.question, all_knowing)
    groups = groups_of(prepared.data, prepared.question)
    return MarketPart(measured, groups, prepared.split.method.value, cold or {})


def _measure_cold(
    prepared: Prepared, names: Sequence[str], seed: int, threads: int, protocol: Protocol
) -> dict[str, dict[str, Measured]]:
    cold = hold_back(prepared.data, prepared.question, np.random.default_rng(seed))
    return cold.measure(_fitted(names, cold.data, seed, threads, protocol))


def _calibrate(
    dataset: Dataset, market: str, model: Model, prepared: Prepared, journal: Journal | None, seed: int
) -> Calibration:
    """Fit on the validation period's impressions and measure the error on the test's; without impressions, assume."""
    if prepared.split.method is Method.TIME:
        at = prepared.log[col.AT]
        begins, ends = at[prepared.split.validation].min(), at[prepared.split.test].min()
        shown = (
            None
            if pd.isna(begins)
            else shown_between(dataset, market, model, prepared.data, begins, ends, seed, journal)
        )
        if shown is not None and shown.can_calibrate:
            curve = calibration.fit(shown)
            tested = shown_between(dataset, market, model, prepared.data, ends, at.max(), seed, journal)
            if tested is None:
                return curve
            rng = np.random.default_rng(seed)
            return curve.model_copy(update={"errors": calibration.errors(curve, tested, rng)})
    step = max(1, len(prepared.data.diner_ids) // _TYPICAL_DINERS)
    sample = np.arange(0, len(prepared.data.diner_ids), step, dtype=np.int32)
    return calibration.assume(model.score(sample), log_times_from_home(dataset, market, sample))
