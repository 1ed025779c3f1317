"""The negotiation as a whole: settlement, exchange rates, and what to say where there is no settlement."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from services.stakeholders.negotiation import bargaining, blocking, exchange, steps, words
from services.stakeholders.negotiation.bargaining import Bargain
from services.stakeholders.negotiation.demand import Demand
from services.stakeholders.negotiation.front import Front, Measured
from services.stakeholders.negotiation.limits import Line, asked
from services.stakeholders.negotiation.pareto import Bools, Doubles, doubtful, hypervolume, nondominated, thinned
from services.stakeholders.negotiation.result import (
    Basis,
    ChangedLimit,
    Choice,
    ExchangeRate,
    Infeasible,
    Relaxation,
    Result,
    ShortSight,
    Slope,
)
from services.stakeholders.negotiation.table import Table
from services.stakeholders.seats import SEATS, Seat

MOST_SHOWN: Final = 12
"""Policies of a front that people look at."""
_Z: Final = 1.96
"""Standard errors that tell two policies apart."""


def negotiate(
    front: Front, demands: Mapping[str, Demand], seats: Sequence[Seat] = SEATS, currency: str | None = None
) -> Result:
    """Settle over a front.

    The long run decides where one of its policies meets the demands; else the short run does, of which there are more
    policies, and the notes say so. Where neither meets them the long run tells who blocks whom. Money is told in whole
    units of `currency`. Raises DemandError where a demand is about what the front has not measured.
    """
    wide = Table.of(front.wide, demands, seats, currency)
    long = None if front.long is None else Table.of(front.long, demands, seats, currency)
    table = long if long is not None and (long.feasible().any() or not wide.feasible().any()) else wide
    notes = [*front.notes, *table.notes]
    if long is not None and table is wide:
        notes.append(
            f"none of the {len(long.values)} policies that were followed for {long.days} days meets the demands there: "
            f"this is about {wide.days} days"
        )
    if not table.feasible().any():
        return _blocked(front, table, seats, notes)
    bargained = table.bargain()
    settled = table.settle(bargained)
    nash = bargaining.nash(bargained.gains, bargained.rational, table.weights, table.outcomes.names)
    calmest = bargaining.least_regret(table.values, bargained, table.weights, table.outcomes.names)
    favourites = bargaining.favourites(bargained, table.weights, table.outcomes.names)
    shown = thinned(bargained.gains, bargained.front, [settled, nash, calmest, *favourites], MOST_SHOWN)
    settlement = _choice(table, bargained, settled)
    rates = tuple(_rates(wide, wide.feasible(), settlement.policy.name))
    said = [words.shares(settlement.shares, table.seats)]
    if nash != settled:
        said.append(f"The largest product of shares (Nash) is another policy, {table.outcomes.names[nash]}.")
    return Result(
        settlement=settlement,
        nash=_choice(table, bargained, nash),
        least_regret=_choice(table, bargained, calmest),
        front=tuple(_choice(table, bargained, row) for row in _by_first_seat(table, shown)),
        exchange_rates=rates,
        infeasible=None,
        short_sight=None if table is wide else _short_sight(wide, settlement.policy.name),
        **_common(front, table, bargained, favourites, table.feasible(), notes),
        words=(*said, *(one.words for one in rates)),
        steps=tuple(steps.of_settlement(table, bargained, settled, nash, seats, wide)),
    )


def relaxed(demands: Mapping[str, Demand], relaxation: Relaxation) -> dict[str, Demand]:
    """The demands with what the relaxation changes."""
    found = dict(demands)
    for changed in relaxation.limits:
        demand = found[changed.seat]
        if changed.kind == "disagreement":
            found[changed.seat] = demand.model_copy(update={"disagreement": changed.takes})
            continue
        limits = tuple(
            bound.at(changed.takes) if (bound.measure, bound.words) == (changed.measure, changed.side) else bound
            for bound in demand.limits
        )
        found[changed.seat] = demand.model_copy(update={"limits": limits})
    return found


def _common(
    front: Front,
    table: Table,
    bargained: Bargain,
    favourites: Sequence[int],
    feasible: Bools,
    notes: Sequence[str],
) -> dict[str, Any]:
    """What a result has with and without a settlement."""
    rows, names = np.flatnonzero(feasible), table.outcomes.names
    kept = nondominated(table.values[rows])
    chance = rows[doubtful(table.values[rows], table.errors[rows], kept, _Z)]
    active = names.index(front.active) if front.active in names else None
    return {
        "favourites": {
            seat.name: _choice(table, bargained, row) for seat, row in zip(table.seats, favourites, strict=True)
        },
        "active": None if active is None else _choice(table, bargained, active),
        "ideal": _by_seat(table, bargained.ideal * table.signs),
        "disagreement": _by_seat(table, bargained.disagreement * table.signs),
        "hypervolume": hypervolume(bargained.gains[bargained.rational]),
        "doubtful": tuple(names[row] for row in chance),
        "basis": Basis(
            days=table.days, policies=len(names), feasible=int(table.feasible().sum()), undominated=int(kept.sum())
        ),
        "notes": (*notes, *_noise(table, bargained)),
    }


def _blocked(front: Front, table: Table, seats: Sequence[Seat], notes: Sequence[str]) -> Result:
    """Nothing fits: whose limits block each other, and the least that has to give."""
    bargained = table.undemanded
    met: dict[str, Bools] = {}
    for line in table.lines:
        met[line.seat] = met.get(line.seat, np.ones(len(table.values), np.bool_)) & line.met
    names = blocking.blocking(met)
    soft = [line for line in table.lines if not line.hard]
    allowed, slacks = table.feasible(hard=True), _slacks(table, bargained, soft)
    least = blocking.least_relaxation(slacks, allowed, table.outcomes.names)
    relaxation = None if least is None else _relaxation(table, soft, slacks, least)
    alternatives = []
    for name in names if relaxation is not None else ():
        own = np.asarray([line.seat == name for line in soft], np.bool_)
        others = np.logical_and.reduce([allowed, *(line.met for line in soft if line.seat != name)])
        alone = blocking.least_relaxation(np.where(own, slacks, 0.0), others, table.outcomes.names)
        if alone is not None:
            alternatives.append(_relaxation(table, soft, slacks, alone))
    by_name = {seat.name: seat for seat in seats}
    demanded = [
        asked(by_name[line.seat], line, table.currency) for name in names for line in table.lines if line.seat == name
    ]
    blockers = [by_name[name] for name in names]
    said = tuple(words.infeasible(demanded, blockers, relaxation, alternatives, by_name, table.currency))
    favourites = bargaining.favourites(bargained, table.weights, table.outcomes.names)
    shown = thinned(bargained.gains, bargained.front, favourites, MOST_SHOWN)
    everything = allowed if allowed.any() else np.ones_like(allowed)
    rates = tuple(_rates(table, everything, None if relaxation is None else relaxation.policy))
    why = Infeasible(blocking=names, relaxation=relaxation, alternatives=tuple(alternatives), words=said)
    return Result(
        settlement=None,
        nash=None,
        least_regret=None,
        front=tuple(_choice(table, bargained, row) for row in _by_first_seat(table, shown)),
        exchange_rates=rates,
        infeasible=why,
        short_sight=None,
        **_common(front, table, bargained, favourites, everything, notes),
        words=said,
        steps=tuple(steps.of_blocked(table, why, seats)),
    )


def _relaxation(table: Table, lines: Sequence[Line], slacks: Doubles, row: int) -> Relaxation:
    changed = (
        ChangedLimit(
            seat=line.seat,
            kind=line.kind,
            measure=line.bound.measure,
            side="at least" if line.bound.at_least is not None else "at most",
            asked=line.bound.value,
            takes=float(line.reached[row]),
            slack=float(slacks[row, column]),
        )
        for column, line in enumerate(lines)
        if not line.met[row]
    )
    return Relaxation(policy=table.outcomes.names[row], limits=tuple(changed))


def _choice(table: Table, bargained: Bargain, row: int) -> Choice:
    evaluated, shares = table.outcomes.policies[row], _shares(table, bargained, row)
    known = [share for share in shares.values() if share is not None]
    return Choice(
        policy=evaluated.policy,
        model=evaluated.model,
        shares=shares,
        least_share=min(known) if len(known) == len(shares) else None,
        open_shares=_shares(table, table.undemanded, row),
        outcomes={key: found.measured() for key, found in evaluated.outcomes.items()},
    )


def _shares(table: Table, bargained: Bargain, row: int) -> dict[str, float | None]:
    gains = zip(table.seats, bargained.gains[row].tolist(), strict=True)
    return {seat.name: None if math.isnan(gain) else gain for seat, gain in gains}


def _short_sight(wide: Table, settlement: str) -> ShortSight | None:
    if not wide.feasible().any():
        return None
    bargained = wide.bargain()
    choice = _choice(wide, bargained, wide.settle(bargained))
    name = choice.policy.name
    return ShortSight(days=wide.days, policy=name, shares=choice.shares, same=name == settlement)


def _rates(table: Table, feasible: Bools, at: str | None) -> Iterator[ExchangeRate]:
    """Of each two seats that conflict, over the feasible policies; at a policy, or in the middle of each curve."""
    rows, names = np.flatnonzero(feasible), table.outcomes.names
    here = names.index(at) if at in names else None
    for first, seat in enumerate(table.seats):
        for second in range(first + 1, len(table.seats)):
            pair, errors = (array[:, [first, second]] for array in (table.values, table.errors))
            curve = exchange.segments(pair[rows], errors[rows], _Z)
            if not curve:
                continue
            other, step = table.seats[second], _step(float(np.ptp(pair[rows, 0])))
            near = curve[len(curve) // 2] if here is None else exchange.at(curve, pair[rows], pair[here, 0])
            yield ExchangeRate(
                seat=seat.name,
                costs=other.name,
                measure=seat.number.key,
                costs_measure=other.number.key,
                step=step,
                cost=_scaled(near, step),
                curve=tuple(
                    Slope(start=names[rows[one.start]], end=names[rows[one.end]], cost=_scaled(one, step))
                    for one in curve
                ),
                days=table.days,
                words=words.rate(seat.number, other.number, step, near.rate * step, table.currency),
            )


def _scaled(segment: exchange.Segment, step: float) -> Measured:
    return Measured(value=segment.rate * step, low=segment.low * step, high=segment.high * step)


def _step(spread: float) -> float:
    """A power of ten that goes into the range some five to fifty times."""
    return float(10.0 ** math.floor(math.log10(spread / 5.0)))


def _noise(table: Table, bargained: Bargain) -> Iterator[str]:
    """Seats whose whole range is within chance: what share they have of it says little."""
    error = np.sqrt(2.0) * np.median(table.errors, axis=0)
    for seat, spread, noise in zip(table.seats, bargained.ideal - bargained.disagreement, error, strict=True):
        if spread == 0.0:
            yield f"{seat.title} has the same {seat.number.title} whoever gets their way: a share of 1"
        elif spread < _Z * noise:
            yield f"{seat.title}'s range of {seat.number.title} is within chance: its share of it says little"


def _by_first_seat(table: Table, rows: Sequence[int]) -> list[int]:
    return sorted(rows, key=lambda row: (table.values[row].tolist(), table.outcomes.names[row]))


def _by_seat(table: Table, numbers: Doubles) -> dict[str, float]:
    return {seat.name: float(number) for seat, number in zip(table.seats, numbers, strict=True)}


def _slacks(table: Table, bargained: Bargain, lines: Sequence[Line]) -> Doubles:
    """(n, l) how far each limit is missed, in shares of the range of its measure; infinite where there is no number."""
    ranges = dict(zip((seat.number.key for seat in table.seats), bargained.ideal - bargained.disagreement, strict=True))
    found = np.zeros((len(table.values), len(lines)))
    for column, line in enumerate(lines):
        means = table.outcomes.means[:, table.outcomes.column[line.bound.measure]]
        scale = ranges.get(line.bound.measure, 0.0) or float(np.nanmax(means) - np.nanmin(means))
        missed = np.maximum(-np.nan_to_num(line.margins, nan=-np.inf), 0.0)
        found[:, column] = missed / (scale or max(abs(line.bound.value), 1.0))
    return found
