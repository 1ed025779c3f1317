"""Estimating the choice model back from choices: the conditional logit (McFadden 1974) by Newton's method."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """Coefficients and their standard errors, (p,) each."""

    coefficients: Floats
    errors: Floats

    def interval(self, index: int) -> tuple[float, float]:
        """The 95 % interval of one coefficient."""
        middle, reach = float(self.coefficients[index]), 1.96 * float(self.errors[index])
        return middle - reach, middle + reach


def conditional_logit(
    features: Floats, chosen: npt.NDArray[np.integer], available: npt.NDArray[np.bool_], rounds: int = 50
) -> Estimate:
    """Maximum likelihood of P(i | list) = exp(beta·x_i) / sum over the list.

    features: (R, K, p). chosen: (R,) column of the choice. available: (R, K) which are in the list. Standard errors
    are those of the observed information. Raise ValueError without rows, LinAlgError where a feature does not vary.
    """
    if len(chosen) == 0:
        raise ValueError("there is no choice to learn from")
    beta = np.zeros(features.shape[2])
    information = np.eye(beta.size)
    taken = np.take_along_axis(features, chosen[:, None, None], axis=1)[:, 0]
    for _ in range(rounds):
        utilities = np.where(available, features @ beta, -np.inf)
        weights = np.exp(utilities - utilities.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        means = np.einsum("rk,rkp->rp", weights, features)
        information = np.einsum("rk,rkp,rkq->pq", weights, features, features, optimize=True) - means.T @ means
        step = np.linalg.solve(information, (taken - means).sum(axis=0))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return Estimate(beta, np.sqrt(np.diag(np.linalg.inv(information))))
