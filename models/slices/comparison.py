"""Two versions on the same cases: in which slices is the new one worse, whatever the mean says?

Differences are paired: case by case, the figure of the one less that of the other, so what makes a case hard falls out.
The slices are searched as `models.slices.search` does, held against no difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from models.evaluation.evaluate import HeldOut, Measured
from models.evaluation.requests import Requests
from models.ground import Ground
from models.slices.cases import Cases, Doubles, Feature, Rows
from models.slices.contrasts import slice_mask
from models.slices.features import diner_features, request_features, restaurant_features
from models.slices.search import Options, search

FIGURE: Final = "ndcg@10"
OPTIONS: Final = Options(least_cases=40, least_diners=30, against_nothing=True)
"""Held-out questions are few, one of each diner: slices of 80 and more can be found."""


@dataclass(frozen=True)
class Regression:
    """A slice in which the newer version is worse. Figures are means of one where higher is better."""

    conditions: tuple[str, ...]
    n: int
    """Cases in it."""
    before: float
    """The older version's figure."""
    after: float
    """The newer one's, on the same cases."""
    loss: float
    """before - after, on those cases that the slice was tested on: with `Correction.BY` all of them, so the worst of
    many slices looks somewhat worse here than it is; with `Correction.HALVES` those that had no part in finding it."""
    low: float
    """Its 95 % interval, clustered by diner."""
    high: float
    p_adjusted: float
    same_as: tuple[tuple[str, ...], ...] = ()
    """Other descriptions of nearly the same cases that the data do not tell apart from it, the likeliest first."""

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        same_as = [list(one) for one in self.same_as]
        return {**vars(self), "conditions": list(self.conditions), "same_as": same_as}

    def sentence(self, figure: str = FIGURE) -> str:
        """For people."""
        loss = f"{self.loss:.3f} [{self.low:.3f}, {self.high:.3f}]"
        where = " and ".join(self.conditions)
        return f"{where}: {figure} {self.after:.3f} where it was {self.before:.3f}, worse by {loss} (n = {self.n:,})"


@dataclass(frozen=True)
class Comparison:
    """The newer version against the older one."""

    gain: float
    """Mean over all cases, after - before."""
    regressions: tuple[Regression, ...]
    """The worst first."""

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"gain": self.gain, "regressions": [one.document() for one in self.regressions]}


def compare_slices(before: Doubles, after: Doubles, cases: Cases, options: Options = OPTIONS) -> Comparison:
    """before, after: (n,) a figure of which more is better, of the same cases; losses of `cases` are not looked at."""
    differences = replace(cases, losses=before - after, loss="loss")
    found = []
    for one in search(differences, options):
        inside = slice_mask(cases, one.conditions)
        means = float(before[inside].mean()), float(after[inside].mean())
        figures = (*means, one.value, one.low, one.high, one.p_adjusted)
        found.append(Regression(one.conditions, int(inside.sum()), *figures, one.same_as))
    return Comparison(float((after - before).mean()), tuple(found))


def against_rivals(
    ground: Ground, cases: Cases, own: Measured, rivals: Mapping[str, Measured]
) -> dict[str, dict[str, Any]]:
    """By rival, the document of a comparison on one of the ground's questions, whose cases these are."""
    options, figures = replace(OPTIONS, seed=ground.seed), own.per_diner[FIGURE]
    return {
        name: compare_slices(rival.per_diner[FIGURE], figures, cases, options).document()
        for name, rival in rivals.items()
    }


def requests_as_cases(ground: Ground, requests: Requests) -> Cases:
    """Held-out requests, by who asked, when, and what was chosen; without losses."""
    data, asked, chosen = ground.prepared.data, requests.asked, requests.chosen
    way = np.exp(asked.log_times(requests.journal.places, chosen[:, None])[:, 0])
    features = (
        *restaurant_features(data, chosen, "chosen "),
        *diner_features(data, asked.diners),
        *request_features(asked),
        Feature.binned("distance", way, "min"),
    )
    return _without_losses(asked.diners, features, "held-out request")


def diners_as_cases(ground: Ground, question: HeldOut) -> Cases:
    """Held-out diners, by their profile; without losses."""
    diners = question.diners.astype(np.int64)
    return _without_losses(diners, diner_features(ground.prepared.data, diners), "held-out diner")


def _without_losses(diners: Rows, features: tuple[Feature, ...], unit: str) -> Cases:
    return Cases(np.zeros(len(diners)), diners, features, unit)
