"""Agreement with FairDiverse 1.0.0 where both define the same.

It asks for torch, cvxpy, mip and gurobipy, too much for a test extra. The figures below were computed once by its own
`fairdiverse/recommendation/metric.py`, which needs numpy and scikit-learn alone; its formula of Gini stands here as it
is there. Its MMF is another measure than P-MMF's: what the worse-off half has, not the least share of what is due.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.evaluation.metrics import ginis, ideal_dcg, ndcg
from models.fairness.measures import least_over_greatest

FIGURES = (
    # amounts, Gini, MinMaxRatio
    ([3.0, 3.0, 3.0], 0.0, 1.0),
    ([3.0, 0.0, 0.0], 0.6666666666666666, 0.0),
    ([1.0, 2.0, 3.0, 4.0], 0.25, 0.25),
    ([0.5, 7.0, 0.0, 0.0, 2.25, 1.0], 0.6550387596899224, 0.0),
)


@pytest.mark.parametrize(("amounts", "gini", "ratio"), FIGURES)
def test_concentration_and_the_worst_off_are_those_of_fairdiverse(
    amounts: list[float], gini: float, ratio: float
) -> None:
    assert ginis(np.asarray([amounts]))[0] == pytest.approx(gini)
    assert least_over_greatest(np.asarray([amounts]))[0] == pytest.approx(ratio)


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0.01, 100.0)))
def test_gini_is_their_formula_for_any_amounts(amounts: np.ndarray) -> None:
    cumulative, n = np.cumsum(np.sort(amounts)), len(amounts)
    theirs = (n + 1 - 2 * (np.sum(cumulative) / cumulative[-1])) / n
    assert ginis(amounts[None])[0] == pytest.approx(theirs, abs=1e-9)


def test_ndcg_is_theirs() -> None:
    hits = np.asarray([[0.0, 1.0, 0.0, 1.0, 1.0, 0.0]])
    assert ndcg(hits, ideal_dcg(np.asarray([3]), 4), 4)[0] == pytest.approx(0.49818925746641285)
