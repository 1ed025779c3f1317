"""Toy worlds in which a policy's value is a finite sum: seven restaurants, lists of three, every list enumerated."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from models.off_policy import plackett_luce
from models.off_policy.estimators import Weighed

ITEMS, PLACES = 7, 3
LISTS = np.array(list(permutations(range(ITEMS), PLACES)))
"""(210, 3) all lists."""

Rewards = Callable[[np.ndarray], np.ndarray]
"""From lists (m, 3) to the expected reward of each place (m, 3)."""

THETA = np.array([0.9, 0.6, 0.4])


def place_based(appeal: np.ndarray) -> Rewards:
    """What a place brings depends on it and on what stands there."""
    return lambda lists: THETA * appeal[lists]


def cascade(appeal: np.ndarray) -> Rewards:
    """The diner goes down the list and is less patient after a good restaurant."""

    def rewards(lists: np.ndarray) -> np.ndarray:
        own = appeal[lists]
        above = np.cumprod(1.0 - 0.8 * own, axis=1)
        return own * np.concatenate([np.ones((len(lists), 1)), above[:, :-1]], axis=1)

    return rewards


def interaction(appeal: np.ndarray) -> Rewards:
    """A logit over the list: what stands below matters too."""

    def rewards(lists: np.ndarray) -> np.ndarray:
        odds = THETA * np.exp(3.0 * appeal[lists])
        return odds / (4.0 + odds.sum(axis=1, keepdims=True))

    return rewards


WORLDS = {"place": place_based, "cascade": cascade, "interaction": interaction}


@dataclass(frozen=True)
class World:
    """Two policies and what diners do; one context."""

    logging: np.ndarray
    """(7,) weights."""
    target: np.ndarray
    appeal: np.ndarray
    rewards: Rewards

    @classmethod
    def of(cls, kind: str, seed: int = 3, contrast: float = 1.0) -> "World":
        """The target likes what is appealing, the logging policy does not know."""
        rng = np.random.default_rng(seed)
        appeal = rng.uniform(0.05, 0.6, ITEMS)
        logging = np.exp(0.5 * rng.normal(size=ITEMS))
        target = np.exp(contrast * (appeal - appeal.mean()) / appeal.std())
        return cls(logging, target, appeal, WORLDS[kind](appeal))

    def chances(self, weights: np.ndarray) -> np.ndarray:
        """(210,) of all lists."""
        return plackett_luce.conditional(np.tile(weights, (len(LISTS), 1)), LISTS).prod(axis=1)

    @property
    def truth(self) -> float:
        """The target's value, summed over all lists."""
        return float(self.chances(self.target) @ self.rewards(LISTS).sum(axis=1))

    def weighed(self, lists: np.ndarray, rewards: np.ndarray, model: np.ndarray | None = None) -> Weighed:
        """Lists (m, 3) with their rewards, as the target sees them; `model`: (7,) the reward model's appeal."""
        rows = np.zeros(len(lists), np.int64)
        weights, logging = (np.tile(one, (len(lists), 1)) for one in (self.target, self.logging))
        ratios = [
            chance(weights, lists) / chance(logging, lists) for chance in (plackett_luce.conditional, marginals_of)
        ]
        made = Weighed(rewards, ratios[0], clusters=np.arange(len(lists)), place_ratios=ratios[1])
        if model is None:
            return made
        looks = np.tile(model, (len(lists), 1))
        drawn = (marginal_table(self.target) @ model) @ THETA
        return replace(
            made,
            predicted=THETA * model[lists],
            expected=plackett_luce.expected(weights, lists, looks) * THETA,
            drawn=np.full(len(rows), drawn),
        )

    def everything(self, model: np.ndarray | None = None) -> tuple[Weighed, np.ndarray]:
        """All lists with their expected rewards, and the chance of each in the log: estimators without any noise."""
        return self.weighed(LISTS, self.rewards(LISTS), model), self.chances(self.logging)

    def log(self, count: int, rng: np.random.Generator, model: np.ndarray | None = None) -> Weighed:
        """`count` lists drawn by the logging policy, each place with its own luck."""
        chosen = LISTS[rng.choice(len(LISTS), count, p=self.chances(self.logging))]
        return self.weighed(chosen, (rng.random(chosen.shape) < self.rewards(chosen)).astype(float), model)


def marginal_table(weights: np.ndarray) -> np.ndarray:
    """(3, 7) P(item at place), by enumeration."""
    chances = plackett_luce.conditional(np.tile(weights, (len(LISTS), 1)), LISTS).prod(axis=1)
    return np.stack([np.bincount(LISTS[:, place], weights=chances, minlength=ITEMS) for place in range(PLACES)])


def marginals_of(weights: np.ndarray, lists: np.ndarray) -> np.ndarray:
    """(m, k) for lists under the same weights."""
    return marginal_table(weights[0])[np.arange(PLACES), lists]
