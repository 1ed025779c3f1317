"""Fairness of what an evaluation has measured already: for gates and model cards, in a second or two."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from data.splits import Method
from models.calibration import Calibration
from models.corrections import over_looks
from models.evaluation.evaluate import FOLDS, HeldOut, Measured
from models.fairness.frames import adjusted, compare_diners, compare_exposure
from models.fairness.groups import diner_groups, restaurant_groups
from models.fairness.measures import EXPOSURE, Ledger
from models.preparation import Prepared
from models.training_data import WEIGHT

NDCG: Final = "ndcg@10"
GAINED: Final = "ndcg@10 gained"
"""Over the rival, diner by diner."""
_DRAWS: Final = 400
_MOST_WEIGHT: Final = 20.0
"""Of an order from far down."""


def gained_by_groups(
    dataset: Dataset, market: str, diners: npt.NDArray[np.integer], measured: Measured, rival: Measured
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What groups of diners gain over a rival, and what they have under it, where both were asked about (m,) diners."""
    groups = [one.of_members(diners) for one in diner_groups(dataset.diners(market))]
    own, other = measured.per_diner[NDCG], rival.per_diner[NDCG]
    found = [
        [compare_diners(name, values, one, draws=_DRAWS) for one in groups]
        for name, values in ((GAINED, own - other), (NDCG, other))
    ]
    gained, had = ([one.document() for one in adjusted([one for one in of if one is not None])] for of in found)
    return gained, had


def earned(dataset: Dataset, prepared: Prepared, curve: Calibration | None) -> sparse.csr_matrix:
    """(m, n) what each diner of the question chose in the test period: the merit of restaurants, as the audit has it.

    Orders count over the chance that their place was looked at, by the curve of a model of the train period, where the
    split is by time and the log tells of places; None, or an assumed curve: all count alike.
    """
    data, question = prepared.data, prepared.question
    if prepared.split.method is not Method.TIME:
        return sparse.csr_matrix(question.relevant, dtype=np.float64)
    test = prepared.log[prepared.split.test]
    ordered = (test[col.TYPE] == EventType.ORDER).to_numpy()
    chosen = test[ordered] if ordered.any() else test
    weights = chosen[WEIGHT].to_numpy(np.float64)
    if curve is not None and not curve.assumed and not chosen.empty:
        weights = weights * over_looks(dataset, data.market, chosen, np.asarray(curve.examination), _MOST_WEIGHT)
    rows = pd.Index(data.diner_ids).get_indexer(pd.Index(chosen[col.USER_ID]))
    columns = pd.Index(data.restaurant_ids).get_indexer(pd.Index(chosen[col.RESTAURANT_ID]))
    known = (rows >= 0) & (columns >= 0)
    shape = (len(data.diner_ids), len(data.restaurant_ids))
    return sparse.csr_matrix((weights[known], (rows[known], columns[known])), shape=shape)[question.diners]


def by_groups(
    dataset: Dataset,
    market: str,
    question: HeldOut,
    merit: sparse.csr_matrix,
    measured: Measured,
    rival: Measured | None = None,
) -> list[dict[str, Any]]:
    """Comparisons as documents: nDCG@10 of protected groups of diners, exposure per merit of groups of restaurants.

    merit: from `earned`. rival: measured on the same question; what each group gains over it is compared too. Figures
    are the audit's. Clusters of the restaurants' intervals are the evaluation's folds of diners, so these are wider.
    """
    groups = [one.of_members(question.diners) for one in diner_groups(dataset.diners(market))]
    found = [compare_diners(NDCG, measured.per_diner[NDCG], one, draws=_DRAWS) for one in groups]
    if rival is not None:
        gained = measured.per_diner[NDCG] - rival.per_diner[NDCG]
        found += [compare_diners(GAINED, gained, one, draws=_DRAWS) for one in groups]
    m = len(question.diners)
    fold = sparse.csr_matrix((np.ones(m), (np.arange(m) % FOLDS, np.arange(m))), shape=(FOLDS, m))
    ledger = Ledger(sparse.csr_matrix(measured.looks), sparse.csr_matrix(fold @ merit))
    last = dataset.events(market, columns=[col.AT])[col.AT].max()
    kinds = restaurant_groups(dataset.restaurants(market), None if pd.isna(last) else last)
    found += [compare_exposure(EXPOSURE, ledger, one, draws=_DRAWS) for one in kinds]
    return [one.document() for one in adjusted([one for one in found if one is not None])]
