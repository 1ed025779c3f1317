"""What max-min fairness costs as its weight grows: python -m models.fairness.measure_mmf

In synthetic cities the scores are the true probabilities of an order, T random diners ask one after the other, and
providers are the restaurants of a district; every list has K places. Beside the list-by-list P-MMF stand the best K of
each list. A weight of 0 keeps quotas and nothing else. With --scores and --providers it is asked about somebody else's
data instead, such as the paper's own:

    python -m models.fairness.measure_mmf --scores bpr.npy --providers providers.npy --lists 256 --weights 0.1

scores: (T or more, n) float array. providers: (n,) of ints from 0.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtrit
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city import truth
from data.city.generate import generate
from data.dataset import Dataset
from models.fairness.mmf import STEP, Providers, Worth, p_mmf, worth

Doubles = npt.NDArray[np.float64]

WEIGHTS: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
BEST: Final = "the best k"
_FIGURES: Final = ("score", "quality", "least")


def city_scores(seed: int, restaurants: int, lists: int, path: Path) -> tuple[Doubles, Providers]:
    """(lists, n) true probabilities of an order after a look, and the districts as providers."""
    generate(path, restaurants=restaurants, diners=lists, days=2, markets=1, seed=seed)
    city = Dataset.open(path)
    [market] = city.markets
    known = truth.load(city.path, market)
    utilities = known.utilities(np.arange(lists))
    _, districts = np.unique(city.restaurants(market)[col.DISTRICT].to_numpy(str), return_inverse=True)
    chances = expit(utilities - known.diners.outside[:lists, None])
    return np.asarray(chances, np.float64), Providers.with_slack(districts)


def run(scores: Doubles, providers: Providers, k: int, weights: Sequence[float], step: float) -> dict[str, Worth]:
    """By weight, after the best k of each list, whatever that gives to whom. A weight of 0 keeps the quotas alone."""
    plain = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    made = {f"{weight:g}": p_mmf(scores, k, providers, weight, step) for weight in weights}
    return {name: worth(scores, lists, providers) for name, lists in {BEST: plain, **made}.items()}


def lines(runs: Sequence[dict[str, Worth]]) -> list[str]:
    """As a Markdown table, intervals over runs where there are several."""
    rows = ["| weight | score lost | RRQ | least share of what is due (MMF) |", "|---|---|---|---|"]
    plain = np.asarray([one[BEST].score for one in runs])
    for weight in runs[0]:
        score, quality, least = (np.asarray([getattr(one[weight], name) for one in runs]) for name in _FIGURES)
        lost = 100.0 * (1.0 - score / plain)
        rows.append(f"| {weight} | {_cell(lost, '.2f', ' %')} | {_cell(quality, '.4f')} | {_cell(least, '.3f')} |")
    return rows


def _cell(values: Doubles, form: str, unit: str = "") -> str:
    n = len(values)
    if n < 2:
        return f"{values[0]:{form}}{unit}"
    reach = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / np.sqrt(n)
    return f"{values.mean():{form}}{unit} [{values.mean() - reach:{form}}, {values.mean() + reach:{form}}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m models.fairness.measure_mmf",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=10, help="cities, two at least")
    parser.add_argument("--lists", type=int, default=1_000, help="T")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--restaurants", type=int, default=300)
    parser.add_argument("--step", type=float, default=STEP, help="eta_0")
    parser.add_argument("--weights", type=float, nargs="+", default=list(WEIGHTS))
    parser.add_argument("--scores", type=Path, metavar="FILE", help="an array of somebody else's scores")
    parser.add_argument("--providers", type=Path, metavar="FILE", help="who has which item")
    given = parser.parse_args(argv)
    if (given.scores is None) != (given.providers is None):
        parser.error("--scores and --providers come together")
    if given.scores is not None:
        scores = np.load(given.scores)[: given.lists].astype(np.float64)
        runs = [run(scores, Providers.with_slack(np.load(given.providers)), given.k, given.weights, given.step)]
    else:
        runs = []
        for seed in range(1, given.seeds + 1):
            with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
                found = city_scores(seed, given.restaurants, given.lists, Path(folder) / "city")
                runs.append(run(*found, given.k, given.weights, given.step))
    print("\n".join(lines(runs)))
    if len(runs) == 1:
        for weight in given.weights:
            print(f"W at weight {weight:g}: {runs[0][f'{weight:g}'].objective(weight):.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
