"""What all slices of some cases are measured by: their mean loss, that of the rest, and the error of the difference.

A slice is a conjunction of one or two conditions on different features. Its figure is its mean loss less that of all
other cases; the standard error is of the difference of two ratios, linearised, over diners (clusters), so what one
diner does counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Self

import numpy as np
from scipy import stats

from models.slices.cases import Bools, Cases, Doubles, Feature, Rows

Key = tuple[tuple[int, int], ...]
"""A slice: (number of the feature, code of its value) of each condition."""

_SHORT: Final = 2**15


@dataclass(frozen=True, eq=False)
class Table:
    """s slices with what was measured of each."""

    keys: tuple[Key, ...]
    n: Rows
    diners: Rows
    value: Doubles
    """Mean loss inside."""
    rest: Doubles
    error: Doubles
    """Standard error of value - rest, over diners."""
    own_error: Doubles
    """Standard error of value alone."""

    def p_values(self, least: float) -> Doubles:
        """(s,) one-sided, of the hypothesis that a slice is worse by `least` at most; Student's t over its diners."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(self.error > 0.0, (self.value - self.rest - least) / self.error, 0.0)
        return np.asarray(stats.t.sf(t, np.maximum(self.diners - 1, 1)))

    def where(self, mask: Bools) -> Self:
        """Some of them."""
        return self.part(np.flatnonzero(mask))

    def part(self, at: Rows) -> Self:
        """Some of them, in this order."""
        keys = tuple(self.keys[one] for one in at.tolist())
        counts, means = (self.n[at], self.diners[at]), (self.value[at], self.rest[at])
        return type(self)(keys, *counts, *means, self.error[at], self.own_error[at])

    def against_nothing(self) -> Self:
        """The same held against a loss of 0 instead of the rest's."""
        return replace(self, rest=np.zeros_like(self.rest), error=self.own_error)

    def certain(self, errors: float) -> Doubles:
        """(s,) by how much each is worse than the rest, less so many standard errors."""
        return self.value - self.rest - errors * self.error


_NONE: Final = np.empty(0)
_NO_SLICES: Final = Table((), _NONE.astype(np.int64), _NONE.astype(np.int64), _NONE, _NONE, _NONE, _NONE)


def measure(cases: Cases) -> Table:
    """All slices of one or two conditions that hold for some cases and not for all."""
    cases = cases.by_diner()
    sums, features = _Sums.of(cases), cases.features
    parts = [_measured(sums, (at,), feature.cases, feature.codes, 1) for at, feature in enumerate(features)]
    for a, b in combinations(range(len(features)), 2):
        rows, codes = _crossed(features[a], features[b], len(cases))
        parts.append(_measured(sums, (a, b), rows, codes, len(features[b].conditions)))
    return joined(parts)


def contrast(cases: Cases, inside: Bools, among: Bools | None = None) -> Table:
    """One slice as a mask, against the other cases, of all or of those in `among`; a table without rows for nothing."""
    outside = ~inside if among is None else among & ~inside
    inside = inside if among is None else among & inside
    (n, diners, value, inner), (rest_n, _, rest, outer) = (_means(cases, mask) for mask in (inside, outside))
    if not n or not rest_n:
        return _NO_SLICES
    correct = diners / max(diners - 1.0, 1.0)
    error, own_error = (np.sqrt([correct * (parts @ parts)]) for parts in (inner - outer, inner))
    counts = np.asarray([n]), np.asarray([diners])
    return Table((((0, 0),),), *counts, np.asarray([value]), np.asarray([rest]), error, own_error)


def _means(cases: Cases, mask: Bools) -> tuple[int, int, float, Doubles]:
    """Of some cases: how many, of how many diners, their mean loss, and each diner's part, (D,), in its error."""
    n, width = int(mask.sum()), int(cases.diners.max(initial=-1)) + 1
    if not n:
        return 0, 0, 0.0, np.zeros(width)
    losses, diners = cases.losses[mask], cases.diners[mask]
    value = float(losses.mean())
    parts = np.bincount(diners, losses - value, minlength=width) / n
    return n, int(np.count_nonzero(np.bincount(diners))), value, parts


def mask_of(cases: Cases, key: Key) -> Bools:
    """(n,) the cases in a slice."""
    mask = np.ones(len(cases), np.bool_)
    for at, code in key:
        mask &= cases.features[at].holds(code, len(cases))
    return mask


def slice_mask(cases: Cases, conditions: Sequence[str]) -> Bools:
    """(n,) the cases for which all conditions hold, as a finding names them; none for one that no feature has."""
    mask = np.ones(len(cases), np.bool_)
    for condition in conditions:
        owners = [feature for feature in cases.features if condition in feature.conditions]
        codes = [feature.conditions.index(condition) for feature in owners]
        holds = [feature.holds(code, len(cases)) for feature, code in zip(owners, codes, strict=True)]
        mask &= np.logical_or.reduce(holds) if holds else np.zeros(len(cases), np.bool_)
    return mask


# -- sums over diners


@dataclass(frozen=True, eq=False)
class _Sums:
    """What all slices of cases, sorted by diner, are measured against."""

    losses: Doubles
    """Less their mean."""
    diners: Rows
    """Numbered without a gap, rising."""
    mean: float
    of_diner: Doubles
    """(D,) sum of each diner's losses."""
    count: Doubles
    """(D,) cases of each."""

    @classmethod
    def of(cls, cases: Cases) -> Self:
        diners = np.unique(cases.diners, return_inverse=True)[1].astype(np.int64)
        mean = float(cases.losses.mean()) if len(cases) else 0.0
        losses = cases.losses - mean
        counts = np.bincount(diners).astype(np.float64)
        return cls(losses, diners, mean, np.bincount(diners, losses).astype(np.float64), counts)


def _measured(sums: _Sums, features: tuple[int, ...], rows: Rows, codes: Rows, width: int) -> Table:
    """The slices of one feature, or of two whose codes are `code of the first * width + code of the second`.

    With A and N a diner's sum of losses and number of cases in the slice, T and C those of all his or her cases, the
    diner's part in the error of value - rest is (A - value N) / n - ((T - A) - rest (C - N)) / (all - n): a form in A,
    N, T and C, whose squares are summed over the diners that the slice has, and in closed form over the others.
    """
    size, total = len(sums.losses), float(sums.of_diner.sum())
    if not len(rows):
        return _NO_SLICES
    # Rows come by diner, so a stable sort by code leaves each (slice, diner) in one run; short codes go by radix.
    order = np.argsort(codes.astype(np.int16) if int(codes.max()) < _SHORT else codes, kind="stable")
    rows, codes = rows[order], codes[order]
    owner = sums.diners[rows]
    starts = _starts(codes, owner)
    loss = np.add.reduceat(sums.losses[rows], starts)
    count = np.diff(starts, append=len(rows)).astype(np.float64)
    codes, diner = codes[starts], owner[starts]
    of_slice = _starts(codes)
    found = codes[of_slice]
    at = np.repeat(np.arange(len(found)), np.diff(of_slice, append=len(codes)))
    all_loss, all_count = sums.of_diner[diner], sums.count[diner]

    def summed(values: Doubles) -> Doubles:
        return np.asarray(np.add.reduceat(values, of_slice))

    n, diners = summed(count), np.diff(of_slice, append=len(codes))
    some = (n > 0) & (n < size)
    outside = np.maximum(size - n, 1.0)
    value, rest = summed(loss) / np.maximum(n, 1.0), (total - summed(loss)) / outside
    inner = (loss - value[at] * count) / n[at]
    outer = (all_loss - loss - rest[at] * (all_count - count)) / outside[at]
    own = summed(inner**2)
    # Diners without a case in the slice have A = N = 0: all of them less those with one.
    others = sums.of_diner @ sums.of_diner - 2.0 * rest * (sums.of_diner @ sums.count)
    others = others + rest**2 * (sums.count @ sums.count) - summed((all_loss - rest[at] * all_count) ** 2)
    both = summed((inner - outer) ** 2) + np.maximum(others, 0.0) / outside**2
    correct = diners / np.maximum(diners - 1.0, 1.0)
    pairs = [divmod(int(code), width) if len(features) > 1 else (int(code),) for code in found[some]]
    keys = tuple(tuple(zip(features, pair, strict=True)) for pair in pairs)
    return Table(
        keys,
        n[some].astype(np.int64),
        diners[some],
        value[some] + sums.mean,
        rest[some] + sums.mean,
        np.sqrt(both * correct)[some],
        np.sqrt(own * correct)[some],
    )


def _starts(*keys: Rows) -> Rows:
    """Where a run of equal keys begins; at least one row."""
    changes = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _crossed(one: Feature, other: Feature, n: int) -> tuple[Rows, Rows]:
    """Cases that have a value of both, with the two codes as one number; a case with several values has several."""
    counts = np.bincount(other.cases, minlength=n)
    starts = np.cumsum(counts) - counts
    times = counts[one.cases]
    first = np.repeat(np.arange(len(one.cases)), times)
    within = np.arange(len(first)) - np.repeat(np.cumsum(times) - times, times)
    rows = one.cases[first]
    return rows, one.codes[first] * len(other.conditions) + other.codes[starts[rows] + within]


def joined(parts: Sequence[Table]) -> Table:
    """One table of several."""
    if not parts:
        return _NO_SLICES
    arrays = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("n", "diners", "value", "rest", "error", "own_error")
    ]
    return Table(tuple(key for part in parts for key in part.keys), *arrays)
