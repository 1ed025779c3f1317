"""From a dataset to one market's training data and the question that models are asked about its held-out rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data import splits
from data.columns import EventType
from data.dataset import Dataset
from data.importers import documented
from models.base import IntArray, ModelError, TrainingData
from models.corrections import NO_CORRECTIONS, Corrections, corrected, options_apart
from models.evaluation.evaluate import HeldOut, held_out
from models.training_data import build, positive_feedback

_TYPES: Final = (EventType.ORDER, EventType.CLICK, EventType.RATING)
_COLUMNS: Final = (col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.VALUE)
_FEWEST_POSITIVES: Final = 10


@dataclass(frozen=True)
class Protocol:
    """How a dataset is turned into a benchmark."""

    documented: bool
    """The split that the data's source documents, instead of one by time or at random."""
    all_ratings: bool
    """Every rating is positive, not only good ones."""
    mask_known: bool
    """Restaurants known from training are left out of the ranking."""
    parameters: Mapping[str, Mapping[str, Any]]
    """Of models, by name, where the protocol documents them."""
    test_from: datetime | None = None
    """The test period's beginning, where it must not be the usual one."""
    corrections: Corrections = NO_CORRECTIONS
    """Of what models learn from; what they are measured with stays as it was logged."""

    def given(self, models: Sequence[str], parameters: Mapping[str, Any]) -> Self:
        """The same with these parameters for these models, before those that the protocol has for them.

        Corrections that are among them hold for all. Raises ModelError for one that there is not.
        """
        own, corrections = options_apart(parameters, self.corrections)
        of_models = {name: {**self.parameters.get(name, {}), **own} for name in models}
        return replace(self, parameters={**self.parameters, **of_models}, corrections=corrections)


def usual(
    dataset: Dataset,
    all_ratings: bool = False,
    corrections: Corrections | None = None,
    test_from: datetime | None = None,
) -> Protocol:
    """Good ratings only, unless all are wanted; known restaurants are masked where diners do not come back to them."""
    return Protocol(
        documented=False,
        all_ratings=all_ratings,
        mask_known=not dataset.manifest.repeats,
        parameters={},
        test_from=test_from,
        corrections=corrections or NO_CORRECTIONS,
    )


def benchmark(dataset: Dataset) -> Protocol | None:
    """LightFM's documented MovieLens benchmark, where the dataset holds the split for it.

    All ratings are positive and nothing is masked, so training items take places of the list; model parameters are
    those of the documentation: identities alone, ten components, ten epochs.
    """
    if not (dataset.path / documented.FILE).exists():
        return None
    plain = {
        "components": 10,
        "epochs": 10,
        "learning_rate": 0.05,
        "diner_alpha": 0.0,
        "restaurant_alpha": 0.0,
        "tag_share": 0.0,
    }
    return Protocol(documented=True, all_ratings=True, mask_known=False, parameters={"lightfm": plain})


@dataclass(frozen=True, eq=False)
class Prepared:
    """One market's log, split, as arrays."""

    log: pd.DataFrame
    """`positive_feedback` of all periods."""
    split: splits.Split
    data: TrainingData
    """Of the train period alone."""
    question: HeldOut
    """Of the test period."""

    def masked(self) -> Self:
        """The same with what is known from training left out of the ranking."""
        diners, restaurants = chosen_rows(self.data, self.log[self.split.test])
        question = held_out(self.data, diners, restaurants, True, np.random.default_rng(0))
        return replace(self, question=question)


def prepare(dataset: Dataset, market: str, seed: int, protocol: Protocol) -> Prepared:
    """Read and split one market's log; raise ModelError where there is too little of it."""
    columns = (*_COLUMNS, col.EVENT_ID) if protocol.documented else _COLUMNS
    log = dataset.events(market, _TYPES, columns)
    positive = positive_feedback(log, protocol.all_ratings)
    if len(positive) < _FEWEST_POSITIVES:
        raise ModelError(f"market {market} has {len(positive)} positive events: too few to train and measure a model")
    split = _split(dataset, positive, seed, protocol)
    learnt = corrected(dataset, market, positive[split.train], protocol.corrections)
    data = build(dataset, market, learnt, dataset.manifest.repeats, leave_out=protocol.corrections.leave_out)
    diners, restaurants = chosen_rows(data, positive[split.test])
    question = held_out(data, diners, restaurants, protocol.mask_known, np.random.default_rng(seed))
    if not len(question.diners):
        raise ModelError(f"market {market} has no diner with a choice in the test period")
    return Prepared(positive, split, data, question)


def chosen_rows(data: TrainingData, positives: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Rows of diners and of the restaurants that they chose: clicks count only where there are no orders."""
    diners, restaurants, known = _choices(data, positives)
    return diners[known], restaurants[known]


def chosen_events(data: TrainingData, positives: pd.DataFrame) -> pd.DataFrame:
    """The events that `chosen_rows` are of, in the same order."""
    return positives[_choices(data, positives)[2]]


def _choices(data: TrainingData, positives: pd.DataFrame) -> tuple[IntArray, IntArray, npt.NDArray[np.bool_]]:
    """Rows of diners and restaurants of all events, and whether each is a choice."""
    ordered = (positives[col.TYPE] == EventType.ORDER).to_numpy()
    diners = pd.Index(data.diner_ids).get_indexer(pd.Index(positives[col.USER_ID])).astype(np.int32)
    restaurants = pd.Index(data.restaurant_ids).get_indexer(pd.Index(positives[col.RESTAURANT_ID])).astype(np.int32)
    return diners, restaurants, (ordered | ~ordered.any()) & (diners >= 0) & (restaurants >= 0)


def _split(dataset: Dataset, positive: pd.DataFrame, seed: int, protocol: Protocol) -> splits.Split:
    """By time where there are times: a seventh each for validation and test, whole days if the log has so many."""
    if protocol.documented:
        named = documented.documented_split(dataset, positive)
        if named is not None:
            return named
    if not dataset.manifest.has_times:
        return splits.hold_out(positive, np.random.default_rng(seed))
    at = positive[col.AT]
    days = max((at.max() - at.min()).total_seconds() / 86_400.0, 1.0)
    part = max(1.0, round(days / 7)) if days >= 4 else days / 4
    if protocol.test_from is not None:
        return splits.since(positive, protocol.test_from, part)
    return splits.by_time(positive, part, part)
