"""From a dataset to a trained, calibrated, measured model version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from data import splits
from data.columns import EventType
from data.dataset import Dataset
from models import artifacts, calibration
from models.artifacts import Artifact
from models.base import IntArray, Model, ModelError, TrainingData
from models.calibration import Calibration
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut
from models.evaluation.report import MarketPart, measure_market, report
from models.impressions import log_times_from_home, shown_between
from models.ladder import make
from models.popular import decayed_counts
from models.training_data import build, positive_feedback

Progress = Callable[[str, int, int], None]

BASELINES: Final = ("random", "popular")
POPULARITY_HALF_LIFE_DAYS: Final = 14.0
_POSITIVE_TYPES: Final = (EventType.ORDER, EventType.CLICK, EventType.RATING)
_LOG_COLUMNS: Final = (col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.VALUE)


def _quiet(_step: str, _done: int, _total: int) -> None:
    """No progress."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One market's log, split, as arrays."""

    log: pd.DataFrame
    split: splits.Split
    data: TrainingData
    """Of the train period alone."""
    question: HeldOut
    """Of the test period."""


def train(
    dataset: Dataset,
    market: str,
    model: str,
    root: Path,
    *,
    seed: int = 0,
    threads: int = 1,
    parameters: Mapping[str, Any] | None = None,
    progress: Progress = _quiet,
) -> Artifact:
    """Fit on the train period, calibrate on the validation, measure on the test; then fit on everything and save.

    Raises ModelError where the market has nothing to learn from or the model is not on the ladder.
    """
    given = {**_own_parameters(model, seed, threads), **(parameters or {})}
    steps = 5
    progress(f"{market}: reading", 0, steps)
    prepared = prepare(dataset, market, seed)
    progress(f"{market}: fitting {model} on the train period", 1, steps)
    trial = make(model, **given).fit(prepared.data)
    progress(f"{market}: calibrating", 2, steps)
    curve = _calibrate(dataset, market, trial, prepared, seed)
    progress(f"{market}: measuring", 3, steps)
    measured = report(dataset, [_measure(dataset, market, prepared, {model: trial}, seed)], seed)
    progress(f"{market}: fitting {model} on everything", 4, steps)
    everything = build(dataset, market, positive_feedback(prepared.log), dataset.manifest.repeats)
    final = make(model, **given).fit(everything)
    artifact = artifacts.save(
        root,
        market=market,
        model=final,
        diner_ids=everything.diner_ids,
        restaurant_ids=everything.restaurant_ids,
        popularity=decayed_counts(everything.interactions, len(everything.restaurant_ids), POPULARITY_HALF_LIFE_DAYS),
        calibration=curve,
        data_snapshot=dataset.snapshot,
        metrics={"split": prepared.split.method.value, "models": measured["models"]},
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
    all_ratings: bool = False,
    progress: Progress = _quiet,
) -> dict[str, Any]:
    """Measure models on held-out data, `random` and `popular` always beside; diners of all markets together."""
    names = list(dict.fromkeys([*models, *BASELINES]))
    markets = [dataset.market(market).market] if market else list(dataset.markets)
    parts: list[MarketPart] = []
    for done, name in enumerate(markets):
        progress(f"{name}: measuring", done, len(markets))
        try:
            prepared = prepare(dataset, name, seed, all_ratings)
        except ModelError:
            if len(markets) == 1:
                raise
            continue  # a market without feedback has nothing to measure; the others have
        fitted = {model: make(model, **_own_parameters(model, seed, threads)).fit(prepared.data) for model in names}
        parts.append(_measure(dataset, name, prepared, fitted, seed))
    if not parts:
        raise ModelError(f"{dataset.path} has no positive feedback to measure with")
    return report(dataset, parts, seed)


def prepare(dataset: Dataset, market: str, seed: int, all_ratings: bool = False) -> Prepared:
    """Read and split one market's log; raise ModelError where there is too little of it."""
    log = dataset.events(market, _POSITIVE_TYPES, _LOG_COLUMNS)
    positive = positive_feedback(log, all_ratings)
    if len(positive) < 10:
        raise ModelError(f"market {market} has {len(positive)} positive events: too few to train and measure a model")
    split = _split(dataset, positive, seed)
    data = build(dataset, market, positive[split.train], dataset.manifest.repeats)
    tested = positive[split.test]
    if (tested[col.TYPE] == EventType.ORDER).any():
        tested = tested[tested[col.TYPE] == EventType.ORDER]
    diners, restaurants = _rows(data, tested)
    rng = np.random.default_rng(seed)
    question = evaluation.held_out(data, diners, restaurants, not dataset.manifest.repeats, rng)
    if not len(question.diners):
        raise ModelError(f"market {market} has no diner with a choice in the test period")
    return Prepared(positive, split, data, question)


def _split(dataset: Dataset, positive: pd.DataFrame, seed: int) -> splits.Split:
    if not dataset.manifest.has_times:
        return splits.hold_out(positive, np.random.default_rng(seed))
    at = positive[col.AT]
    days = max((at.max() - at.min()).total_seconds() / 86_400.0, 1.0)
    part = max(1.0, round(days / 7)) if days >= 4 else days / 4
    return splits.by_time(positive, part, part)


def _own_parameters(model: str, seed: int, threads: int) -> dict[str, Any]:
    wanted: dict[str, dict[str, Any]] = {"lightfm": {"seed": seed, "threads": threads}, "random": {"seed": seed}}
    return wanted.get(model, {})


def _rows(data: TrainingData, events: pd.DataFrame) -> tuple[IntArray, IntArray]:
    diners = pd.Index(data.diner_ids).get_indexer(pd.Index(events[col.USER_ID]))
    restaurants = pd.Index(data.restaurant_ids).get_indexer(pd.Index(events[col.RESTAURANT_ID]))
    known = (diners >= 0) & (restaurants >= 0)
    return diners[known].astype(np.int32), restaurants[known].astype(np.int32)


def _calibrate(dataset: Dataset, market: str, model: Model, prepared: Prepared, seed: int) -> Calibration:
    """Fit on the validation period's impressions and measure the error on the test's; without impressions, assume."""
    at = prepared.log[col.AT]
    if prepared.split.method is splits.Method.TIME:
        validation = (at[prepared.split.validation].min(), at[prepared.split.test].min())
        test = (at[prepared.split.test].min(), at.max())
        shown = shown_between(dataset, market, model, prepared.data, *validation, seed)
        if shown is not None:
            try:
                fitted = calibration.fit(shown)
            except ValueError:
                fitted = None
            if fitted is not None:
                tested = shown_between(dataset, market, model, prepared.data, *test, seed)
                rng = np.random.default_rng(seed)
                error = None if tested is None else calibration.order_error(fitted, tested, rng)
                return fitted.model_copy(update={"order_error": error})
    sample = np.arange(0, len(prepared.data.diner_ids), max(1, len(prepared.data.diner_ids) // 500), dtype=np.int32)
    return calibration.assume(model.score(sample), log_times_from_home(dataset, market, sample))


def _measure(
    dataset: Dataset, market: str, prepared: Prepared, fitted: Mapping[str, Model], seed: int, threads: int = 1
) -> MarketPart:
    """These models, and the baselines fitted beside them."""
    missing = [name for name in BASELINES if name not in fitted]
    beside = {name: make(name, **_own_parameters(name, seed, threads)).fit(prepared.data) for name in missing}
    method = prepared.split.method.value
    return measure_market(dataset, market, prepared.data, prepared.question, {**fitted, **beside}, method)
