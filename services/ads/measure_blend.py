"""What the blend and its prices cost, as a Markdown table: python -m services.ads.measure_blend [--lists 300].

Random lists of 20, seeded: weights k^-1/2, order probabilities around 7 %, clicks around 20 % of looks, bids around 40
minor units, reserves of 5, first slot 2, gap 4. Each call is timed alone, and the lists take turns. p50 and p99 are
over all calls, in microseconds of wall time; another process on the core shows in the p99.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from services.ads.blend import AdRules, Bids, Doubles, Layout, blend
from services.ads.no_repeat import blend_no_repeat
from services.ads.prices import Solver, first_prices, gsp_prices, vcg_prices

_SLOTS: Final = 20
_WEIGHTS: Final = np.asarray(np.arange(1, _SLOTS + 1) ** -0.5, np.float64)
_NANOSECONDS: Final = 1_000.0
_HEADER: Final = """\
| lists | cap | ads | layout: p50 | p99 | VCG prices: p50 | p99 | GSP: p50 | p99 | first price: p50 | p99 |
|---|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Case:
    """One kind of list."""

    name: str
    solve: Solver
    candidates: int
    inside: int
    """Campaigns whose restaurant stands in the list."""
    below: int
    """Campaigns whose restaurant stands below it."""
    cap: int
    money: float = 0.002

    def draw(self, rng: np.random.Generator) -> tuple[Doubles, Bids, Doubles, AdRules]:
        """What the solver takes."""
        campaigns = self.inside + self.below
        below = _SLOTS + rng.permutation(self.candidates - _SLOTS)[: self.below]
        bids = Bids(
            rows=np.concatenate((rng.permutation(_SLOTS)[: self.inside], below)),
            clicks=rng.beta(2.0, 8.0, campaigns),
            bids=np.round(40.0 * np.exp(0.5 * rng.standard_normal(campaigns))),
            reserves=np.full(campaigns, 5.0),
        )
        values = -np.sort(-rng.beta(2.0, 25.0, self.candidates))
        return values, bids, _WEIGHTS, AdRules(money=self.money, first_slot=2, gap=4, cap=self.cap)


_CASES: Final = (
    Case("no campaign", blend, 200, 0, 0, 3),
    Case("money at 0", blend, 200, 0, 18, 3, money=0.0),
    Case("18 campaigns of 200", blend, 200, 0, 18, 3),
    Case("18 campaigns of 200, money x 10", blend, 200, 0, 18, 3, money=0.02),
    Case("100 campaigns of 500", blend, 500, 0, 100, 4),
    Case("100 campaigns of 500, money x 10", blend, 500, 0, 100, 4, money=0.02),
    Case("no repeat, 2 in the list and 16 below", blend_no_repeat, 200, 2, 16, 3),
    Case("no repeat, 9 in the list and 3 below", blend_no_repeat, 200, 9, 3, 3),
    Case("no repeat, 8 in the list and 4 below", blend_no_repeat, 200, 8, 4, 4),
    Case("no repeat, 20 in the list and 16 below", blend_no_repeat, 200, 20, 16, 3),
)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lists", type=int, default=300, help="lists of each kind (default: 300)")
    parser.add_argument("--rounds", type=int, default=10, help="times that each of them is timed (default: 10)")
    options = parser.parse_args(arguments)
    print(_HEADER)
    for case in _CASES:
        print("| " + " | ".join(_row(case, options.lists, options.rounds)) + " |", flush=True)


def _row(case: Case, lists: int, rounds: int) -> Iterator[str]:
    rng = np.random.default_rng(2026)
    drawn = [case.draw(rng) for _ in range(lists)]
    layouts = [case.solve(*each) for each in drawn]
    yield case.name
    yield str(case.cap)
    yield f"{np.mean([len(layout.slots) for layout in layouts]):.1f}"
    yield from _percentiles([partial(case.solve, *each) for each in drawn], rounds)
    sold = [(each, layout) for each, layout in zip(drawn, layouts, strict=True) if len(layout.slots)]
    yield from _percentiles([partial(vcg_prices, *each, layout, case.solve) for each, layout in sold], rounds)
    queued = sold if case.solve is blend else []
    yield from _percentiles([partial(_gsp, *each, layout) for each, layout in queued], rounds)
    yield from _percentiles([partial(first_prices, bids, layout) for (_, bids, _, _), layout in sold], rounds)


def _gsp(values: Doubles, bids: Bids, _: Doubles, rules: AdRules, layout: Layout) -> Doubles:
    return gsp_prices(values, bids, rules, layout)


def _percentiles(calls: Sequence[Callable[[], object]], rounds: int) -> list[str]:
    """p50 and p99."""
    times = [_timed(call) for _ in range(rounds) for call in calls]
    return (
        [f"{value:.0f}" if value >= 1.0 else f"{value:.1f}" for value in np.percentile(times, (50, 99))]
        if times
        else ["", ""]
    )


def _timed(call: Callable[[], object]) -> float:
    """Microseconds."""
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / _NANOSECONDS


if __name__ == "__main__":
    main()
