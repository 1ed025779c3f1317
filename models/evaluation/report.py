"""Reports: figures of all models side by side, by slice, over one market or many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from data.dataset import TRUTH, Dataset
from models.base import Model, TrainingData
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut, Measured

_WARM: Final = "diners: warm"


@dataclass(frozen=True, eq=False)
class MarketPart:
    """One market's share of a report."""

    measured: Mapping[str, Measured]
    """By model."""
    groups: Mapping[str, npt.NDArray[np.bool_]]
    """Masks over the held-out diners."""
    split: str


def measure_market(
    dataset: Dataset, market: str, data: TrainingData, question: HeldOut, fitted: Mapping[str, Model], split: str
) -> MarketPart:
    """Ask all models the same question; on a synthetic city the oracle too."""
    measured = {name: evaluation.measure(question, model.score) for name, model in fitted.items()}
    if (dataset.path / TRUTH).exists():
        measured["oracle"] = evaluation.measure(question, _oracle(dataset, market, data))
    return MarketPart(measured, _groups(data, question), split)


def _oracle(dataset: Dataset, market: str, data: TrainingData) -> evaluation.Scorer:
    """Ranks by the true utility: taste, quality, way, price, and the habit from the training period's orders."""
    # Imported here: only synthetic cities have a truth.
    from data.city import truth

    city = truth.load(dataset.path, market)
    acts = data.interactions
    shape = (len(data.diner_ids), len(data.restaurant_ids))
    # Weights are log2(1 + orders + a fraction a click), and a click makes no habit.
    orders = np.floor(np.exp2(acts.weights.astype(np.float64)) - 1.0 + 1e-3)
    past = sparse.csr_matrix((orders, (acts.diners, acts.restaurants)), shape=shape)

    def scores(diners: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        return city.utilities(diners, past_orders=past[diners].toarray())

    return scores


def _groups(data: TrainingData, question: HeldOut) -> dict[str, npt.NDArray[np.bool_]]:
    """Groups of held-out diners: seen in training or not, by home district, by the cuisine of what they chose."""
    seen = np.bincount(data.interactions.diners, minlength=len(data.diner_ids)) > 0
    known_place = np.bincount(data.interactions.restaurants, minlength=len(data.restaurant_ids)) > 0
    groups = {_WARM: seen[question.diners], "diners: cold": ~seen[question.diners]}
    groups["restaurants: only cold ones chosen"] = np.asarray(question.relevant @ known_place.astype(np.int32) == 0)
    homes = data.diner_districts[question.diners]
    for index, name in enumerate(data.districts):
        groups[f"district: {name}"] = homes == index
    table = data.restaurant_features
    for column, name in enumerate(table.names):
        if name.startswith("cuisine="):
            serves = np.asarray(table.matrix[:, [column]].todense()).ravel().astype(np.int32)
            groups[f"chose cuisine: {name.removeprefix('cuisine=')}"] = np.asarray(question.relevant @ serves > 0)
    return groups


def report(dataset: Dataset, parts: Sequence[MarketPart], seed: int) -> dict[str, Any]:
    """Markets put side by side: diners are the unit, restaurants of different markets are different."""
    together = {name: _joined([part.measured[name] for part in parts]) for name in parts[0].measured}
    sizes = [len(part.groups[_WARM]) for part in parts]
    labels = dict.fromkeys(label for part in parts for label in part.groups)
    groups = {
        label: np.concatenate(
            [part.groups.get(label, np.zeros(size, np.bool_)) for part, size in zip(parts, sizes, strict=True)]
        )
        for label in labels
    }
    popular = together["popular"]
    models = {
        name: evaluation.summary(one, popular if name != "popular" else None, seed) for name, one in together.items()
    }
    for name, one in models.items():
        if "oracle" in models and name != "oracle":
            one["share_of_oracle"] = one["ndcg@10"]["value"] / models["oracle"]["ndcg@10"]["value"]
    return {
        "data": {
            "source": dataset.manifest.source,
            "snapshot": dataset.snapshot,
            "markets": list(dataset.markets),
            "split": sorted({part.split for part in parts}),
            "known_items_masked": not dataset.manifest.repeats,
            "diners_measured": int(sum(sizes)),
        },
        "models": models,
        "slices": evaluation.slices(together, groups, seed),
    }


def _joined(parts: Sequence[Measured]) -> Measured:
    return Measured(
        {name: np.concatenate([part.per_diner[name] for part in parts]) for name in parts[0].per_diner},
        np.concatenate([part.shown for part in parts]),
    )
