"""The policy whose value is asked for: a model of the ladder that explores as the ranking does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from data.geo import log_travel_time
from models.artifacts import Artifact
from models.base import FloatArray, IntArray, Model
from models.calibration import Calibration
from models.off_policy.logged import Bools, Doubles, Places, Rows
from models.off_policy.plackett_luce import weights_of

Scorer = Callable[[IntArray], FloatArray]
"""From rows of the dataset's diners (R,) to raw scores (R, n) of its restaurants; -inf: cannot be shown."""


@dataclass(frozen=True, eq=False)
class Target:
    """Lists drawn by Plackett-Luce with weights exp(order probability / temperature), as `services.ranking.rank` does.

    Its order probabilities are also the reward model of the estimators that want one.
    """

    score: Scorer
    calibration: Calibration
    temperature: float
    """In units of order probability: the policy's `exploration`."""
    shortlist: int | None = None
    """Only so many candidates with the best raw scores are drawn from; None: all."""

    def __post_init__(self) -> None:
        if not self.temperature > 0.0:
            raise ValueError(f"temperature must be above 0, not {self.temperature}: without chance nothing can be told")

    @classmethod
    def of(cls, model: Model, calibration: Calibration, temperature: float, shortlist: int | None = None) -> Self:
        """A model that was fitted to this dataset, so that its rows are the dataset's."""
        return cls(model.score, calibration, temperature, shortlist)

    @classmethod
    def of_artifact(cls, artifact: Artifact, places: Places, temperature: float, shortlist: int | None = None) -> Self:
        """A version, whatever it was fitted to; it shows no restaurant that it does not know.

        Diners that it does not know get the vector of the diner of whom nothing is known.
        """
        column_of = {one: column for column, one in enumerate(artifact.restaurant_ids)}
        columns = np.asarray([column_of.get(one, -1) for one in places.restaurant_ids], np.int64)
        rows = np.asarray([-1 if row is None else row for row in map(artifact.diner_row, places.diner_ids)], np.int64)
        nobody = artifact.model.new_diners([[]])
        vectors, biases = artifact.restaurants.vectors[columns], artifact.restaurants.biases[columns]

        def score(diners: IntArray) -> FloatArray:
            known = rows[diners] >= 0
            wanted = np.where(known[:, None], artifact.diners.vectors[rows[diners]], nobody.vectors)
            bias = np.where(known, artifact.diners.biases[rows[diners]], nobody.biases)
            scores: FloatArray = wanted @ vectors.T + biases + bias[:, None]
            return np.where(columns >= 0, scores, -np.inf)

        return cls(score, artifact.calibration, temperature, shortlist)

    def look(self, diners: Rows, distances_km: Doubles, candidates: Bools) -> tuple[Doubles, Doubles]:
        """(R, n) weights of all restaurants in lists of these diners (R,), 0 for what is not among the candidates
        (R, n), and their order probabilities, given a look.

        distances_km: (R, n) from where the diner asks; NaN where that is not known.
        """
        raw = np.asarray(self.score(diners.astype(np.int32)), np.float64)
        offsets = log_travel_time(distances_km) - self.calibration.mean_log_time
        probabilities = self.calibration.order_probability(raw, np.nan_to_num(offsets, nan=0.0))
        candidates = candidates & np.isfinite(raw)
        if self.shortlist is not None and self.shortlist < raw.shape[1]:
            listed = np.where(candidates, raw, -np.inf)
            bar = -np.partition(-listed, self.shortlist - 1, axis=1)[:, self.shortlist - 1 : self.shortlist]
            candidates &= raw >= bar
        return weights_of(probabilities, self.temperature, candidates), probabilities

    def examination(self, places: int) -> Doubles:
        """(places,) how likely each place is looked at."""
        return self.calibration.examination_at(np.arange(1, places + 1))
