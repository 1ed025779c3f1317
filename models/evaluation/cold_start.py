"""Cold start, measured on purpose: diners and restaurants of whom training sees nothing.

A time split has few newcomers, and they are not like the others. Here a random tenth of the diners and of the
restaurants that were chosen in the test period are taken out of training. The diners choose among all restaurants;
the restaurants are ranked among themselves, for the diners who chose one of them, since what is known of their
neighbours' popularity would drown how well they are told apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from data.splits import cold
from models.base import FloatArray, IntArray, Interactions, Model, TrainingData
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut, Measured, Scorer

Rows = npt.NDArray[np.integer]

_SHARE: Final = 0.1


@dataclass(frozen=True, eq=False)
class ColdStart:
    """Training data without the held-back, and what is asked about them."""

    data: TrainingData
    diners: HeldOut
    restaurants: HeldOut
    """Over the held-back restaurants alone: its columns are `columns`."""
    columns: IntArray

    def measure(self, fitted: Mapping[str, Model]) -> dict[str, dict[str, Measured]]:
        """By side and model; the models were fitted to `data`."""
        return {
            "diners": {name: evaluation.measure(self.diners, model.score) for name, model in fitted.items()},
            "restaurants": {
                name: evaluation.measure(self.restaurants, self._among_cold(model)) for name, model in fitted.items()
            },
        }

    def _among_cold(self, model: Model) -> Scorer:
        def scores(diners: IntArray) -> FloatArray:
            return model.score(diners, self.columns)

        return scores


def hold_back(data: TrainingData, question: HeldOut, rng: np.random.Generator) -> ColdStart:
    """Take a tenth of the question's diners and chosen restaurants out of the training data, one at least."""
    diners = np.flatnonzero(cold(question.diners, _SHARE, rng))
    chosen = question.relevant.indices
    columns = np.unique(chosen[cold(chosen, _SHARE, rng)])
    acts = data.interactions
    kept = ~np.isin(acts.diners, question.diners[diners]) & ~np.isin(acts.restaurants, columns)
    rest = Interactions(acts.diners[kept], acts.restaurants[kept], acts.weights[kept], acts.ages_days[kept])
    others = np.setdiff1d(np.arange(len(question.diners)), diners)
    chose = others[np.diff(question.relevant[others][:, columns].indptr) > 0]
    return ColdStart(
        # The rehearsal knows those who are held back.
        data=replace(data, interactions=rest, rehearsal=None),
        diners=_part(question, diners, None),
        restaurants=_part(question, chose, columns),
        columns=columns.astype(np.int32),
    )


def _part(question: HeldOut, diners: Rows, columns: Rows | None) -> HeldOut:
    def part(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        return matrix[diners] if columns is None else matrix[diners][:, columns]

    masked = None if question.masked is None else part(question.masked)
    return HeldOut(question.diners[diners], part(question.relevant), masked)
