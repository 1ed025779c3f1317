"""What pacing reaches on simulated days, as Markdown tables: python -m services.ads.measure_pacing.

A day has T auctions in which a campaign could win one billed event. Eight campaigns with budgets of 12, 24, 48 and 72 %
of what they would spend without one, half of them with even, half with log-normal values and competing bids. The value
bought is in parts of what hindsight would have bought; the pace error is the greatest distance, over the day, between
the shares of the budget spent and of the traffic. Each figure is a mean over the campaigns, with a 95 % interval over
seeds (Student's t), and the worst single campaign of all seeds.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from scipy import stats

from data.city.vocabulary import DAYPART_HOURS, DAYPART_SHARES
from services.ads.pacing import Descent
from services.ads.simulated_day import (
    Auctions,
    DualPacer,
    Outcome,
    Pacer,
    Rivals,
    SecondPrices,
    ThrottledPacer,
    Timing,
    best_values,
    draw_times,
    play,
)
from services.ads.simulated_lists import BlendedLists
from services.ads.traffic import Doubles, forecast

_TODAY: Final = date(2026, 3, 6)
_HOURS: Final = np.arange(24)
_TIGHTNESS: Final = (0.12, 0.24, 0.48, 0.72)
"""Budgets in parts of what would be spent without them."""
_RULE: Final = Descent()
_EACH_MINUTE: Final = Timing(every=60.0, lag=_RULE.lag_seconds)


def _peaks(*peaks: tuple[float, float]) -> Doubles:
    return 0.02 + sum((height * np.exp(-((_HOURS - hour) ** 2)) for hour, height in peaks), np.zeros(24))


def _city() -> Doubles:
    shares = np.zeros(24)
    for (start, end), share in zip(DAYPART_HOURS, DAYPART_SHARES, strict=True):
        shares[start:end] = share / (end - start)
    return shares


SHAPES: Final[dict[str, Doubles]] = {
    "flat": np.ones(24),
    "city": _city(),
    "two peaks": _peaks((12.5, 1.0), (19.5, 1.5)),
    "one hour": np.where(_HOURS == 20, 0.5, 0.5 / 23),
}
"""Weights of the hours of a day."""


@dataclass(frozen=True)
class Case:
    """One simulated day's setting."""

    pacer: str = "dual"
    requests: int = 10_000
    shape: str = "city"
    timing: Timing = _EACH_MINUTE
    rule: Descent = _RULE
    history: int | None = None
    """Days from which the forecast was learnt; None: the day's own traffic is known beforehand."""
    day_noise: float = 0.0
    """Standard deviation of the log of a day's traffic."""
    hour_noise: float = 0.0
    """The same of an hour's, correlated from hour to hour by 0.6."""


@dataclass(frozen=True, eq=False)
class Result:
    """What eight campaigns reached, each (m,)."""

    value: Doubles
    """In parts of what hindsight would have bought."""
    pace_error: Doubles
    plan_error: float
    """Greatest distance over the day between the plan and the traffic that came."""
    used: Doubles
    """Part of the budget."""


def simulate(case: Case, seed: int) -> Result:
    """One day with eight campaigns."""
    rng = np.random.default_rng([seed, case.requests])
    at, to_come = _traffic(case, rng)
    auctions = _auctions(rng, at)
    unpaced = np.where(auctions.values > auctions.prices, auctions.prices, 0.0).sum(axis=0)
    budgets = unpaced * np.tile(_TIGHTNESS, 2)
    outcome = play(auctions, _pacer(case, budgets, auctions), to_come, np.random.default_rng(seed), case.timing)
    passed = np.arange(1, len(at) + 1) / len(at)
    return Result(
        value=outcome.value / best_values(auctions.values, auctions.prices, budgets),
        pace_error=outcome.pace_error,
        plan_error=float(np.abs(1.0 - to_come - passed).max()),
        used=outcome.spent / budgets,
    )


def _pacer(case: Case, budgets: Doubles, auctions: Auctions) -> Pacer:
    match case.pacer:
        case "none":
            return Pacer(budgets)
        case "throttling":
            return ThrottledPacer(budgets)
        case _:
            return DualPacer(budgets, auctions.highest_bids, case.rule)


def _auctions(rng: np.random.Generator, at: Doubles) -> SecondPrices:
    shape, half = (len(at), 2 * len(_TIGHTNESS)), len(_TIGHTNESS)
    even = rng.uniform(size=(2, *shape))
    skewed = np.minimum(np.exp(0.5 * rng.standard_normal((2, *shape))), 3.0)
    columns = np.arange(shape[1]) < half
    values, prices = np.where(columns, even, skewed)
    return SecondPrices(at, values, prices, np.where(columns, 1.0, 3.0))


def _traffic(case: Case, rng: np.random.Generator) -> tuple[Doubles, Doubles]:
    """(T,) when requests come, and (T,) the forecast share of the day's traffic after each of them."""
    rates = SHAPES[case.shape] / SHAPES[case.shape].sum() * case.requests
    if case.history is None:
        at = draw_times(rng, case.requests, rates)
        return at, 1.0 - np.arange(1, len(at) + 1) / len(at)
    days = [_TODAY - timedelta(days=age) for age in range(case.history, 0, -1)]
    counts = np.asarray([rng.poisson(_noisy(case, rates, rng)) for _ in days], np.float64).reshape(len(days), 24)
    today = _noisy(case, rates, rng)
    at = draw_times(rng, int(rng.poisson(today.sum())), today)
    reached = np.concatenate(([0.0], np.cumsum(forecast(counts, days, _TODAY))))
    return at, 1.0 - np.interp(at / 3600.0, np.arange(25), reached)


def _noisy(case: Case, rates: Doubles, rng: np.random.Generator) -> Doubles:
    noise, hourly = rng.standard_normal(24), np.zeros(24)
    for hour in _HOURS:
        hourly[hour] = 0.6 * hourly[hour - 1] + 0.8 * noise[hour] if hour else noise[hour]
    return np.asarray(rates * np.exp(case.day_noise * rng.standard_normal() + case.hour_noise * hourly))


# -- tables


def _interval(values: Sequence[float]) -> str:
    mean, error = float(np.mean(values)), float(stats.sem(values)) if len(values) > 1 else float("nan")
    half = error * float(stats.t.ppf(0.975, max(len(values) - 1, 1)))
    return f"{100 * mean:.1f} ({100 * (mean - half):.1f} to {100 * (mean + half):.1f})"


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print(f"\n### {title}\n")
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


_FIGURES: Final = ("value, % of hindsight", "worst", "pace error, %", "worst", "budget used, %")


def _figures(cases: Sequence[Case], seeds: int) -> list[str]:
    """The columns of `_FIGURES`, over all cases together."""
    results = [[simulate(case, seed) for case in cases] for seed in range(seeds)]
    values = [np.concatenate([result.value for result in row]) for row in results]
    errors = [np.concatenate([result.pace_error for result in row]) for row in results]
    used = [float(np.mean([result.used for result in row])) for row in results]
    return [
        _interval([float(value.mean()) for value in values]),
        f"{100 * min(value.min() for value in values):.1f}",
        _interval([float(error.mean()) for error in errors]),
        f"{100 * max(error.max() for error in errors):.1f}",
        f"{100 * np.mean(used):.1f}",
    ]


def gains(seeds: int) -> None:
    """What the dials do, one moved at a time, over all load shapes and delays of 0, 1 and 5 minutes."""
    base = _RULE
    moved = [("as it is", base)]
    moved += [(f"gain {gain:g}", replace(base, gain=gain)) for gain in (0.75, 1.5, 3.0, 6.0, 12.0) if gain != base.gain]
    moved += [(f"shift {shift:g}", replace(base, shift=shift)) for shift in (0.01, 0.05, 1.0)]
    moved += [(f"damping {damping:g}", replace(base, damping=damping)) for damping in (0.1, 0.6, 1.2, 1e9)]
    timings = [Timing(every=60.0, delay=delay, lag=base.lag_seconds) for delay in (0.0, 60.0, 300.0)]
    rows = (
        [
            name,
            *_figures([Case(rule=rule, shape=shape, timing=timing) for shape in SHAPES for timing in timings], seeds),
        ]
        for name, rule in moved
    )
    _table("The dials, over four load shapes and delays of 0, 60 and 300 s (T = 10,000)", ("dial", *_FIGURES), rows)


def pacers(seeds: int) -> None:
    """Dual descent beside throttling and nothing, at several sizes and paces of the worker."""
    rows = [
        ("dual", "after each request", Timing()),
        *(("dual", f"{every:g} s", Timing(every=every, lag=_RULE.lag_seconds)) for every in (10.0, 30.0, 60.0, 300.0)),
        ("throttling", "60 s", Timing(every=60.0)),
        ("none", "", Timing()),
    ]
    cells = (
        [f"{requests:,}", pacer, every, *_figures([Case(pacer, requests, timing=timing)], seeds)]
        for requests in (1_000, 10_000, 40_000)
        for pacer, every, timing in rows
    )
    _table("Pacers, with the city's rhythm known", ("T", "pacer", "a step every", *_FIGURES), cells)


def forecasts(seeds: int) -> None:
    """What is lost where the day's traffic is not known beforehand."""
    cases = [
        ("known", Case()),
        ("28 days that differ by chance alone", Case(history=28)),
        ("28 days, level ± 20 %, hours ± 10 %", Case(history=28, day_noise=0.2, hour_noise=0.1)),
        ("3 days, level ± 20 %, hours ± 10 %", Case(history=3, day_noise=0.2, hour_noise=0.1)),
        ("none yet, level ± 20 %, hours ± 10 %", Case(history=0, day_noise=0.2, hour_noise=0.1)),
    ]
    rows = (
        [f"{case.requests:,}", name, *_figures([case], seeds), _plan_error(case, seeds)]
        for name, known in cases
        for case in (known, replace(known, requests=40_000))
    )
    names = ("T", "traffic", *_FIGURES, "of the plan itself, %")
    _table("Forecasts, a step every 60 s", names, rows)


def _plan_error(case: Case, seeds: int) -> str:
    return _interval([simulate(case, seed).plan_error for seed in range(seeds)])


def delays(seeds: int) -> None:
    """What charges that come late cost; the descent reckons with 300 s."""
    rows = (
        [f"{requests:,}", f"{delay:g} s", *_figures([Case(requests=requests, timing=timing)], seeds)]
        for requests in (10_000, 40_000)
        for delay in (0.0, 30.0, 60.0, 300.0, 900.0)
        for timing in [Timing(every=60.0, delay=delay, lag=_RULE.lag_seconds)]
    )
    _table("Charges that come late, a step every 60 s", ("T", "delay", *_FIGURES), rows)


def rivals(seeds: int) -> None:
    """Ten campaigns against each other: in second-price auctions, and in lists with the real blend and VCG prices."""
    names = (
        "T",
        "auction",
        "pacer",
        "value, % of unpaced",
        "value, % of hindsight",
        "pace error, %",
        "spent, % of unpaced",
    )
    rows = (row for requests in (10_000, 40_000) for row in _rival_rows(requests, seeds))
    _table("Ten campaigns against each other, a step every 60 s", names, rows)


def _rival_rows(requests: int, seeds: int) -> Iterable[list[str]]:
    for name, draw in (("second price", _draw_rivals), ("blend, VCG", _draw_lists)):
        played = [_play_rivals(draw, requests, seed) for seed in range(seeds)]
        for pacer in ("dual", "throttling", "none"):
            outcomes = [outcome[pacer] for outcome in played]
            unpaced = [outcome["none"] for outcome in played]
            value = [out.value.sum() / none.value.sum() for (out, _), (none, _) in zip(outcomes, unpaced, strict=True)]
            spent = [out.spent.sum() / none.spent.sum() for (out, _), (none, _) in zip(outcomes, unpaced, strict=True)]
            best = [hindsight for _, hindsight in outcomes if hindsight is not None]
            yield [
                f"{requests:,}",
                name,
                pacer,
                _interval(value),
                _interval(best) if best else "",
                _interval([float(out.pace_error.mean()) for out, _ in outcomes]),
                _interval(spent),
            ]


def _play_rivals(
    draw: Callable[[int, int], Rivals | BlendedLists], requests: int, seed: int
) -> dict[str, tuple[Outcome, float | None]]:
    """By pacer: the outcome, and where it is defined the value in parts of what hindsight would have bought."""
    to_come = 1.0 - np.arange(1, requests + 1) / requests
    unlimited = play(draw(requests, seed), Pacer(np.full(10, 1e15)), to_come, np.random.default_rng(seed))
    budgets = np.maximum(unlimited.spent, 1.0) * np.resize(_TIGHTNESS, 10)
    found: dict[str, tuple[Outcome, float | None]] = {}
    for name in ("none", "throttling", "dual"):
        case, auctions = Case(pacer=name), draw(requests, seed)
        outcome = play(auctions, _pacer(case, budgets, auctions), to_come, np.random.default_rng(seed), case.timing)
        best = None
        if isinstance(auctions, Rivals):
            best = float(np.mean(outcome.value / best_values(auctions.values, auctions.prices, budgets)))
        found[name] = outcome, best
    return found


def _draw_rivals(requests: int, seed: int) -> Rivals:
    rng = np.random.default_rng([seed, requests, 1])
    at = draw_times(rng, requests, SHAPES["city"])
    values = rng.uniform(size=(requests, 10))
    return Rivals(at, values, 0.5 * rng.uniform(size=requests), np.ones(10), np.zeros((requests, 10)))


def _draw_lists(requests: int, seed: int) -> BlendedLists:
    rng = np.random.default_rng([seed, requests, 2])
    return BlendedLists.draw(rng, draw_times(rng, requests, SHAPES["city"]), 10)


_TABLES: Final = {"gains": gains, "pacers": pacers, "forecasts": forecasts, "delays": delays, "rivals": rivals}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m services.ads.measure_pacing", description="Pacing, measured.")
    parser.add_argument("--table", choices=_TABLES, action="append", help="which, as often as needed; by default all")
    parser.add_argument("--seeds", type=int, default=5, help="days simulated for each figure (default: 5)")
    arguments = parser.parse_args()
    for name in arguments.table or _TABLES:
        _TABLES[name](arguments.seeds)


if __name__ == "__main__":
    main()
