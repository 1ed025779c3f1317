"""Who gets what: the settlement of Kalai and Smorodinsky over finitely many policies, and others to compare it with.

A seat's *ideal* I is the best it could have, its *disagreement* d what it is left with when the others have their way;
its *gain* is z = (F - d) / (I - d), the share of what it could hope for. `values` are (n, s), more being better.

Kalai and Smorodinsky (1975) choose where all gains are equal. Among finitely many policies that is the leximin of the
gains: the smallest gain as large as can be, then the second smallest, and so on (Imai 1983). Nash (1950) maximises the
product of the gains.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.stakeholders.negotiation.pareto import Bools, Doubles, Rows, nondominated

DIGITS: Final = 12
"""To which gains are compared: what differs less is equal, for it is rounding."""
_LEAST_RANGE: Final = 1e-12

Order = Callable[[int], Any]
"""A key to sort rows by, the best first."""


@dataclass(frozen=True, eq=False)
class Bargain:
    """The question that seats have to settle."""

    front: Rows
    """Policies that meet the limits and are not dominated among those that do."""
    rational: Rows
    """Those of the front that leave nobody below the disagreement: the settlement is one of them."""
    disagreement: Doubles
    """(s,)"""
    ideal: Doubles
    """(s,)"""
    gains: Doubles
    """(n, s) of all policies."""
    best: tuple[tuple[int, ...], ...]
    """Per seat: the policies of the front that give it most."""


def bargain(values: Doubles, feasible: Bools, stated: Doubles) -> Bargain:
    """Who could hope for what, over the policies that are `feasible` (n,), of which there must be one.

    A seat's disagreement is `stated` (s,), or where that is NaN the worst it gets where another seat has its favourite.
    No feasible policy may be below a stated one. A seat's ideal is its best over the front.
    """
    rows = np.flatnonzero(feasible)
    if not len(rows):
        raise ValueError("no policy is feasible: there is nothing to bargain over")
    front = rows[nondominated(values[rows])]
    best = tuple(tuple(front[column == column.max()].tolist()) for column in values[front].T)
    disagreement = np.where(np.isnan(stated), _left_with(values, best), stated)
    ideal = values[front].max(axis=0)
    rational = front[(values[front] >= disagreement).all(axis=1)]
    return Bargain(front, rational, disagreement, ideal, gains_of(values, disagreement, ideal), best)


def gains_of(values: Doubles, disagreement: Doubles, ideal: Doubles) -> Doubles:
    """(n, s) shares of what each seat could hope for, rounded to `DIGITS`.

    Where the ideal is the disagreement the others cannot take anything from a seat: it has all there is, a gain of 1,
    and a policy that gives it less is outside the bargain and has no gain (NaN).
    """
    ranges = ideal - disagreement
    magnitude = np.maximum(np.abs(ideal), np.abs(disagreement))
    flat = ranges <= _LEAST_RANGE * magnitude
    shares = (values - disagreement) / np.where(flat, 1.0, ranges)
    at_least_as_good = values - ideal >= -_LEAST_RANGE * magnitude
    return np.asarray(np.round(np.where(flat, np.where(at_least_as_good, 1.0, np.nan), shares), DIGITS), np.float64)


def leximin(gains: Doubles, rows: Rows, weights: Doubles, names: Sequence[str]) -> int:
    """The row whose smallest gain is largest, then its second smallest, and so on.

    Where all gains are equal in size: the larger sum of `weights` (s,) times gains, then the first of the `names` (n,).
    """
    return _first(rows, by_leximin(gains, weights, names))


def nash(gains: Doubles, rows: Rows, weights: Doubles, names: Sequence[str]) -> int:
    """The row with the largest product of gains.

    Where every product is 0: most seats above 0, then the largest product of theirs. Ties as in `leximin`.
    """
    first = by_leximin(gains, weights, names)

    def order(row: int) -> Any:
        above = [gain for gain in gains[row].tolist() if gain > 0.0]
        product = round(math.fsum(map(math.log, above)), DIGITS - 2)
        return -len(above), -product, first(row)

    return _first(rows, order)


def least_regret(values: Doubles, bargained: Bargain, weights: Doubles, names: Sequence[str]) -> int:
    """The row of least greatest regret (Savage 1951): what a seat misses of its range over the whole front.

    Not the same as the smallest gain: the range goes down to the worst of the front, and does not hang on anyone's
    disagreement.
    """
    front = bargained.front
    worst = values[front].min(axis=0)
    missed = 1.0 - gains_of(values, worst, bargained.ideal)
    order = by_leximin(bargained.gains, weights, names)
    return _first(front, lambda row: (float(missed[row].max()), order(row)))


def favourites(bargained: Bargain, weights: Doubles, names: Sequence[str]) -> tuple[int, ...]:
    """Per seat the row that gives it most; among several the one that the others would take."""
    order = by_leximin(bargained.gains, weights, names)
    return tuple(min(rows, key=order) for rows in bargained.best)


def _left_with(values: Doubles, best: Sequence[Sequence[int]]) -> Doubles:
    """(s,) each seat's worst over the favourites of the others; its own best where it is alone."""
    worst = []
    for seat in range(len(best)):
        others = [row for other, rows in enumerate(best) if other != seat for row in rows]
        worst.append(values[others or list(best[seat]), seat].min())
    return np.asarray(worst)


def _first(rows: Rows, order: Order) -> int:
    found: list[int] = rows.tolist()
    return min(found, key=order)


def by_leximin(gains: Doubles, weights: Doubles, names: Sequence[str]) -> Order:
    """What `leximin` sorts rows by."""

    def order(row: int) -> Any:
        # NaN, no gain at all, is worse than any.
        of_row = np.nan_to_num(gains[row], nan=-np.inf)
        weighted = math.fsum((weights * np.maximum(of_row, -1e9)).tolist())
        return (-np.sort(of_row)).tolist(), -round(weighted, DIGITS), names[row]

    return order
