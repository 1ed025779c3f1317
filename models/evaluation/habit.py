"""`habit`: where a diner has been before, the most often chosen first, then what is popular.

No rung of the ladder (it has no vectors to serve), but the reference that a model must be read against where diners
come back: a model that only remembers looks good beside `popular` and is worth less than this.
"""

from typing import Final

import numpy as np
from scipy import sparse

from models.base import FloatArray, IntArray, Model, TrainingData
from models.evaluation.evaluate import Scorer

_BEFORE_ALL_ELSE: Final = np.float32(1000.0)
"""Larger than any difference between log shares."""


def habit(data: TrainingData, popular: Model) -> Scorer:
    """Scores by the training period's interactions, ties by `popular`, which was fitted to the same data."""
    acts, shape = data.interactions, (len(data.diner_ids), len(data.restaurant_ids))
    past = sparse.csr_matrix((acts.weights, (acts.diners, acts.restaurants)), shape=shape)

    def scores(diners: IntArray) -> FloatArray:
        found: FloatArray = popular.score(diners) + _BEFORE_ALL_ELSE * past[diners].toarray()
        return found

    return scores
