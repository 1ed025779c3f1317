"""Estimators of a policy's value from lists that another policy drew: pure arithmetic over arrays.

Each gives (R,) contributions whose mean is the estimate; what it must assume to be unbiased:

    SIPS, DR      nothing, whatever the diner does with a list (Horvitz-Thompson; Dudík et al. 2011)
    SNIPS         as SIPS, but for a bias of the order 1 / ESS (Swaminathan and Joachims 2015)
    RIPS          what stands below a place does not matter to it (McInerney et al. 2020)
    Cascade-DR    the same (Kiyohara et al. 2022)
    IIPS          only the place and what stands there matter (Li et al. 2018)
    DM            the model of the reward is right

Where only the first k places of a list of K are the target's doing and the rest is drawn as it was logged, the weight
of the places after k is that of the k together.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

Doubles = npt.NDArray[np.float64]

FEWEST_EFFECTIVE: Final = 100.0
"""An estimate that rests on fewer effective lists is refused."""
GREATEST_SHARE: Final = 0.05
"""… or one of which a single list has more than this share of the weight."""
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, eq=False)
class Weighed:
    """R logged lists of K places as the target policy sees them; the first k places are its doing."""

    rewards: Doubles
    """(R, K)"""
    ratios: Doubles
    """(R, k) P(restaurant at this place | those above) under the target over the same under the logging policy."""
    clusters: npt.NDArray[np.integer]
    """(R,) whose list it was: what one diner does is not independent."""
    place_ratios: Doubles | None = None
    """(R, k) P(restaurant at this place), whatever stands above, likewise; None: not known."""
    predicted: Doubles | None = None
    """(R, K) the reward model's expectation of each place as logged; None: there is no model."""
    expected: Doubles | None = None
    """(R, k) its expectation over what the target draws at a place, given the logged ones above."""
    drawn: Doubles | None = None
    """(R,) its expectation of the first k places of a list drawn by the target."""
    clip: float | None = None
    """The greatest weight that is believed."""

    @property
    def prefix_weights(self) -> Doubles:
        """(R, k) weight of the list's first places together, clipped."""
        weights = np.cumprod(self.ratios, axis=1)
        return np.asarray(weights if self.clip is None else np.minimum(weights, self.clip))

    @property
    def weights(self) -> Doubles:
        """(R,) weight of the whole list."""
        return np.asarray(self.prefix_weights[:, -1])

    @property
    def clipped_mass(self) -> float:
        """Share of the lists' weight that clipping took away."""
        whole = float(np.prod(self.ratios, axis=1).sum())
        return 1.0 - float(self.weights.sum()) / whole if whole > 0.0 else 0.0

    @property
    def place_weights(self) -> Doubles:
        """(R, K) of each place: that of the list down to it."""
        return self._over_all_places(self.prefix_weights)

    def _over_all_places(self, of_head: Doubles) -> Doubles:
        rest = self.rewards.shape[1] - of_head.shape[1]
        return np.concatenate([of_head, np.repeat(self.weights[:, None], rest, axis=1)], axis=1)


def naive(lists: Weighed) -> Doubles:
    """What the log's own lists earned, as if the policy made no difference."""
    return np.asarray(lists.rewards.sum(axis=1))


def sips(lists: Weighed) -> Doubles:
    """w · sum of the rewards."""
    return np.asarray(lists.weights * lists.rewards.sum(axis=1))


def snips(lists: Weighed) -> Doubles:
    """sum of w r / sum of w; the contributions are the ratio's linearisation, whose mean is the ratio itself."""
    total = lists.weights.mean()
    if total == 0.0:
        return np.full(len(lists.weights), np.nan)
    rewards = lists.rewards.sum(axis=1)
    value = float((lists.weights * rewards).mean() / total)
    return np.asarray(value + lists.weights * (rewards - value) / total)


def rips(lists: Weighed) -> Doubles:
    """Each place's reward by the weight of the list down to it."""
    return np.asarray((lists.place_weights * lists.rewards).sum(axis=1))


def iips(lists: Weighed) -> Doubles | None:
    """Each place's reward by the ratio of that place alone; None where it is not known."""
    if lists.place_ratios is None:
        return None
    ratios = lists.place_ratios if lists.clip is None else np.minimum(lists.place_ratios, lists.clip)
    return np.asarray((lists._over_all_places(ratios) * lists.rewards).sum(axis=1))


def cascade_dr(lists: Weighed) -> Doubles | None:
    """RIPS of what the reward model did not foresee, plus what it foresees under the target; None without a model."""
    if lists.predicted is None or lists.expected is None:
        return None
    k = lists.ratios.shape[1]
    surprises = lists.rewards.copy()
    surprises[:, :k] -= lists.predicted[:, :k]
    before = np.concatenate([np.ones((len(surprises), 1)), lists.prefix_weights[:, :-1]], axis=1)
    return np.asarray((lists.place_weights * surprises).sum(axis=1) + (before * lists.expected).sum(axis=1))


def direct(lists: Weighed) -> Doubles | None:
    """DM: the reward model's word for a list of the target, the places after k as they were logged."""
    if lists.predicted is None or lists.drawn is None:
        return None
    return np.asarray(lists.drawn + lists.predicted[:, lists.ratios.shape[1] :].sum(axis=1))


def doubly_robust(lists: Weighed) -> Doubles | None:
    """DR: the model's word plus SIPS of what it did not foresee."""
    if lists.predicted is None or lists.drawn is None:
        return None
    surprise = lists.rewards.sum(axis=1) - lists.predicted[:, : lists.ratios.shape[1]].sum(axis=1)
    return np.asarray(lists.drawn + lists.weights * surprise)


ESTIMATORS: Final = {
    "naive": naive,
    "sips": sips,
    "snips": snips,
    "iips": iips,
    "rips": rips,
    "cascade_dr": cascade_dr,
    "dm": direct,
    "dr": doubly_robust,
}


def effective(weights: Doubles) -> float:
    """Effective number of lists: (sum of w)² / sum of w²."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def refusal(weights: Doubles) -> str | None:
    """Why no estimate can rest on these weights, and the mend; None where it can."""
    size = effective(weights)
    if size < FEWEST_EFFECTIVE:
        return (
            f"the log's lists are worth {size:.0f} lists of the new policy, and {FEWEST_EFFECTIVE:.0f} are needed: "
            "take a longer log, fewer places (k) or a higher temperature"
        )
    share = float(weights.max() / weights.sum())
    if share > GREATEST_SHARE:
        return f"one list has {share:.0%} of the weight, and at most {GREATEST_SHARE:.0%} is allowed: take a longer log"
    return None


def interval(contributions: Doubles, clusters: npt.NDArray[np.integer]) -> tuple[float, float, float]:
    """(value, low, high): the mean with Student's 95 % interval over clusters; infinite for a single cluster."""
    value = float(contributions.mean())
    _, cluster = np.unique(clusters, return_inverse=True)
    sums = np.bincount(cluster, weights=contributions - value)
    count = len(sums)
    if count < 2:
        return value, -np.inf, np.inf
    error = float(np.sqrt(count / (count - 1) * (sums**2).sum())) / len(contributions)
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1)) * error
    return value, value - reach, value + reach
