"""What a model's lists would earn, told from the log of another policy: the one face of this package."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.dataset import Dataset
from models.artifacts import Artifact
from models.off_policy import plackett_luce
from models.off_policy.estimators import ESTIMATORS, Weighed, effective, interval, refusal
from models.off_policy.logged import MATURITY, Doubles, LoggedLists, Places, read_lists
from models.off_policy.target import Target

HEADLINE: Final = "snips"
"""Unbiased whatever diners do with a list, but for a bias of the order 1 / ESS; never outside the rewards' range."""
TEMPERATURE: Final = 0.08
"""In units of order probability: sharp enough to differ from the log, mild enough to be told from it."""
PLACES: Final = 3
"""By default so many places, from the top, are the new policy's doing."""
_WITHOUT_WEIGHTS: Final = ("naive", "dm")
_LISTS_AT_ONCE: Final = 2_048


@dataclass(frozen=True)
class Exploring:
    """How a policy explores whose value is asked for."""

    temperature: float = TEMPERATURE
    """In units of order probability."""
    k: int = PLACES
    reach_km: float | None = None
    """As of `estimate_model`."""


def estimate_model(
    dataset: Dataset,
    market: str,
    model: Target | Artifact,
    *,
    temperature: float = TEMPERATURE,
    k: int = PLACES,
    since: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
    reach_km: float | None = None,
    clip: float | None = None,
    maturity: pd.Timedelta = MATURITY,
    seed: int = 0,
) -> dict[str, Any]:
    """Orders a list, were the first `k` places of the lists shown in [since, until) drawn by the model.

    The places after them are drawn as they were logged. model: one that was fitted without the log of that time, or its
    luck is taken for its merit; an `Artifact` explores at `temperature`, a `Target` at its own. reach_km: each open
    restaurant so near to a diner's home had a positive chance of being shown (a synthetic city says so itself).
    `clip` bounds the weights; what that takes away is reported, and biases the estimates downwards.

    Returns JSON: the `HEADLINE` estimate as `value`, `low`, `high` (95 %, over diners), None where `refused` says why;
    `by_estimator` all of them, None where the log does not hold what one needs (IIPS wants the logging policy's weight
    of every candidate); `naive`, what the logged lists earned; `ess`, `clipped_mass`, `lists`, `left_out`, `k`.

    Raises ModelError where the log does not say what could have been shown, ValueError for k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    places = Places.of(dataset, market, reach_km)
    target = Target.of_artifact(model, places, temperature) if isinstance(model, Artifact) else model
    lists = read_lists(dataset, market, places, since, until, maturity)
    about = {"k": k, "temperature": target.temperature, "lists": len(lists), "left_out": lists.left_out}
    reason = _unusable(lists, k)
    if reason is not None:
        nothing = {"value": None, "low": None, "high": None}
        by_estimator = dict.fromkeys(ESTIMATORS)
        return {**nothing, "ess": 0.0, "refused": reason, "by_estimator": by_estimator, "naive": None, **about}
    return {**summary(weigh(lists, places, target, k, clip, np.random.default_rng(seed))), **about}


def summary(weighed: Weighed) -> dict[str, Any]:
    """All estimates with their intervals, as JSON."""
    reason = refusal(weighed.weights)
    by_estimator: dict[str, dict[str, float] | None] = {}
    for name, estimator in ESTIMATORS.items():
        contributions = estimator(weighed) if reason is None or name in _WITHOUT_WEIGHTS else None
        by_estimator[name] = None if contributions is None else _measured(contributions, weighed.clusters)
    headline: dict[str, float] | dict[str, None] = by_estimator[HEADLINE] or dict.fromkeys(("value", "low", "high"))
    return {
        **headline,
        "ess": effective(weighed.weights),
        "refused": reason,
        "by_estimator": by_estimator,
        "naive": by_estimator["naive"],
        "clipped_mass": weighed.clipped_mass,
        "mean_weight": float(weighed.weights.mean()),
    }


def weigh(
    lists: LoggedLists, places: Places, target: Target, k: int, clip: float | None, rng: np.random.Generator
) -> Weighed:
    """The lists as the target sees them, a part at a time, so that memory does not grow with the log."""
    k = min(k, lists.restaurants.shape[1] if lists.drawn is None else lists.drawn)
    theta = target.examination(lists.restaurants.shape[1])
    ratios, predicted, expected, drawn = [], [], [], []
    for first in range(0, len(lists), _LISTS_AT_ONCE):
        part = lists.take(slice(first, first + _LISTS_AT_ONCE))
        weights, probabilities = target.look(
            part.diners, places.distances_km(part.lat, part.lon), part.candidates(places)
        )
        head = part.restaurants[:, :k]
        # Where the target has nothing left to show, the list goes on as it was logged.
        ratios.append(np.nan_to_num(plackett_luce.conditional(weights, head) / part.propensities[:, :k], nan=1.0))
        foreseen, reached = _foreseen(probabilities, part.restaurants, theta)
        predicted.append(foreseen)
        expected.append(plackett_luce.expected(weights, head, probabilities) * theta[:k] * reached[:, :k])
        drawn.append(_foreseen(probabilities, plackett_luce.draw(weights, k, rng), theta)[0].sum(axis=1))
    return Weighed(
        rewards=lists.ordered,
        ratios=np.concatenate(ratios),
        clusters=lists.diners,
        predicted=np.concatenate(predicted),
        expected=np.concatenate(expected),
        drawn=np.concatenate(drawn),
        clip=clip,
    )


def _foreseen(probabilities: Doubles, lists: npt.NDArray[np.integer], theta: Doubles) -> tuple[Doubles, Doubles]:
    """((R, K) P(the order is made at this place), (R, K) P(it is not made above)), as the target's model has it.

    The diner goes down the list, looks at each place with probability theta_k and orders there or goes on: a list
    brings one order at most.
    """
    listed = np.take_along_axis(probabilities, np.maximum(lists, 0), axis=1)
    orders = np.where(lists >= 0, listed * theta[: lists.shape[1]], 0.0)
    going_on = np.cumprod(1.0 - orders, axis=1)
    reached = np.concatenate([np.ones((len(lists), 1)), going_on[:, :-1]], axis=1)
    return reached * orders, reached


def _unusable(lists: LoggedLists, k: int) -> str | None:
    if not len(lists):
        return "the log has no list with all its propensities in that time"
    if (lists.propensities[:, :k] == 1.0).all():
        return "nothing was left to chance when the lists were made: let the policy explore (exploration above 0)"
    return None


def _measured(contributions: Doubles, clusters: npt.NDArray[np.integer]) -> dict[str, float]:
    value, low, high = interval(contributions, clusters)
    return {"value": value, "low": low, "high": high}
