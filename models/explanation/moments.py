"""What the second stage does with the moment of a request: importance of its features, and how each bends the order.

Requests are held-out ones. A feature's contribution is its SHAP value in the trees' sum less the mean over the
restaurants that it is compared with; its permutation loss is what nDCG@10 of the request's candidates loses where the
trees see the feature of another pair of request and restaurant. Partial dependence (Friedman 2001) is the trees' mean
sum over rows in which the feature is set to a value, less the mean over the values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from scipy import sparse

from models.base import Model
from models.calibration import Calibration
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut
from models.evaluation.requests import Requests, as_known_to, shortlist
from models.explanation.importance import CONTRIBUTION, LOSS, Importance, list_quality
from models.explanation.parts import Doubles
from models.second_stage.features import FEATURES, Past, features
from models.second_stage.stage import SecondStage, second_stage_of

_MOST_REQUESTS: Final = 300
_TAKEN_APART: Final = 100
"""Requests whose restaurants are taken apart by TreeSHAP …"""
_OF_EACH: Final = 15
"""… and so many restaurants of each, at random."""
_GRID: Final = 11
_ROWS: Final = 400


@dataclass(frozen=True)
class PartialDependence:
    """What a feature of the second stage adds at each of some values."""

    feature: str
    at: tuple[float, ...]
    """Values: quantiles of those that were seen, each once."""
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"feature": self.feature, **{name: list(getattr(self, name)) for name in ("at", "value", "low", "high")}}


@dataclass(frozen=True, eq=False)
class Moments:
    """B held-out requests as the second stage sees the S restaurants of each shortlist."""

    stage: SecondStage
    before: Doubles
    """(B, S) what orders the shortlist without the trees: first stage and way, in units of the first stage."""
    features: Doubles
    """(B, S, features)"""
    question: HeldOut
    """Of the requests, about the columns of their own shortlists."""

    @classmethod
    def of(cls, model: Model, requests: Requests, calibration: Calibration, seed: int) -> Self | None:
        """Random ones, as many as there is time for; None for a model without a second stage.

        Requests whose choice the first stage did not shortlist are left out: no second stage can help them.
        """
        stage = second_stage_of(model)
        if stage is None:
            return None
        chosen = np.random.default_rng(seed).permutation(len(requests.asked))[:_MOST_REQUESTS]
        asked, journal = requests.asked.part(chosen), requests.journal
        relevance = model.score(asked.diners.astype(np.int32)).astype(np.float64)
        short = shortlist(relevance, requests.candidates[chosen])
        hit = short == requests.chosen[chosen, None]
        kept = hit.any(axis=1)
        if not kept.any():
            return None
        asked, short, hit, chosen = asked.part(kept), short[kept], hit[kept], chosen[kept]
        raw = np.take_along_axis(relevance[kept], short, axis=1)
        times = asked.log_times(journal.places, short)
        places = as_known_to(stage, journal)
        venues = stage.venues(np.arange(len(places.lat)), places)
        seen = features(venues, Past(journal.actions, journal.places), asked, short, raw, times)
        way = np.nan_to_num(times - calibration.mean_log_time, nan=0.0)
        before = raw + calibration.order.travel / (calibration.order.slope or 1.0) * way
        masked = ~np.take_along_axis(requests.candidates[chosen], short, axis=1)
        question = HeldOut(np.arange(len(short), dtype=np.int32), sparse.csr_matrix(hit), sparse.csr_matrix(masked))
        return cls(stage, before, seen, question)

    def quality(self, seen: Doubles) -> Doubles:
        """(B,) nDCG@10 of each request where the trees see these features."""
        return list_quality(self.before + self.stage.trees.sums(seen), self.question)


def importances(moments: Moments, seed: int) -> list[Importance]:
    """Both figures of each feature, the largest first."""
    found: list[Importance] = []
    for measure, series in ((CONTRIBUTION, _moved(moments, seed)), (LOSS, _lost(moments, seed))):
        figures = [
            Importance(name, "moment", one["value"], one["low"], one["high"], measure)
            for name, one in zip(FEATURES, evaluation.intervals(series, seed), strict=True)
        ]
        found += sorted(figures, key=lambda figure: -figure.value)
    return found


def partial_dependences(moments: Moments, seed: int) -> list[PartialDependence]:
    """Of each feature that takes more than one value, with 95 % intervals over rows."""
    rows = moments.features.reshape(-1, len(FEATURES))
    rows = rows[np.random.default_rng(seed).permutation(len(rows))[:_ROWS]]
    found = []
    for column, name in enumerate(FEATURES):
        grid = np.unique(np.quantile(moments.features[..., column], np.linspace(0.0, 1.0, _GRID)))
        if len(grid) < 2:
            continue
        set_to = np.repeat(rows[None], len(grid), axis=0)
        set_to[..., column] = grid[:, None]
        sums = moments.stage.trees.sums(set_to)
        figures = evaluation.intervals(list(sums - sums.mean(axis=0)), seed)
        bends = ([one[key] for one in figures] for key in ("value", "low", "high"))
        found.append(PartialDependence(name, tuple(grid.tolist()), *map(tuple, bends)))
    return found


def _moved(moments: Moments, seed: int) -> Sequence[Doubles]:
    """By feature, (b,) mean |SHAP| of each of some requests, less the mean over its restaurants."""
    rng, (_, s, width) = np.random.default_rng(seed), moments.features.shape
    taken = moments.features[:_TAKEN_APART]
    columns = np.argsort(rng.random((len(taken), s)), axis=1)[:, :_OF_EACH]
    rows = np.take_along_axis(taken, columns[..., None], axis=1)
    values = moments.stage.shap.values_of(rows.reshape(-1, width)).reshape(rows.shape)
    return list(np.abs(values - values.mean(axis=1, keepdims=True)).mean(axis=1).T)


def _lost(moments: Moments, seed: int) -> Sequence[Doubles]:
    """By feature, (B,) by how much each request's nDCG@10 falls where the feature is dealt out anew."""
    whole, series = moments.quality(moments.features), []
    for column in range(len(FEATURES)):
        dealt = moments.features.copy()
        values = dealt[..., column].ravel()
        dealt[..., column] = np.random.default_rng([seed, column]).permutation(values).reshape(dealt.shape[:2])
        series.append(whole - moments.quality(dealt))
    return series
