"""The flip test: the same diner with one word changed. Do the lists change, by how much, and what carries it?

Asked are models, as they serve a diner who is known by tags alone (`Model.new_diners`): only there can a word be
changed and all else be left as it is. What was learnt of diners who belong to a group is looked at by `carriers`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import FloatArray, Model, Representations
from models.explanation.parts import Kind, TakesApart
from models.fairness.groups import Groups
from models.fairness.intervals import Figure, mean

Doubles = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.integer]
Scorer = Callable[[Sequence[Sequence[str]]], FloatArray]
"""Tags of B diners -> (B, n) scores of all restaurants."""

PERSISTENCE: Final = 0.9
"""Of rank-biased overlap: how likely it is to read on; nine of ten looks fall within the first 22 places."""
DEPTH: Final = 50
AT: Final = 10


def rank_biased_overlap(one: Ranks, other: Ranks, persistence: float = PERSISTENCE) -> Doubles:
    """(B,) agreement of rankings (B, k) of the same depth, 1 for equal ones, 0 for disjoint ones.

    The mean overlap of the first d places, d = 1 .. k, weighted by persistence ** (d - 1), with the weights scaled to
    sum to 1 (Webber, Moffat, Zobel, TOIS 2010, truncated at k and so without their extrapolation).

    >>> rank_biased_overlap(np.array([[1, 2]]), np.array([[2, 1]]), 0.5).round(4)
    array([0.3333])
    """
    k = one.shape[1]
    first_seen = np.full(one.shape, k + 1)
    same = one[:, :, None] == other[:, None, :]
    rows, here, there = np.nonzero(same)
    first_seen[rows, here] = np.maximum(here, there) + 1
    depths = np.arange(1, k + 1)
    overlap = (first_seen[:, :, None] <= depths).sum(axis=1) / depths
    weights = persistence ** (depths - 1.0)
    return np.asarray(overlap @ (weights / weights.sum()))


def score_distance(one: FloatArray, other: FloatArray) -> Doubles:
    """(B,) root mean square difference of scores (B, n), each less its diner's mean, in units of their spread.

    A diner's own bias moves all scores alike and orders nothing, so it is left out.
    """
    a, b = (np.asarray(scores, np.float64) - scores.mean(axis=1, keepdims=True) for scores in (one, other))
    scale = np.sqrt((a * a).mean(axis=1))
    apart = np.sqrt(((a - b) ** 2).mean(axis=1))
    return np.asarray(np.divide(apart, scale, out=np.zeros(len(apart)), where=scale > 0.0))


def ranking(scores: FloatArray, k: int) -> Ranks:
    """(B, k) the best restaurants, best first; ties by row."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def scorer_of(model: Model) -> Scorer:
    """Scores of diners who are known by tags alone."""
    places = model.restaurants()

    def scores(tags: Sequence[Sequence[str]]) -> FloatArray:
        return _scores(model.new_diners(tags), places)

    return scores


@dataclass(frozen=True)
class Flip:
    """What a changed word does."""

    attribute: str
    pairs: int
    """(diner, other word) pairs that were asked about."""
    identical: bool
    """All scores are the same bit for bit."""
    overlap: Figure
    """Mean rank-biased overlap of the two lists; interval over diners."""
    distance: Figure
    """Mean score distance."""
    floor: Figure
    """Mean overlap of the lists of two equal diners: the noise that the change is held against."""
    changed: Figure
    """Mean share of the first ten that is not the same."""

    @property
    def beyond_noise(self) -> bool:
        """Whether lists certainly differ by more than those of two equal diners."""
        return not self.identical and self.overlap.high < self.floor.low

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        figures = {name: getattr(self, name).document() for name in ("overlap", "distance", "floor", "changed")}
        return {"attribute": self.attribute, "pairs": self.pairs, "identical": self.identical, **figures} | {
            "beyond_noise": self.beyond_noise
        }


def flip_test(
    scorer: Scorer,
    tags: Sequence[Sequence[str]],
    attribute: str,
    values: Sequence[str],
    equal: Scorer | None = None,
    depth: int = DEPTH,
) -> Flip:
    """Give each diner each of these values in place of the own one (or beside the rest, where there is none).

    equal: scores of an equal diner, who differs by chance alone: of the same model learnt from a resampled log, or with
    another draw of exploration. None: equal diners get equal lists, as serving without exploration does it.

    Raises ValueError where there are no diners or no other value.
    """
    base, flipped, diner = [], [], []
    for number, row in enumerate(tags):
        own = [tag for tag in row if tag.partition("=")[0] == attribute]
        rest = [tag for tag in row if tag.partition("=")[0] != attribute]
        for value in values:
            word = f"{attribute}={value}"
            if [word] != own:
                base.append(list(row))
                flipped.append([*rest, word])
                diner.append(number)
    if not base:
        raise ValueError(f"{attribute}: no diner, or no other value to change it to")
    before, after = scorer(base), scorer(flipped)
    k = min(depth, before.shape[1])
    here, there = ranking(before, k), ranking(after, k)
    same = rank_biased_overlap(here, ranking(equal(base), k)) if equal is not None else np.ones(len(base))
    _, clusters = np.unique(diner, return_inverse=True)
    times = np.bincount(clusters)

    def figure(values: Doubles) -> Figure:
        """The mean over diners of each one's mean over words."""
        return mean(np.bincount(clusters, weights=values) / times)

    return Flip(
        attribute,
        len(base),
        bool(np.array_equal(before, after)),
        figure(rank_biased_overlap(here, there)),
        figure(score_distance(before, after)),
        figure(same),
        figure(_changed(here[:, :AT], there[:, :AT])),
    )


@dataclass(frozen=True)
class Carrier:
    """How much of the difference between two groups' mean scores a kind of feature makes."""

    feature: str
    share: float
    """Of the variance over restaurants of that difference; the shares sum to 1, and one may be negative."""


def carriers(model: TakesApart, places: Representations, groups: Groups, most: int = 500) -> tuple[Carrier, ...]:
    """Which features carry what separates the mean scores of groups of known diners, from the exact parts of rows.

    The difference of a group's mean vector from that of everybody is a sum over parts, so the difference of mean scores
    is too; its variance over restaurants is shared out by covariances, and groups weigh by their size. Empty where the
    model does not take its rows apart or groups do not differ. At most `most` diners, evenly spread.
    """
    known = np.flatnonzero(groups.codes >= 0)
    chosen = known[:: max(1, -(-len(known) // most))]
    sums: dict[str, Doubles] = {}
    member = groups.member[chosen] / np.maximum(groups.member[chosen].sum(axis=0), 1.0)
    everybody = np.full(len(chosen), 1.0 / max(len(chosen), 1))
    for number, row in enumerate(chosen.tolist()):
        parts = model.diner_parts(row)
        for source, vector in zip(parts.sources, parts.vectors, strict=True):
            name = source.tag.partition("=")[0] if source.kind is Kind.TAG else str(source.kind)
            if name not in sums:
                sums[name] = np.zeros((len(groups.names), len(vector)))
            sums[name] += (member[number] - everybody[number])[:, None] * vector
    if not sums:
        return ()
    effects = {name: _centred(vectors @ places.vectors.T.astype(np.float64)) for name, vectors in sums.items()}
    weights = groups.sizes / max(groups.sizes.sum(), 1)
    whole = np.sum(list(effects.values()), axis=0)
    variance = float(weights @ (whole * whole).mean(axis=1))
    if variance <= 1e-18:
        return ()
    shares = {name: float(weights @ (effect * whole).mean(axis=1)) / variance for name, effect in effects.items()}
    return tuple(Carrier(name, share) for name, share in sorted(shares.items(), key=lambda item: -item[1]))


def words_of(rows: Sequence[Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    """The values of each attribute that occurs in these tags, the commonest first."""
    counts: dict[str, dict[str, int]] = {}
    for tags in rows:
        for tag in tags:
            name, _, value = tag.partition("=")
            counts.setdefault(name, {})[value] = counts.get(name, {}).get(value, 0) + 1
    return {name: tuple(sorted(found, key=lambda value: (-found[value], value))) for name, found in counts.items()}


def _changed(here: Ranks, there: Ranks) -> Doubles:
    shared = (here[:, :, None] == there[:, None, :]).any(axis=2).sum(axis=1)
    return np.asarray(1.0 - shared / here.shape[1])


def _centred(values: Doubles) -> Doubles:
    return np.asarray(values - values.mean(axis=1, keepdims=True))


def _scores(diners: Representations, places: Representations) -> FloatArray:
    scores: FloatArray = diners.vectors @ places.vectors.T
    scores += diners.biases[:, None]
    scores += places.biases
    return scores
