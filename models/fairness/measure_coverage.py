"""Do the intervals hold the truth as often as they say? python -m models.fairness.measure_coverage

In each simulated world the population is known: groups of diners with nDCG of their own means, skewed as nDCG is;
groups of restaurants with looks and orders of their own rates, where diners are of very different activity. A sample of
diners is drawn, its intervals are made, and counted is how often they hold the population's figure. 95 % is what they
say. Restaurants have enough orders for the floor of merit not to matter: where it does, it pulls exposure per merit
down.

Also counted is how often the permutation test is below 0.05 where groups are in truth alike: 5 % is what it says.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import beta

from models.fairness.groups import Groups
from models.fairness.intervals import Figure, degrees, expanded, figure, mean, permuted, resampled
from models.fairness.measures import Ledger, group_ratios

Doubles = npt.NDArray[np.float64]

WORLDS: Final = 2_000
DINERS: Final = 300
_MEANS: Final = np.asarray([0.30, 0.36, 0.42])
_SHARES: Final = (0.5, 0.3, 0.2)
_RESTAURANTS: Final = 30
_LOOKS: Final = np.asarray([0.5, 0.3, 0.2])
"""Expected looks of a restaurant in each third of them, for each unit of a diner's activity."""
_RATES: Final = np.asarray([0.40, 0.32, 0.20])
_FEW: Final = 9
_DRAWS: Final = 400

NAMES: Final = (
    "mean of a group of 60 diners",
    "mean of a group of 9 diners",
    "difference of two groups of diners",
    "exposure per merit of a group of restaurants",
    "ratio of two groups of restaurants",
    "permutation p below 0.05, groups alike",
)


def world(seed: int, orders: float = 1.0) -> list[bool]:
    """Whether each interval of one world holds the truth, and whether the test of equal groups raises an alarm."""
    rng = np.random.default_rng(seed)
    groups = Groups.of("group", rng.choice(list("abc"), DINERS, p=_SHARES).tolist(), fewest=2)
    spread = 2.0  # a + b of the Beta distribution: most have nothing or much
    quality = rng.beta(spread * _MEANS[groups.codes], spread * (1.0 - _MEANS[groups.codes]))
    ones = np.ones(DINERS)
    value, found = resampled(lambda weights: group_ratios(quality, ones, groups, weights), DINERS, _DRAWS, seed)
    of_group = expanded(figure(float(value[2]), found[:, 2]), int(groups.sizes[2]))
    small = _small(rng)
    gap = figure(float(value[2] - value[0]), found[:, 2] - found[:, 0])
    rates = orders * _RATES
    ledger, kinds = _ledger(rng, rates)
    value, found = resampled(lambda weights: ledger.per_merit(kinds, weights), DINERS, _DRAWS, seed)
    freedom = degrees(ledger.errors(kinds))
    per_merit = expanded(figure(float(value[2]), found[:, 2]), DINERS, float(freedom[2]))
    ratio = figure(float(value[0] / value[2]), found[:, 0] / found[:, 2])
    ratio = expanded(ratio, DINERS, float(freedom[[0, 2]].min()))
    alike = permuted(rng.beta(0.7, 1.3, DINERS), ones, groups, 200, seed)
    return [
        _holds(of_group, _MEANS[2]),
        _holds(small, _MEANS[1]),
        _holds(gap, _MEANS[2] - _MEANS[0]),
        _holds(per_merit, 1.0 / rates[2]),
        _holds(ratio, _RATES[2] / _RATES[0]),
        alike.p < 0.05,
    ]


def _small(rng: np.random.Generator) -> Figure:
    """The mean of so few as a dataset may have of a group."""
    quality = rng.beta(2.0 * _MEANS[1], 2.0 * (1.0 - _MEANS[1]), _FEW)
    return expanded(mean(quality, draws=_DRAWS), _FEW)


def _ledger(rng: np.random.Generator, rates: Doubles) -> tuple[Ledger, Groups]:
    """Looks and orders of a sample of diners, of activity that differs as incomes do."""
    third = np.arange(_RESTAURANTS) % 3
    activity = rng.gamma(0.8, 1.0, DINERS)
    looks = rng.poisson(activity[:, None] * _LOOKS[third]).astype(np.float64)
    orders = rng.binomial(looks.astype(np.int64), rates[third]).astype(np.float64)
    kinds = Groups.of("kind", [f"kind {index}" for index in third.tolist()], fewest=2)
    return Ledger(sparse.csr_matrix(looks), sparse.csr_matrix(orders)), kinds


def report(worlds: int, orders: float = 1.0) -> list[tuple[str, int, float, float]]:
    """By name: how many of the worlds, and the ends of Clopper and Pearson's interval of that share."""
    held = np.asarray([world(seed, orders) for seed in range(worlds)]).sum(axis=0)
    return [(name, int(k), *_share(int(k), worlds)) for name, k in zip(NAMES, held.tolist(), strict=True)]


def _share(k: int, n: int) -> tuple[float, float]:
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    return low, float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0


def _holds(found: Figure, truth: float) -> bool:
    return bool(found.low <= truth <= found.high)


def main(argv: Sequence[str] | None = None) -> int:
    """Count, and print a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="python -m models.fairness.measure_coverage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--orders", type=float, default=1.0, help="so many times the usual rate of orders")
    given = parser.parse_args(argv)
    print(f"{given.worlds:,} worlds of {DINERS} diners\n\n| interval | holds the truth | 95 % |\n|---|---|---|")
    for name, held, low, high in report(given.worlds, given.orders):
        print(f"| {name} | {held / given.worlds:.1%} | {low:.1%} to {high:.1%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
