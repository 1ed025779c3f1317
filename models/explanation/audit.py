"""What a model has learnt and whether it is useful, as the two documents that an evaluation report keeps.

    importance       figures of both sides and of the moment, the largest interactions, partial dependence
    over_indexing    the audit's findings

Pure functions of a model and the split that it was measured by.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.dataset import Dataset
from data.splits import Method
from models.artifacts import Artifact
from models.base import Model, ModelError, TrainingData
from models.calibration import Calibration
from models.evaluation.requests import Requests
from models.explanation import importance, moments
from models.explanation.embedding_map import embedding_map
from models.explanation.findings import Audit, Question
from models.explanation.importance import Sample
from models.explanation.moments import Moments
from models.explanation.over_indexing import Choices, Known, absent, closest, over_indexing
from models.explanation.parts import Kind, Parts, TakesApart
from models.preparation import Prepared, chosen_events, chosen_rows
from models.training_data import known_tags


def documents(
    model: Model,
    prepared: Prepared,
    seed: int,
    requests: Requests | None = None,
    calibration: Calibration | None = None,
    now: Known | None = None,
) -> dict[str, Any]:
    """`importance` and `over_indexing` of a model that was fitted to the split's train period.

    requests, calibration: of the held-out period, for the second stage. A model that does not say what its rows are
    made of has None for both.
    """
    if not isinstance(model, TakesApart):
        return {"importance": None, "over_indexing": None}
    sample, moment = Sample.of(model, prepared.question, seed), None
    if requests is not None and calibration is not None:
        moment = Moments.of(model, requests, calibration, seed)
    found = over_indexing(model, prepared.data, sample, *_periods(prepared), now)
    return {
        "importance": _importance(sample, moment) | {"map": _map(model, prepared.data)},
        "over_indexing": found.document(),
    }


def audit(model: Model, prepared: Prepared, seed: int, now: Known | None = None) -> Audit:
    """The audit alone; raise ModelError for a model that does not say what its rows are made of."""
    if not isinstance(model, TakesApart):
        raise ModelError(f"model {model.name} does not say what its rows are made of, so it cannot be audited")
    sample = Sample.of(model, prepared.question, seed)
    return over_indexing(model, prepared.data, sample, *_periods(prepared), now)


def known(dataset: Dataset, market: str) -> Known:
    """The tables of a market as they are when a model serves."""
    return Known(*known_tags(dataset, market))


def with_tags_of_now(version: Artifact, kept: dict[str, Any] | None, now: Known) -> dict[str, Any]:
    """The audit that a version keeps, and its tags beside those of `now`; the other questions need its data.

    kept: None for a version that was trained without one.
    """
    model, sides = version.model, (version.restaurant_ids, version.diner_ids)
    not_asked = {kind: "not measured for this version" for kind in Question if kept is None}
    not_asked = dict(kept["not_asked"]) if kept is not None else not_asked
    found = [] if kept is None else [one for one in kept["findings"] if one["kind"] != Question.IN_SERVICE]
    if isinstance(model, TakesApart):
        parts = (model.restaurant_parts, model.diner_parts)
        before = Known(
            *(
                {name: _tags(of(row)) for row, name in enumerate(ids) if name in side}
                for ids, of, side in zip(sides, parts, (now.restaurants, now.diners), strict=True)
            )
        )
        found += [finding.document() for finding in closest(absent(model, before, now))]
        not_asked.pop(Question.IN_SERVICE, None)
    found.sort(key=lambda one: not one["reported"])
    return {"reported": sum(one["reported"] for one in found), "findings": found, "not_asked": not_asked}


def _tags(parts: Parts) -> list[str]:
    return sorted({source.tag for source in parts.sources if source.kind is Kind.TAG})


def _importance(sample: Sample, moment: Moments | None) -> dict[str, Any]:
    figures, bends = importance.importances(sample), []
    if moment is not None:
        figures += moments.importances(moment, sample.seed)
        bends = [bend.document() for bend in moments.partial_dependences(moment, sample.seed)]
    return {
        "diners": len(sample.question.diners),
        "restaurants": len(sample.restaurants.biases),
        "features": [figure.document() for figure in figures],
        "interactions": [pair.document() for pair in importance.interactions(sample)],
        "partial_dependence": bends,
    }


def _map(model: Model, data: TrainingData) -> dict[str, Any] | None:
    places = embedding_map(model, data.restaurant_features.names)
    return None if places is None else places.document()


def _periods(prepared: Prepared) -> tuple[Choices, Choices]:
    """Choices of the train period and of all time after it; none of the latter where the split is not by time."""
    split = prepared.split
    after = (split.validation | split.test) & (split.method is Method.TIME)
    return _choices(prepared, split.train), _choices(prepared, after)


def _choices(prepared: Prepared, rows: npt.NDArray[np.bool_]) -> Choices:
    """Where the log has no times, all is of one day."""
    log = prepared.log[rows]
    at = chosen_events(prepared.data, log)[col.AT]
    days = ((at - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(days=1)).fillna(0).to_numpy().astype(np.int32)
    return Choices(*chosen_rows(prepared.data, log), days)
