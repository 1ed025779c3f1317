"""Does it help to begin from the version that serves? `python -m models.measure_warm_start DIR [--market M]`.

The start is a fit to the training period without its last day; fits from there and from nothing, of so many epochs, to
the whole period are asked about the same held-out diners.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from data.dataset import Dataset
from models.base import Model, ModelError, StartsWarm
from models.evaluation import evaluate as evaluation
from models.ground import Ground
from models.ladder import make
from models.training_data import build

MODELS: Final = ("lightfm", "ials")
EPOCHS: Final = (1, 2, 4, 8, 12, 20)
_METRIC: Final = "ndcg@10"


def measure(
    ground: Ground, models: Sequence[str] = MODELS, epochs: Sequence[int] = EPOCHS
) -> dict[str, dict[str, list[dict[str, float]]]]:
    """By model, `cold` and `warm`: nDCG@10 with its interval for each number of epochs.

    Raises ModelError for a model that cannot begin from another, or a training period of less than two days.
    """
    data, log = ground.train_period([]), ground.prepared.log[ground.prepared.split.train]
    earlier = log[log[col.AT] < log[col.AT].max().floor("D")]
    if earlier.empty:
        raise ModelError(f"market {ground.market}: the training period has no day before its last one")
    before = build(ground.dataset, ground.market, earlier, ground.dataset.manifest.repeats)
    rows = [np.arange(len(ids), dtype=np.int32) for ids in (data.diner_ids, data.restaurant_ids)]
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for name in models:
        start = make(name, **ground.parameters(name, {})).fit(before)
        if not isinstance(start, StartsWarm):
            raise ModelError(f"model {name} cannot begin from another: choose one of {', '.join(MODELS)}")
        found[name] = {"cold": [], "warm": []}
        for count in epochs:
            fresh = make(name, **ground.parameters(name, {"epochs": count, "warm_epochs": count}))
            found[name]["cold"].append(_asked(ground, fresh.fit(data)))
            fresh = make(name, **ground.parameters(name, {"epochs": count, "warm_epochs": count}))
            assert isinstance(fresh, StartsWarm), "of the same kind as the start"
            found[name]["warm"].append(_asked(ground, fresh.fit_from(data, start, *rows)))
    return found


def _asked(ground: Ground, model: Model) -> dict[str, float]:
    measured = evaluation.measure(ground.prepared.question, model.score)
    return evaluation.intervals([measured.per_diner[_METRIC]], ground.seed)[0]


def lines(found: dict[str, dict[str, list[dict[str, float]]]], epochs: Sequence[int]) -> Iterator[str]:
    """The table."""
    frame: dict[str, list[Any]] = {
        f"{name}, {way}": [f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in figures]
        for name, ways in found.items()
        for way, figures in ways.items()
    }
    yield pd.DataFrame(frame, index=pd.Index(epochs, name="epochs")).to_string()


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m models.measure_warm_start")
    parser.add_argument("dataset", type=Path, metavar="DIR")
    parser.add_argument("--market")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    dataset = Dataset.open(chosen.dataset)
    ground = Ground(dataset, chosen.market or dataset.markets[0], seed=chosen.seed)
    print("\n".join(lines(measure(ground), EPOCHS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
