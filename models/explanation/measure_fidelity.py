"""How faithful each model's own explanations are: `python -m models.explanation.measure_fidelity DIR [--market M]`.

Areas under deletion and insertion curves of `models.explanation.fidelity`, for each model of the ladder, fitted to the
market's training period; the margin is by how much the exact order is better, with its interval over diners.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from data.dataset import Dataset
from models.explanation.fidelity import EXACT, RANDOM, WEIGHT, fidelity
from models.ground import Ground
from models.ladder import LADDER, make


def lines(ground: Ground) -> Iterator[str]:
    """A row for each model and game."""
    frame: dict[str, list[str]] = {}
    for name in LADDER:
        model = make(name, **ground.parameters(name, {})).fit(ground.train_period([name]))
        question, requests = ground.prepared.question, ground.requests
        started = time.perf_counter()
        found = fidelity(model, question, requests, seed=ground.seed)
        taken = time.perf_counter() - started
        if found["refused"] is not None:
            yield str(found["refused"])
        for game, seconds in (("pair", f"{taken:.1f}"), ("second_stage", "")):
            if found[game]:
                frame[f"{name}, {game.replace('_', ' ')}"] = [*_row(found[game]), seconds]
    columns = ["parts", "interactions", "signs agree", "R2 near"]
    for kind in ("deletion", "insertion"):
        columns += [kind, "better than random", "than |weight|"]
    yield pd.DataFrame.from_dict(frame, orient="index", columns=[*columns, "s"]).to_string()


def _row(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"{told['parts']:.0f}"
    yield f"{told['interaction_share']['value']:.2f}"
    yield f"{told['sign_agreement']['value']:.2f}"
    yield f"{told['local_r2']['value']:.2f}"
    for kind in ("deletion", "insertion"):
        yield f"{told[kind][EXACT]['value']:+.3f}"
        for other in (RANDOM, WEIGHT):
            margin = told["margins"][kind][other]
            yield f"{margin['value']:.3f} ({margin['low']:.3f}, {margin['high']:.3f})"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m models.explanation.measure_fidelity")
    parser.add_argument("dataset", type=Path, metavar="DIR")
    parser.add_argument("--market")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    dataset = Dataset.open(chosen.dataset)
    for line in lines(Ground(dataset, chosen.market or dataset.markets[0], seed=chosen.seed)):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
