"""Where a model fails, and where it fails more than another: `python -m models.slices.worst DIR [--against MODEL]`.

The model learns the market's train period and is asked about its test period: the restaurants shown, by the surprise at
their orders, and with `--against` the held-out requests, by the loss of nDCG@10.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.dataset import Dataset
from models.evaluation.evaluate import Measured
from models.evaluation.requests import as_served
from models.ground import Ground
from models.slices.comparison import FIGURE, compare_slices, requests_as_cases
from models.slices.search import Options, search
from models.slices.shown import shown_in


def lines(ground: Ground, model: str, against: str | None) -> Iterator[str]:
    """What was found."""
    names = [model, *([against] if against else [])]
    fitted = ground.fitted(names)
    shown = shown_in(ground, fitted[model], ground.calibrated(fitted[model]))
    if shown is None:
        yield "the log tells of no lists: there is nothing to look at"
        return
    cases = shown.cases
    yield f"{model}: {len(cases):,} restaurants shown, mean surprise {cases.losses.mean():.4f}; worse than the rest:"
    found = search(cases, Options(seed=ground.seed))
    yield from (f"  {one.sentence('surprise')}" for one in found)
    yield from [] if found else ["  nothing"]
    requests = ground.requests
    if against is None or requests is None:
        return
    asked: dict[str, Measured] = {
        name: requests.measure(as_served(requests, one, ground.calibrated(one))) for name, one in fitted.items()
    }
    before, after = (asked[name].per_diner[FIGURE] for name in (against, model))
    compared = compare_slices(before, after, requests_as_cases(ground, requests))
    yield f"{len(before):,} held-out requests: {FIGURE} {compared.gain:+.4f} on {against}; worse where:"
    yield from (f"  {one.sentence()}" for one in compared.regressions)
    yield from [] if compared.regressions else ["  nowhere"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print what was found."""
    parser = argparse.ArgumentParser(prog="python -m models.slices.worst")
    parser.add_argument("dataset", type=Path, metavar="DIR")
    parser.add_argument("--market")
    parser.add_argument("--model", default="lightfm")
    parser.add_argument("--against", metavar="MODEL", help="also tell where the model is worse than this one")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    dataset = Dataset.open(given.dataset)
    ground = Ground(dataset, given.market or dataset.markets[0], seed=given.seed)
    print("\n".join(lines(ground, given.model, given.against)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
