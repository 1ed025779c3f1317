"""Measures the guardrails on simulated days: false alarms, and how soon harm is caught.

python -m services.releases.measure_guardrails [--streams 400] [--harmed 100] [--requests 100000] [--share 0.1]

Each stream is a day of a market of its own: diners who come more or less often and order more or less readily, rush
hours, failures one by one and slow answers in stalls that hit whoever asks then. Arms are drawn by the hash that
serving uses, and the worker's own guardrails look every minute. The random numbers are seeded: the same command prints
the same table.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.releases.assignment import in_share
from services.releases.guardrails import ArmCounts, Guardrail, Promises, Watch

_DAY: Final = 24 * 60
"""Looks a day, one a minute."""
_ALPHA: Final = 0.05
_PROMISES: Final = Promises(errors=0.001, slow=0.01)
_CLICKS: Final = 0.30
_ORDERS: Final = 0.12
"""Per request, of a diner of medium readiness."""
_ERRORS: Final = 0.0005
_SLOW: Final = 0.002
_STALLS: Final = 4
"""A day, each of ten seconds in which every answer is slow."""
_DINERS_PER_REQUEST: Final = 0.25


@dataclass(frozen=True)
class Harm:
    """What the canary does: factors on the champion's probabilities."""

    name: str
    orders: float = 1.0
    clicks: float = 1.0
    errors: float = 1.0
    slow: float = 1.0
    days: int = 1
    """For how long it is watched at most."""


HARMS: Final = (
    Harm("orders -50 %", orders=0.5),
    Harm("orders -25 %", orders=0.75),
    Harm("orders -10 %", orders=0.9, days=3),
    Harm("clicks -25 %", clicks=0.75),
    Harm("errors x 20 (1 %)", errors=20.0),
    Harm("every answer fails", errors=1.0 / _ERRORS),
    Harm("slow answers x 20 (4 %)", slow=20.0),
)


@dataclass(frozen=True)
class Ended:
    """How one stream went."""

    alarm: Guardrail | None
    canary_requests: int
    """Until the alarm, or in all."""
    share_of_day: float
    """When the alarm was, in days."""


def main(arguments: list[str] | None = None) -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--streams", type=int, default=400, help="streams in which the canary is the champion's equal")
    parser.add_argument("--harmed", type=int, default=100, help="streams for each harm")
    parser.add_argument("--requests", type=int, default=100_000, help="lists a day")
    parser.add_argument("--share", type=float, default=0.1, help="of the diners who are shown the canary")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    given = (options.requests, options.share, options.seed)
    equal = [_noted(stream(Harm("equal"), number, *given), number) for number in range(options.streams)]
    alarms = sum(each.alarm is not None for each in equal)
    print(
        f"\n{options.requests:,} lists a day, canary shown to {options.share:.0%} of the diners, alpha {_ALPHA:.0%}\n"
    )
    print(f"equal canary: {alarms} false alarms in {options.streams} days ({alarms / max(1, len(equal)):.1%})\n")
    print("| the canary's | caught | within a day's | of the day's lists saw it: median | 95 % of the days | by |")
    print("|---|---|---|---|---|---|")
    for harm in HARMS:
        found = [_noted(stream(harm, 10_000 + number, *given), number) for number in range(options.harmed)]
        print(_line(harm, found, options.requests))


def _noted(ended: Ended, number: int) -> Ended:
    if sys.stderr.isatty() and number % 10 == 0:
        print(f"\r{number} ", end="", file=sys.stderr)
    return ended


def _line(harm: Harm, found: list[Ended], requests: int) -> str:
    caught = [each for each in found if each.alarm is not None]
    if not caught:
        return f"| {harm.name} | 0 of {len(found)} in {harm.days} day(s) | | | | |"
    seen = [each.canary_requests / requests for each in caught]
    when = float(np.median([each.share_of_day for each in caught]))
    by = ", ".join(sorted({str(each.alarm) for each in caught}))
    within = f"{len(caught)} of {len(found)} in {harm.days} day(s)"
    return (
        f"| {harm.name} | {within} | {when:.1%} | {np.median(seen):.2%} | up to {np.quantile(seen, 0.95):.2%} | {by} |"
    )


def stream(harm: Harm, number: int, requests: int, share: float, seed: int) -> Ended:
    """Watch one canary until it is rolled back or its time is over."""
    watch = Watch.start(_ALPHA, share, _PROMISES)
    totals, canary_requests, minute = [ArmCounts(), ArmCounts()], 0, 0
    for minute, look in enumerate(_looks(harm, np.random.default_rng((seed, number)), requests, share, number), 1):
        totals = [_add(total, arm) for total, arm in zip(totals, look.answers, strict=True)]
        canary_requests = totals[0].requests
        watch = watch.after_answers(totals[0], totals[1])
        for guardrail, (canary, champion) in look.diners.items():
            watch = watch.after_diners(guardrail, canary, champion)
        if (broken := watch.alarm()) is not None:
            return Ended(broken, canary_requests, minute / _DAY)
    return Ended(None, canary_requests, minute / _DAY)


@dataclass(frozen=True)
class _Look:
    answers: tuple[ArmCounts, ArmCounts]
    diners: dict[Guardrail, tuple[int, int]]


def _add(one: ArmCounts, other: ArmCounts) -> ArmCounts:
    return ArmCounts(one.requests + other.requests, one.errors + other.errors, one.slow + other.slow)


def _looks(harm: Harm, rng: np.random.Generator, requests: int, share: float, number: int) -> Iterator[_Look]:
    """What the guardrails see, minute by minute."""
    diners = max(1, round(requests * _DINERS_PER_REQUEST))
    weights = rng.gamma(0.8, size=diners)
    readiness = rng.lognormal(0.0, 0.5, diners)
    in_canary = np.asarray([in_share(f"version-{number}", f"d{diner}", share) for diner in range(diners)])
    acted = {name: np.zeros(diners, np.bool_) for name in (Guardrail.CLICKS, Guardrail.ORDERS)}
    for _ in range(harm.days):
        count = int(rng.poisson(requests))
        minutes = np.sort(_times(rng, count))
        who = rng.choice(diners, count, p=weights / weights.sum())
        canary = in_canary[who]
        stalls = rng.uniform(0, _DAY, _STALLS)
        stalled = ((minutes[:, None] >= stalls) & (minutes[:, None] < stalls + 1 / 6)).any(axis=1)

        def happens(chance: Any, factor: float, canary: npt.NDArray[np.bool_] = canary) -> npt.NDArray[np.bool_]:
            return np.asarray(rng.random(canary.size) < chance * np.where(canary, factor, 1.0))

        failed = happens(_ERRORS, harm.errors)
        slow = ~failed & (stalled | happens(_SLOW, harm.slow))
        hits = {
            Guardrail.CLICKS: ~failed & happens(_CLICKS * readiness[who], harm.clicks),
            Guardrail.ORDERS: ~failed & happens(_ORDERS * readiness[who], harm.orders),
        }
        new = {name: _first_times(acted[name], who, hit) for name, hit in hits.items()}
        ends = np.searchsorted(minutes, np.arange(1, _DAY + 1))
        columns = [np.ones(count, np.bool_), failed, slow, new[Guardrail.CLICKS], new[Guardrail.ORDERS]]
        sums = [[_per_look(column & arm, ends) for column in columns] for arm in (canary, ~canary)]
        for look in range(_DAY):
            yield _Look(
                (
                    ArmCounts(*(int(column[look]) for column in sums[0][:3])),
                    ArmCounts(*(int(column[look]) for column in sums[1][:3])),
                ),
                {
                    name: (int(sums[0][column][look]), int(sums[1][column][look]))
                    for column, name in ((3, Guardrail.CLICKS), (4, Guardrail.ORDERS))
                },
            )


def _times(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Minutes of the day: a quarter at lunch, half in the evening, the rest at any time."""
    kind = rng.random(count)
    peaks = np.where(kind < 0.25, rng.normal(12.5 * 60, 45, count), rng.normal(19.5 * 60, 75, count))
    return np.where(kind < 0.75, peaks, rng.uniform(0, _DAY, count)) % _DAY


def _first_times(
    acted: npt.NDArray[np.bool_], who: npt.NDArray[np.int64], hit: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """(requests,) whether this is the diner's first hit; those who have one are noted in `acted`."""
    where = np.flatnonzero(hit & ~acted[who])
    _, first = np.unique(who[where], return_index=True)
    new = np.zeros(who.size, np.bool_)
    new[where[first]] = True
    acted[who[where]] = True
    return new


def _per_look(column: npt.NDArray[np.bool_], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(looks,) how many came between one look and the next."""
    totals = np.concatenate([[0], np.cumsum(column)])[ends]
    return np.diff(totals, prepend=0)


if __name__ == "__main__":
    main()
