"""How exactly each model is taken apart: `python -m models.explanation.measure DIR [--market M]`.

Each model of the ladder learns the market's training period. 10,000 random pairs of known diners and restaurants are
taken apart, and the cells' sum is compared with the score that serving multiplies in float32. A product of vectors can
be near 0 while its addends are not, so no float32 score is exact relative to itself. The greatest error is therefore
given relative to what is multiplied, |vector| |vector| + |biases|; the 99th percentile relative to the cells' sizes. A
rest is what a model's own formula does not account for; its share is that of the cells' sizes. TreeSHAP is compared
with LightGBM's `pred_contrib`, on rows at and beside the thresholds.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from models.base import Model
from models.explanation.parts import Kind, Parts, TakesApart, cells, shapley_values
from models.explanation.tree_shap import TreeShap
from models.ground import Ground
from models.ladder import LADDER, make
from models.second_stage.stage import SecondStage, second_stage_of

PAIRS: Final = 10_000
COMPLETE: Final = 1e-6
"""A pair whose error is not greater is complete."""
_TREE_ROWS: Final = 2_000


def measure(model: Model, pairs: int, seed: int) -> dict[str, Any] | None:
    """Figures of one fitted model; None for one that does not say what its rows are made of."""
    if not isinstance(model, TakesApart):
        return None
    rng, diners, places = np.random.default_rng(seed), model.diners(), model.restaurants()
    people = rng.integers(0, len(diners.vectors), pairs)
    rows = rng.integers(0, len(places.vectors), pairs)
    errors, relative, rests, seconds = (np.empty(pairs) for _ in range(4))
    for at, (person, row) in enumerate(zip(people.tolist(), rows.tolist(), strict=True)):
        started = time.perf_counter()
        diner, place = model.diner_parts(person), model.restaurant_parts(row)
        table, (of_diner, of_place) = cells(diner, place), shapley_values(diner, place)
        seconds[at] = time.perf_counter() - started
        served = diners.vectors[person] @ places.vectors[row] + diners.biases[person] + places.biases[row]
        size = np.abs(table.products).sum() + np.abs(table.diner).sum() + np.abs(table.restaurant).sum() or 1.0
        lengths = float(np.linalg.norm(diners.vectors[person])) * float(np.linalg.norm(places.vectors[row]))
        scale = lengths + abs(float(diners.biases[person])) + abs(float(places.biases[row])) or 1.0
        error = max(abs(value - float(served)) for value in (table.total, of_diner.sum() + of_place.sum()))
        errors[at], relative[at] = error / scale, error / size
        rests[at] = np.abs(table.products[_rest(diner)]).sum() / size
    return {
        "greatest": errors.max(),
        "complete": np.mean(errors <= COMPLETE),
        "p99": np.percentile(relative, 99),
        "rest": rests.mean(),
        "us": np.median(seconds) * 1e6,
    }


def _rest(parts: Parts) -> list[int]:
    return [at for at, source in enumerate(parts.sources) if source.kind is Kind.REST]


def trees(stage: SecondStage, seed: int) -> dict[str, float]:
    """TreeSHAP of a learnt second stage, beside LightGBM's own."""
    import lightgbm

    rng = np.random.default_rng(seed)
    thresholds = stage.trees.nodes["threshold"]
    asked = rng.choice(thresholds, (_TREE_ROWS, stage.trees.width)) + rng.choice([-1e-6, 0.0, 1e-6], (_TREE_ROWS, 1))
    started = time.perf_counter()
    shap = TreeShap.of(stage.trees)
    built = time.perf_counter() - started
    started = time.perf_counter()
    found = shap.values_of(asked)
    taken = (time.perf_counter() - started) / len(asked)
    library = lightgbm.Booster(model_str=stage.trees.text.decode())
    theirs = np.asarray(library.predict(asked, pred_contrib=True, num_threads=1))
    single = []
    for row in asked[:100]:
        started = time.perf_counter()
        shap.values_of(row[None])
        single.append(time.perf_counter() - started)
    return {
        "apart": float(np.abs(found - theirs[:, :-1]).max()),
        "sum": float(np.abs(found.sum(axis=1) + shap.expected - stage.trees.sums(asked)).max()),
        "one_us": float(np.median(single)) * 1e6,
        "batch_us": taken * 1e6,
        "once_ms": built * 1e3,
    }


def lines(ground: Ground, pairs: int) -> Iterator[str]:
    """The tables."""
    frame: dict[str, list[str]] = {}
    stage = None
    for name in LADDER:
        model = make(name, **ground.parameters(name, {})).fit(ground.train_period([name]))
        found = measure(model, pairs, ground.seed)
        stage = second_stage_of(model) or stage
        if found is None:
            frame[name] = ["not taken apart", "", "", "", ""]
        else:
            sizes = [f"{found['greatest']:.1e}", f"{found['complete']:.2%}", f"{found['p99']:.1e}"]
            frame[name] = [*sizes, f"{found['rest']:.2%}", f"{found['us']:,.0f}"]
    yield f"{pairs:,} pairs; errors of the sums of cells and of Shapley values alike"
    columns = ["greatest error", f"within {COMPLETE:.0e}", "p99, of the cells", "rest", "us a pair"]
    yield pd.DataFrame.from_dict(frame, orient="index", columns=columns).to_string()
    if stage is not None:
        of_trees = trees(stage, ground.seed)
        yield f"TreeSHAP, {_TREE_ROWS:,} rows: {of_trees['apart']:.1e} from pred_contrib at most"
        yield f"  {of_trees['sum']:.1e} from the trees' sum at most"
        yield f"  {of_trees['one_us']:,.0f} us a row alone, {of_trees['batch_us']:,.0f} us in a batch"
        yield f"  {of_trees['once_ms']:,.1f} ms once a model"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m models.explanation.measure")
    parser.add_argument("dataset", type=Path, metavar="DIR")
    parser.add_argument("--market")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    dataset = Dataset.open(chosen.dataset)
    with threadpool_limits(1, "blas"):  # the systems are small: threads would wait for each other
        for line in lines(Ground(dataset, chosen.market or dataset.markets[0], seed=chosen.seed), chosen.pairs):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
