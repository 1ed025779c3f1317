"""From a dataset to a trained, calibrated, measured model version."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
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
from models.corrections import Corrections, corrected, maturity
from models.evaluation import evaluate as evaluation
from models.evaluation.cold_start import hold_back
from models.evaluation.evaluate import Measured, Scorer
from models.evaluation.habit import habit
from models.evaluation.oracle import oracle
from models.evaluation.report import WARM, MarketPart, groups_of, report, summaries
from models.evaluation.requests import Requests, all_knowing, as_served, habitual, held_out_requests
from models.impressions import log_times_from_home, shown_between
from models.journal import Journal
from models.ladder import make, rung
from models.moments import read_journal, rehearsal
from models.off_policy.estimate import Exploring, estimate_model
from models.off_policy.target import Target
from models.popular import POPULARITY_HALF_LIFE_DAYS, decayed_counts
from models.preparation import Prepared, Protocol, benchmark, prepare, usual
from models.training_data import build

Progress = Callable[[str, int, int], None]
Rival = Callable[[Prepared], Scorer]

BASELINES: Final = ("random", "popular")
FITTING: Final = 4
"""The step of `train` that is the fit to everything, and nothing else: to be timed by."""
_TYPICAL_DINERS: Final = 500


def _quiet(_step: str, _done: int, _total: int) -> None:
    """No progress."""


class Ground:
    """What the training of several models on one market's log shares: each part is made once, when it is asked for.

    `rivals` are measured on the same question: a model that serves already, say. A rival is made from the prepared
    data and gives scores of all its restaurants. Raises ModelError where the market has nothing to learn from.
    """

    def __init__(
        self,
        dataset: Dataset,
        market: str,
        *,
        seed: int = 0,
        protocol: Protocol | None = None,
        rivals: Mapping[str, Rival] | None = None,
    ) -> None:
        self.dataset = dataset
        self.market = market
        self.seed = seed
        self.protocol = protocol or usual(dataset)
        self._rivals = rivals or {}

    @cached_property
    def prepared(self) -> Prepared:
        """The log, split, and the question about its test period."""
        return prepare(self.dataset, self.market, self.seed, self.protocol)

    @cached_property
    def journal(self) -> Journal | None:
        """The whole log by request and moment; None where it has no such thing."""
        return read_journal(self.dataset, self.market)

    @cached_property
    def requests(self) -> Requests | None:
        """The question about requests of the test period; None where the log has none."""
        return _held_out_requests(self.prepared, self.journal, self.seed)

    @cached_property
    def everything(self) -> TrainingData:
        """All periods."""
        log = corrected(self.dataset, self.market, self.prepared.log, self.protocol.corrections)
        return build(self.dataset, self.market, log, self.dataset.manifest.repeats)

    @property
    def until(self) -> str | None:
        """Time of the newest event; None where the log has no times."""
        newest = self.prepared.log[col.AT].max()
        return None if pd.isna(newest) else str(newest.isoformat())

    @cached_property
    def rivals(self) -> Mapping[str, Measured]:
        """By name."""
        question = self.prepared.question
        return {name: evaluation.measure(question, rival(self.prepared)) for name, rival in self._rivals.items()}

    @cached_property
    def beside(self) -> Mapping[str, Measured]:
        """What every model is read against: the baselines, habit, the oracle, the rivals."""
        measured = _measure(self.dataset, self.market, self.prepared, self._baselines).measured
        return {**measured, **self.rivals}

    @cached_property
    def asked_beside(self) -> Mapping[str, Measured]:
        """The same about requests, without the rivals; empty where there are none."""
        if self.requests is None:
            return {}
        curves = {
            name: _calibrate(self.dataset, self.market, one, self.prepared, self.journal, self.seed, self.protocol)
            for name, one in self._baselines.items()
        }
        return _ask(self.dataset, self.market, self.requests, self._baselines, curves)

    @cached_property
    def _baselines(self) -> Mapping[str, Model]:
        return _fitted(BASELINES, self.prepared.data, self.seed, 1, self.protocol)


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
    progress: Progress = _quiet,
) -> Artifact:
    """Fit on the train period, calibrate on the validation, measure on the test; then fit on everything and save.

    parameters: of the model's constructor. all_ratings: bad ratings are positive feedback too. corrections: of the
    feedback's weights; by default none. ground: of this very dataset, market and seed, where several models are trained
    on it, with a protocol of its own; the metrics then say under `against` by how much the model is better than each
    rival, diner by diner. exploring: also tell, from the test period's lists, what the model's own would earn if it
    explored so; the metrics get it as `off_policy`. warm_start: a version to begin from, where the model can and it is
    of the same kind; the measured fit begins cold all the same, since that version may have seen the test period.

    Raises ModelError where the market has nothing to learn from or the model is not on the ladder.
    """
    given = {**_own_parameters(model, seed, threads), **(parameters or {})}
    steps = 6
    progress(f"{market}: reading", 0, steps)
    ground = ground or Ground(dataset, market, seed=seed, protocol=usual(dataset, all_ratings, corrections))
    prepared, journal = ground.prepared, ground.journal
    progress(f"{market}: fitting {model} on the train period", 1, steps)
    data = _rehearsed(dataset, market, [model], prepared.data, prepared.log[prepared.split.train], journal)
    trial = make(model, **given).fit(data)
    progress(f"{market}: calibrating", 2, steps)
    curve = _calibrate(dataset, market, trial, prepared, journal, seed, ground.protocol)
    progress(f"{market}: measuring", 3, steps)
    own = evaluation.measure(prepared.question, trial.score)
    metrics: dict[str, Any] = {
        "split": prepared.split.method.value,
        "models": summaries({model: own, **_others(ground.beside, model)}, seed),
        "requests": None,
        "against": {name: evaluation.differences(own, rival, seed) for name, rival in ground.rivals.items()},
        "until": ground.until,
    }
    if ground.requests is not None:
        asked = ground.requests.measure(as_served(ground.requests, trial, curve))
        metrics["requests"] = {"models": summaries({model: asked, **_others(ground.asked_beside, model)}, seed)}
    if exploring is not None:
        target = Target.of(trial, curve, exploring.temperature)
        metrics["off_policy"] = _would_earn(dataset, market, target, prepared, exploring)
    everything = _rehearsed(dataset, market, [model], ground.everything, prepared.log, journal)
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
<<<<<<< HEAD
        metrics=metrics,
=======
        metrics={
            "split": prepared.split.method.value,
            "models": measured,
            "requests": {"models": summaries(asked, seed)} if asked else None,
        },
>>>>>>> ladder
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
        requests = _held_out_requests(prepared, journal, seed)
        if requests is not None:
            curves = {
                model: _calibrate(dataset, name, one, prepared, journal, seed, protocol)
                for model, one in fitted.items()
            }
            part = replace(part, requests=_ask(dataset, name, requests, fitted, curves))
        parts.append(part)
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


def _others(measured: Mapping[str, Measured], model: str) -> dict[str, Measured]:
    return {name: one for name, one in measured.items() if name != model}


def _held_out_requests(prepared: Prepared, journal: Journal | None, seed: int) -> Requests | None:
    """Requests of the test period; None where the log does not tell of any."""
    log, split = prepared.log, prepared.split
    if journal is None or split.method is not Method.TIME:
        return None
    since, until = (int(at.timestamp()) for at in (log[col.AT][split.test].min().floor("D"), log[col.AT].max()))
    return held_out_requests(journal, since, until + 1, np.random.default_rng(seed))


def _ask(
    dataset: Dataset,
    market: str,
    requests: Requests,
    fitted: Mapping[str, Model],
    curves: Mapping[str, Calibration],
) -> dict[str, Measured]:
    """All models asked about held-out requests, each with its calibration; habit and the oracle where there are any."""
    measured = {name: requests.measure(as_served(requests, one, curves[name])) for name, one in fitted.items()}
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


def _would_earn(
    dataset: Dataset, market: str, target: Target, prepared: Prepared, exploring: Exploring
) -> dict[str, Any]:
    """Of lists that the target knows nothing of: those of the test period."""
    since = prepared.log[col.AT][prepared.split.test].min() if prepared.split.method is Method.TIME else None
    return estimate_model(dataset, market, target, k=exploring.k, since=since, reach_km=exploring.reach_km)


def _measure_cold(
    prepared: Prepared, names: Sequence[str], seed: int, threads: int, protocol: Protocol
) -> dict[str, dict[str, Measured]]:
    cold = hold_back(prepared.data, prepared.question, np.random.default_rng(seed))
    return cold.measure(_fitted(names, cold.data, seed, threads, protocol))


def _calibrate(
    dataset: Dataset,
    market: str,
    model: Model,
    prepared: Prepared,
    journal: Journal | None,
    seed: int,
    protocol: Protocol,
) -> Calibration:
    """Fit on the validation period's impressions and measure the error on the test's; without impressions, assume."""
    if prepared.split.method is Method.TIME:
        at = prepared.log[col.AT]
        begins, ends = at[prepared.split.validation].min(), at[prepared.split.test].min()
        shown = None
        if not pd.isna(begins):
            wait = maturity(dataset, market, prepared.log[prepared.split.train], protocol.corrections)
            shown = shown_between(dataset, market, model, prepared.data, begins, ends, seed, wait, journal)
        if shown is not None and shown.can_calibrate:
            curve = calibration.fit(shown)
            tested = shown_between(dataset, market, model, prepared.data, ends, at.max(), seed, journal=journal)
            if tested is None:
                return curve
            rng = np.random.default_rng(seed)
            return curve.model_copy(update={"errors": calibration.errors(curve, tested, rng)})
    step = max(1, len(prepared.data.diner_ids) // _TYPICAL_DINERS)
    sample = np.arange(0, len(prepared.data.diner_ids), step, dtype=np.int32)
    return calibration.assume(model.score(sample), log_times_from_home(dataset, market, sample))
