"""The proxy test: how well can a protected attribute be told from what a model knows of a diner?

A linear probe (ridge regression on one-hot labels) is learnt on four fifths of the diners and asked about the fifth,
in turn; its answer is the area under the ROC curve, over all classes alike. 0.5: nothing can be told. The labels dealt
out anew say what chance gives. All permutations are right-hand sides of one solution, so they cost little more.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from models.fairness.groups import NOBODY, Groups
from models.fairness.intervals import Figure

Doubles = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

FOLDS: Final = 5
PERMUTATIONS: Final = 200
_RIDGE: Final = 1.0


@dataclass(frozen=True)
class Probe:
    """How well an attribute can be told."""

    attribute: str
    source: str
    """From what: `representation`, or the name of a feature."""
    auc: Figure
    """Over classes alike, held out. Interval by DeLong's placements, and as wide as that of permuted labels at least:
    answers of probes that share most of their diners are not independent."""
    by_chance: float
    """In the mean over permutations of the labels."""
    p: float
    diners: int

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "attribute": self.attribute,
            "source": self.source,
            "auc": self.auc.document(),
            "by_chance": self.by_chance,
            "p": self.p,
            "diners": self.diners,
        }


def probe(
    values: npt.NDArray[np.floating],
    groups: Groups,
    source: str = "representation",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Probe | None:
    """Tell the groups of diners from what is known of each, (n, d). None where there are no two groups."""
    if not groups.comparable:
        return None
    there = groups.codes != NOBODY
    known, codes = np.asarray(values, np.float64)[there], groups.codes[there]
    rng = np.random.default_rng(seed)
    folds = rng.permutation(len(codes)) % FOLDS
    labels = np.stack([codes, *(rng.permutation(codes) for _ in range(permutations))])
    scores = _held_out(known, labels, len(groups.names), folds)
    found = auc(scores[0], codes)
    dealt = areas(scores[1:], labels[1:])
    p = (1 + int(np.sum(dealt >= found.value - 1e-12))) / (1 + permutations)
    found = _not_narrower(found, 1.96 * float(dealt.std()) if permutations else 0.0)
    return Probe(groups.attribute, source, found, float(dealt.mean()) if permutations else 0.5, p, len(codes))


def auc(scores: Doubles, codes: Codes) -> Figure:
    """Mean over classes of the area under the ROC curve of one against the rest, from (n, C) scores.

    Its interval is that of DeLong, DeLong, Clarke-Pearson (1988), the classes' errors added diner by diner.
    """
    n, classes = scores.shape
    ranks = rankdata(scores, axis=0)
    share, influence = np.zeros(classes), np.zeros(n)
    for label in range(classes):
        own = codes == label
        positives, negatives = int(own.sum()), int((~own).sum())
        # Of those below a positive, and of those above a negative, which share is of the other class.
        placements = np.empty(n)
        placements[own] = (ranks[own, label] - rankdata(scores[own, label])) / negatives
        placements[~own] = 1.0 - (ranks[~own, label] - rankdata(scores[~own, label])) / positives
        share[label] = placements[own].mean()
        influence[own] += (placements[own] - share[label]) / positives
        influence[~own] += (placements[~own] - share[label]) / negatives
    value = float(share.mean())
    reach = 1.96 * float(np.sqrt((influence * influence).sum())) / classes
    return Figure(value, max(0.0, value - reach), min(1.0, value + reach))


def areas(scores: Doubles, codes: Codes) -> Doubles:
    """(P,) the same areas of P labellings (P, n) with scores (P, n, C), by the sums of ranks (Mann, Whitney)."""
    labellings, n, classes = scores.shape
    if not labellings:
        return np.empty(0)
    ranks = rankdata(scores.transpose(1, 0, 2).reshape(n, -1), axis=0).reshape(n, labellings, classes)
    own = codes.T[:, :, None] == np.arange(classes)
    positives = own.sum(axis=0)
    above = (ranks * own).sum(axis=0) - positives * (positives + 1) / 2
    return np.asarray((above / (positives * (n - positives))).mean(axis=1))


def _not_narrower(found: Figure, reach: float) -> Figure:
    low, high = min(found.low, found.value - reach), max(found.high, found.value + reach)
    return Figure(found.value, max(0.0, low), min(1.0, high))


def _held_out(known: Doubles, labels: Codes, classes: int, folds: Codes) -> Doubles:
    """(P, n, C) answers of probes that have not seen the diner, for P labellings (P, n)."""
    scale = known.std(axis=0)
    design = (known - known.mean(axis=0)) / np.where(scale > 0.0, scale, 1.0)
    wanted = (labels[:, :, None] == np.arange(classes)).astype(np.float64)
    answers = np.empty((*labels.shape, classes))
    for fold in range(FOLDS):
        asked, learnt = folds == fold, folds != fold
        x = design[learnt] - design[learnt].mean(axis=0)
        hat = np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T)
        targets = wanted[:, learnt].transpose(1, 0, 2).reshape(int(learnt.sum()), -1)
        answered = (design[asked] - design[learnt].mean(axis=0)) @ (hat @ targets)
        answers[:, asked] = answered.reshape(int(asked.sum()), len(labels), classes).transpose(1, 0, 2)
    return answers
