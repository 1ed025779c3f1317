"""Reports: figures of all models side by side, by slice, over one market or many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from data.dataset import Dataset
from models.base import TrainingData
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import HeldOut, Measured

WARM: Final = "diners: warm"


@dataclass(frozen=True, eq=False)
class MarketPart:
    """One market's share of a report."""

    measured: Mapping[str, Measured]
    """By model."""
    groups: Mapping[str, npt.NDArray[np.bool_]]
    """Masks over the held-out diners."""
    split: str
    cold: Mapping[str, Mapping[str, Measured]]
    """By side (`diners`, `restaurants`) and model; empty where it was not asked for."""
    requests: Mapping[str, Measured] = field(default_factory=dict)
    """By model, of held-out requests; empty where the log holds none."""


def groups_of(data: TrainingData, question: HeldOut) -> dict[str, npt.NDArray[np.bool_]]:
    """Groups of held-out diners: seen in training or not, by home district, by the cuisine of what they chose."""
    seen = np.bincount(data.interactions.diners, minlength=len(data.diner_ids)) > 0
    known_place = np.bincount(data.interactions.restaurants, minlength=len(data.restaurant_ids)) > 0
    groups = {WARM: seen[question.diners], "diners: cold": ~seen[question.diners]}
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


def report(dataset: Dataset, parts: Sequence[MarketPart], seed: int, known_masked: bool) -> dict[str, Any]:
    """Markets put side by side: diners are the unit, restaurants of different markets are different."""
    together = _together([part.measured for part in parts])
    sizes = [len(part.groups[WARM]) for part in parts]
    labels = dict.fromkeys(label for part in parts for label in part.groups)
    groups = {
        label: np.concatenate(
            [part.groups.get(label, np.zeros(size, np.bool_)) for part, size in zip(parts, sizes, strict=True)]
        )
        for label in labels
    }
    return {
        "data": {
            "source": dataset.manifest.source,
            "snapshot": dataset.snapshot,
            "markets": list(dataset.markets),
            "split": sorted({part.split for part in parts}),
            "known_items_masked": known_masked,
            "diners_measured": int(sum(sizes)),
        },
        "models": summaries(together, seed),
        "slices": evaluation.slices(together, groups, seed),
        "cold_start": _cold_start(parts, seed),
        "requests": _requests(parts, seed),
    }


def _cold_start(parts: Sequence[MarketPart], seed: int) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """By side and model; a side with too few diners to measure is left out."""
    sides = {side: _together([part.cold[side] for part in parts]) for side in parts[0].cold}
    return {
        side: summaries(cold, seed)
        for side, cold in sides.items()
        if len(cold["popular"].per_diner["ndcg@10"]) >= evaluation.FEWEST_DINERS
    }


def _requests(parts: Sequence[MarketPart], seed: int) -> dict[str, Any] | None:
    """One held-out request of each diner who ordered, over the markets that have some; None where none has."""
    asked = [part.requests for part in parts if part.requests]
    if not asked:
        return None
    together = _together(asked)
    return {"measured": len(together["popular"].per_diner["ndcg@10"]), "models": summaries(together, seed)}


def summaries(together: Mapping[str, Measured], seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Each model's figures, beside those of popular and the oracle where they are among them."""
    popular = together.get("popular")
    models = {
        name: evaluation.summary(one, popular if name != "popular" else None, seed) for name, one in together.items()
    }
    if "oracle" in together:
        best = together["oracle"].per_diner["ndcg@10"]
        for name, one in together.items():
            if name != "oracle":
                models[name]["share_of_oracle"] = evaluation.ratio(one.per_diner["ndcg@10"], best, seed)
    return models


def _together(parts: Sequence[Mapping[str, Measured]]) -> dict[str, Measured]:
    """Diners one below the other, restaurants one beside the other."""
    return {
        name: Measured(
            {figure: np.concatenate([part[name].per_diner[figure] for part in parts]) for figure in evaluation.METRICS},
            np.concatenate([part[name].shown for part in parts], axis=1),
            np.concatenate([part[name].looks for part in parts], axis=1),
        )
        for name in parts[0]
    }
