"""Does the log tell the same of everybody? Orders over clicks, group by group.

What a model learns from is what was logged. Where a group's orders are logged in part, its restaurants look worse than
they are to every model and to every measure that takes orders for merit. Clicks are logged by another way, so the share
of clicked restaurants that are ordered from tells of it. Where a diner opens several restaurants of a list only one
gets the order, and branches of a chain are opened together: so orders are held against those that as many clicks in a
list bring on average (indirect standardisation). It cannot tell a log that loses orders from kitchens that let down who
looks inside: both are worth a look by somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from models.fairness.groups import NOBODY, Groups
from models.fairness.intervals import Figure, figure, resampled

Doubles = npt.NDArray[np.float64]

_MOST_BESIDE: Final = 8
"""Clicks in one list from which on more make no difference."""
FEWEST_CLICKS: Final = 200
"""A group with fewer tells nothing of its orders."""


@dataclass(frozen=True)
class Conversion:
    """Orders over clicks of one group, and against all the others."""

    attribute: str
    group: str
    clicks: int
    rate: float
    """Orders over those expected of as many clicks in a list; 1 is the average."""
    rest: float
    """Of all others."""
    ratio: Figure
    """The former over the latter; its interval holds for all groups together (Bonferroni)."""

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "attribute": self.attribute,
            "group": self.group,
            "clicks": self.clicks,
            "rate": self.rate,
            "rest": self.rest,
            "ratio": self.ratio.document(),
        }


def conversions(
    dataset: Dataset, market: str, groups: Sequence[Groups], draws: int = 1_000, seed: int = 0
) -> list[Conversion]:
    """Of the whole log; groups are of the market's restaurants in their order. Empty where it has no clicks or orders.

    Intervals are of a bootstrap of diners; a draw's logarithms are taken as normal, since Bonferroni's tails are
    farther out than the draws reach.
    """
    clicks = _clicks(dataset, market)
    if clicks is None:
        return []
    known = clicks.restaurant >= 0
    shape = (int(clicks.diner.max()) + 1, len(dataset.restaurants(market)))
    cells = (clicks.diner[known], clicks.restaurant[known])
    made, looked, counted = (
        sparse.csr_matrix((part[known], cells), shape=shape)
        for part in (clicks.ordered, clicks.expected, np.ones(len(clicks.ordered)))
    )
    names = [(one, index) for one in groups for index in range(len(one.names))]
    member = sparse.csr_matrix(np.concatenate([one.member for one in groups if one.names], axis=1))
    return _compared((made, looked, counted), member, names, draws, seed)


def shares_logged(dataset: Dataset, market: str, groups: Groups, until: pd.Timestamp) -> Doubles:
    """(G,) orders of each group over those that as many clicks bring on average, until a time; 1 where too few tell.

    Groups are of the market's restaurants in their order.
    """
    rates, clicks = np.ones(len(groups.names)), _clicks(dataset, market, until)
    if clicks is None:
        return rates
    code = np.where(clicks.restaurant >= 0, groups.codes[np.maximum(clicks.restaurant, 0)], NOBODY)
    there = code != NOBODY
    made, expected, counted = (
        np.bincount(code[there], part[there], len(rates))
        for part in (clicks.ordered, clicks.expected, np.ones(len(code)))
    )
    enough = (counted >= FEWEST_CLICKS) & (expected > 0.0)
    return np.divide(made, expected, out=rates, where=enough)


@dataclass(frozen=True, eq=False)
class _Clicks:
    """m clicks, one a restaurant of a list."""

    diner: npt.NDArray[np.integer]
    """(m,) a number of each diner who clicked."""
    restaurant: npt.NDArray[np.integer]
    """(m,) rows; -1: in the catalogue no more."""
    ordered: Doubles
    """(m,) 1 where the restaurant was ordered from in that list."""
    expected: Doubles
    """(m,) the share of clicks that are, where there are as many in a list."""


def _clicks(dataset: Dataset, market: str, until: pd.Timestamp | None = None) -> _Clicks | None:
    """None where the log has no clicks or no orders."""
    columns = [col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID]
    log = dataset.events(market, [EventType.CLICK, EventType.ORDER], columns, until=until)
    log = log[log[col.REQUEST_ID].notna()]
    clicked = log[log[col.TYPE] == EventType.CLICK].drop_duplicates([col.REQUEST_ID, col.RESTAURANT_ID])
    orders = log[log[col.TYPE] == EventType.ORDER]
    if clicked.empty or orders.empty:
        return None
    key = [col.REQUEST_ID, col.RESTAURANT_ID]
    ordered = pd.MultiIndex.from_frame(clicked[key]).isin(pd.MultiIndex.from_frame(orders[key])).astype(np.float64)
    diner, _ = pd.factorize(clicked[col.USER_ID])
    places = dataset.restaurants(market)[col.RESTAURANT_ID]
    restaurant = pd.Index(places).get_indexer(pd.Index(clicked[col.RESTAURANT_ID]))
    _, lists, clicks = np.unique(clicked[col.REQUEST_ID], return_inverse=True, return_counts=True)
    beside = np.minimum(clicks[lists], _MOST_BESIDE)
    expected = (np.bincount(beside, weights=ordered) / np.maximum(np.bincount(beside), 1))[beside]
    return _Clicks(diner, restaurant, np.asarray(ordered), expected)


def _compared(
    orders: tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix],
    member: sparse.csr_matrix,
    names: Sequence[tuple[Groups, int]],
    draws: int,
    seed: int,
) -> list[Conversion]:
    """From orders made, those expected, and clicks, (diners, n) each."""
    made, looked, counted = orders
    ours = np.concatenate([(made @ member).toarray(), (looked @ member).toarray()], axis=1)
    everything = np.concatenate([np.asarray(made.sum(axis=1)), np.asarray(looked.sum(axis=1))], axis=1)
    g = len(names)

    def rates(weights: Doubles) -> Doubles:
        of_groups, of_all = weights @ ours, weights @ everything
        rest = of_all.repeat(g, axis=1) - of_groups
        with np.errstate(divide="ignore", invalid="ignore"):
            own, others = of_groups[:, :g] / of_groups[:, g:], rest[:, :g] / rest[:, g:]
            return np.stack([own, others, np.log(own) - np.log(others)], axis=2)

    value, found = resampled(rates, len(ours), draws, seed)
    clicks = np.asarray((counted @ member).sum(axis=0)).ravel()
    usable = np.flatnonzero((clicks >= FEWEST_CLICKS) & np.isfinite(value).all(axis=1))
    reach = _bonferroni(len(usable))
    result = []
    for index in usable.tolist():
        groups, number = names[index]
        logs = found[:, index, 2]
        spread = reach * float(logs[np.isfinite(logs)].std())
        center = float(value[index, 2])
        ratio = figure(float(np.exp(center)), np.exp(np.asarray([center - spread, center + spread])), level=1.0)
        own, rest = float(value[index, 0]), float(value[index, 1])
        result.append(Conversion(groups.attribute, groups.names[number], int(clicks[index]), own, rest, ratio))
    return result


def _bonferroni(tests: int) -> float:
    from scipy.special import ndtri

    return float(ndtri(1.0 - 0.025 / max(tests, 1)))
