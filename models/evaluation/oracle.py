"""The oracle of a synthetic city: ranks by the diners' true utility, as no model can."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data import columns as col
from data.city import truth
from data.columns import EventType
from data.dataset import TRUTH, Dataset
from models.base import FloatArray, IntArray, TrainingData
from models.evaluation.evaluate import Scorer


def oracle(dataset: Dataset, market: str, data: TrainingData, log: pd.DataFrame) -> Scorer | None:
    """Scores by taste, quality, way, price, and the habit from the orders in `log`; None where there is no truth.

    log: of the train period, so that the oracle's habits are no newer than what models may learn from.
    """
    if not (dataset.path / TRUTH).exists():
        return None
    city = truth.load(dataset.path, market)
    orders = log[log[col.TYPE] == EventType.ORDER]
    rows = pd.Index(data.diner_ids).get_indexer(pd.Index(orders[col.USER_ID]))
    columns = pd.Index(data.restaurant_ids).get_indexer(pd.Index(orders[col.RESTAURANT_ID]))
    shape = (len(data.diner_ids), len(data.restaurant_ids))
    past = sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=shape)

    def scores(diners: IntArray) -> FloatArray:
        habits: npt.NDArray[np.int32] = past[diners].toarray()
        return city.utilities(diners, past_orders=habits)

    return scores
