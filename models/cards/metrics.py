"""Metrics by the names that people read."""

from collections.abc import Mapping
from typing import Final

from models.cards.figures import Figure, Kind

_METRICS: Final[dict[str, tuple[str, Kind]]] = {
    "ndcg@10": ("nDCG@10", "plain"),
    "ndcg@10_over_popular": ("nDCG@10 over popularity", "plain"),
    "ndcg@10 gained": ("nDCG@10 gained over the rival", "plain"),
    "recall@20": ("recall@20", "plain"),
    "precision@10": ("precision@10", "plain"),
    "mrr": ("mean reciprocal rank", "plain"),
    "auc": ("AUC", "plain"),
    "coverage": ("restaurants ever shown", "share"),
    "gini": ("Gini of what is shown", "plain"),
    "share_of_oracle": ("share of the best possible", "share"),
    "order_ece": ("expected calibration error of orders", "plain"),
    "order_brier": ("Brier score of orders", "plain"),
    "click_ece": ("expected calibration error of clicks", "plain"),
    "click_brier": ("Brier score of clicks", "plain"),
}


def ordered(figures: Mapping[str, Figure]) -> list[str]:
    """Those that have words in their order, then the others."""
    return [name for name in _METRICS if name in figures] + [name for name in figures if name not in _METRICS]


def name_of(metric: str) -> str:
    """For people; one that has no words is called as it is."""
    return _METRICS.get(metric, (metric, "plain"))[0]


def kind_of(metric: str) -> Kind:
    """How it is written."""
    return _METRICS.get(metric, (metric, "plain"))[1]
