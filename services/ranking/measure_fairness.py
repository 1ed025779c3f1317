"""What a control of exposure costs a request: python -m services.ranking.measure_fairness --restaurants 500.

A request of one diner among so many restaurants, all of them scored in full, ranked with and without lifts; what the
list counts for; and groups and lifts themselves, which are made once a refresh and not for a request (what no time
changes of the groups: once a catalogue). The ways come in another order in each round. Medians, with the ratio to the
ranking of the same run, since microseconds are this machine's.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Final

import numpy as np

from models.base import Representations
from models.calibration import Calibration, Curve
from models.fairness.control import Ledger
from services.ranking.catalogue import Catalogue, build_catalogue
from services.ranking.counting import count_shown
from services.ranking.fairness import Attributes, lifts
from services.ranking.rank import Requests, rank
from services.stakeholders.policy import Control, FairnessPolicy, GroupedBy

_DIMENSIONS: Final = 64
_K: Final = 10
_LOOKS: Final = np.asarray([0.85**place for place in range(_K)])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restaurants", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=2_000)
    options = parser.parse_args()
    rng, n = np.random.default_rng(0), options.restaurants
    catalogue, asked = _catalogue(rng, n), _request(rng)
    attributes = Attributes.of(
        chains=["Big" if row % 4 == 0 else None for row in range(n)],
        districts=[f"d{row % 8}" for row in range(n)],
        price_levels=[row % 4 + 1 for row in range(n)],
        cuisines=[["thai"]] * n,
        opened_at=[1e9 if row % 10 == 0 else 0.0 for row in range(n)],
    )
    groups = attributes.groups(GroupedBy.KIND, 1e9 + 1.0)
    ledger = Ledger(groups.names, np.asarray([300.0, 600.0, 20.0]), np.asarray([90.0, 190.0, 20.0]), 20.0, 300.0, 14.0)
    policy = FairnessPolicy(control=Control.FAIRCO, gain=0.06, newcomer_quota=0.09, quality_floor=0.01)
    lifted = replace(asked, lifts=lifts(policy, groups, ledger))
    plain = rank(catalogue, asked, _K, n)
    shortlists = plain.shortlists
    ways: dict[str, Callable[[], object]] = {
        "rank, no control": lambda: rank(catalogue, asked, _K, n),
        "rank, with lifts": lambda: rank(catalogue, lifted, _K, n),
        "count the list": lambda: count_shown(groups, shortlists, plain.rows[0], _LOOKS, {}),
        "groups by kind (once a refresh)": lambda: attributes.groups(GroupedBy.KIND, 1e9 + 1.0),
        "groups by district (once a refresh)": lambda: attributes.groups(GroupedBy.DISTRICT, 1e9 + 1.0),
        "groups by district (once a catalogue)": lambda: replace(attributes).groups(GroupedBy.DISTRICT, 1e9 + 1.0),
        "lifts, FairCo (once a refresh)": lambda: lifts(policy, groups, ledger),
        "lifts, P-MMF (once a refresh)": lambda: lifts(
            policy.model_copy(update={"control": Control.P_MMF}), groups, ledger
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name in rng.permutation(list(ways)).tolist():
            started = time.perf_counter()
            ways[name]()
            taken[name].append(1e6 * (time.perf_counter() - started))
    found = {name: median(times) for name, times in taken.items()}
    base, with_lifts, counting = list(found.values())[:3]
    print(f"| {n} restaurants scored in full | µs, median of {options.rounds:,} |\n|---|---|")
    for name, value in found.items():
        print(f"| {name} | {value:.1f} |")
    cost = with_lifts - base + counting
    print(f"| what a request pays: the lifts' part and the counting | {cost:.1f}, {cost / base:.2f} of the ranking |")


def _catalogue(rng: np.random.Generator, n: int) -> Catalogue:
    curve = Curve(slope=1.0, travel=-1.0, intercept=-2.0)
    return build_catalogue(
        ids=[f"r{row}" for row in range(n)],
        representations=Representations(
            (rng.standard_normal((n, _DIMENSIONS)) / 8.0).astype(np.float32), rng.standard_normal(n).astype(np.float32)
        ),
        lat=rng.uniform(50.0, 50.1, n),
        lon=rng.uniform(0.0, 0.1, n),
        price_levels=[None] * n,
        cuisines=[[]] * n,
        hours=[None] * n,
        calibration=Calibration(order=curve, click=curve, examination=tuple(_LOOKS.tolist()), mean_log_time=3.0),
        typical_diners=rng.standard_normal((20, _DIMENSIONS)).astype(np.float32),
    )


def _request(rng: np.random.Generator) -> Requests:
    return Requests(
        vectors=rng.standard_normal((1, _DIMENSIONS)).astype(np.float32),
        biases=np.zeros(1, np.float32),
        fold_ins=None,
        lat=np.asarray([50.05]),
        lon=np.asarray([0.05]),
    )


if __name__ == "__main__":
    main()
