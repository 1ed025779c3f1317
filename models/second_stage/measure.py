"""What the sums over trees cost, beside LightGBM's own: python -m models.second_stage.measure

200 rows of random features, the worst case for branches; one thread; medians of 300 calls that take turns.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from models.second_stage.features import FEATURES
from models.second_stage.trees import Trees

_ROWS, _CALLS = 200, 300


def main() -> None:
    """Print a Markdown table."""
    import lightgbm

    rng, width = np.random.default_rng(0), len(FEATURES)
    learnt = rng.normal(size=(60_000, width))
    target = np.sin(2.0 * learnt[:, 0]) + learnt[:, 1] * learnt[:, 2] + 0.3 * rng.normal(size=len(learnt))
    asked = rng.normal(size=(_ROWS, width))
    print("| trees | bytes | `Booster.predict`, µs | `Trees.sums`, µs |\n|---|---|---|---|")
    for rounds, leaves in ((100, 8), (100, 15), (100, 31)):
        given = {"objective": "regression", "num_leaves": leaves, "verbose": -1, "num_threads": 1, "use_missing": False}
        booster = lightgbm.train(given, lightgbm.Dataset(learnt, target, feature_name=list(FEATURES)), rounds)
        trees = Trees.read(booster.model_to_string().encode(), FEATURES)
        theirs, ours = _medians([partial(booster.predict, asked, num_threads=1), partial(trees.sums, asked)])
        print(f"| {rounds} of {leaves} leaves | {trees.nbytes:,} | {theirs:.0f} | {ours:.0f} |")


def _medians(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Microseconds."""
    taken = np.empty((_CALLS, len(calls)))
    for round_, place in np.ndindex(taken.shape):
        started = time.perf_counter_ns()
        calls[place]()
        taken[round_, place] = (time.perf_counter_ns() - started) / 1000.0
    return [float(value) for value in np.median(taken, axis=0)]


if __name__ == "__main__":
    main()
