"""Which slices of the cases are worse than the others, found without anybody naming them.

A slice is a conjunction of one or two conditions on different features. Its figure is its mean loss less that of all
other cases; the standard error is of the difference of two ratios, linearised, over diners (clusters), so what one
diner does counts once. Thousands of slices are looked at, so the greatest difference is great by chance. Benjamini and
Yekutieli's procedure (2001) holds the expected share of false findings, however slices overlap. Or half of the diners
propose slices and the other half, who have not been looked at, decide (Cox 1975), with Holm's step-down over the few
proposed ones; what is told of a finding is then from the second half alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Any, Final, Self

import numpy as np
from scipy import stats

from data.statistics import holm
from models.slices.cases import Bools, Cases, Doubles, Feature, Rows

Key = tuple[tuple[int, int], ...]
"""A slice: (number of the feature, code of its value) of each condition."""

_CANDIDATES: Final = 100
"""Slices that are looked at for what is left of them without the others; the rest are worse ones of the same."""
_APART: Final = 2.0
"""Standard errors by which a slice must be worse than what it is part of, and worse without its worst part."""
_RIVALS: Final = 30
"""Of the worst slices, each is asked whether another one is so for its sake."""
_SHORT: Final = 2**15


class Correction(StrEnum):
    """For having looked at many slices."""

    HALVES = "halves"
    """One half of the diners proposes, the other decides; Holm over the proposed."""
    BY = "by"
    """Benjamini and Yekutieli over all slices, on all diners: whatever hangs together with what."""
    BH = "bh"
    """Benjamini and Hochberg over all slices, on all diners."""


@dataclass(frozen=True)
class Options:
    """How is searched."""

    least_cases: int = 100
    """Slices of fewer cases are not looked at, in any half."""
    least_diners: int = 30
    """Nor those of fewer diners: a standard error over fewer clusters is too small."""
    least: float = 0.0
    """How much worse than the rest a slice must be, in units of the loss, to be worth a word."""
    alpha: float = 0.05
    """Probability of any false finding (`halves`), or the expected share of them."""
    most: int = 10
    """Findings at most."""
    correction: Correction = Correction.BY
    seed: int = 0
    """Of the halves."""
    against_nothing: bool = False
    """A slice is held against a loss of 0 instead of the rest's: losses are differences, and 0 is no difference."""


@dataclass(frozen=True)
class SliceFinding:
    """A slice that is worse than the rest."""

    conditions: tuple[str, ...]
    n: int
    """Cases in it, of those that it was judged by."""
    value: float
    """Mean loss."""
    low: float
    """95 % interval of the mean loss, clustered by diner."""
    high: float
    rest: float
    """Mean loss of all cases outside."""
    p_adjusted: float

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**vars(self), "conditions": list(self.conditions)}

    def sentence(self, loss: str = "loss") -> str:
        """For people."""
        figures = f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
        where, about = " and ".join(self.conditions), f"n = {self.n:,}, p = {self.p_adjusted:.2g}"
        return f"{where}: {loss} {figures} where the rest has {self.rest:.3f} ({about})"


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
        keys = tuple(self.keys[at] for at in np.flatnonzero(mask).tolist())
        counts, means = (self.n[mask], self.diners[mask]), (self.value[mask], self.rest[mask])
        return type(self)(keys, *counts, *means, self.error[mask], self.own_error[mask])

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
    return _joined(parts)


def contrast(cases: Cases, inside: Bools, among: Bools | None = None) -> Table:
    """One slice as a mask, against the other cases, of all or of those in `among`; a table without rows for nothing."""
    among = np.ones(len(cases), np.bool_) if among is None else among
    part = Cases(cases.losses[among], cases.diners[among], (Feature.of_codes("", ("",), inside[among] - 1),))
    return measure(part)


def search(cases: Cases, options: Options | None = None) -> list[SliceFinding]:
    """Slices that are worse than the rest by more than chance and `least`, the worst first.

    A conjunction is named only where it is worse than what each of its conditions leaves without it, a condition only
    where it is worse without its worst conjunction too, and a slice only for what those before it do not hold.
    """
    options = options or Options()
    if options.correction is not Correction.HALVES:
        return _over_all(cases, options)
    diners, of_case = np.unique(cases.diners, return_inverse=True)
    proposing = np.random.default_rng(options.seed).permutation(len(diners)) * 2 < len(diners)
    first = proposing[of_case]
    return _decided(cases, ~first, _proposed(cases.where(first), options), options)


def benjamini(p: Doubles, any_dependence: bool) -> Doubles:
    """(k,) p-values adjusted for the false discovery rate; under any dependence with Yekutieli's factor."""
    if not len(p):
        return np.empty(0)
    return np.asarray(stats.false_discovery_control(p, method="by" if any_dependence else "bh"))


def slice_mask(cases: Cases, conditions: Sequence[str]) -> Bools:
    """(n,) the cases for which all conditions hold, as a finding names them; none for one that no feature has."""
    mask = np.ones(len(cases), np.bool_)
    for condition in conditions:
        owners = [feature for feature in cases.features if condition in feature.conditions]
        codes = [feature.conditions.index(condition) for feature in owners]
        holds = [feature.holds(code, len(cases)) for feature, code in zip(owners, codes, strict=True)]
        mask &= np.logical_or.reduce(holds) if holds else np.zeros(len(cases), np.bool_)
    return mask


# -- proposing and deciding


def _looked_at(cases: Cases, options: Options) -> Table:
    """Slices of enough cases and diners; more than half of the cases are rather the rest of the others."""
    table = _held(measure(cases), options)
    enough = (table.n >= options.least_cases) & (table.diners >= options.least_diners)
    return table.where(enough & (options.against_nothing | (table.n <= len(cases) / 2)))


def _held(table: Table, options: Options) -> Table:
    """The same slices, held against what the options say."""
    if not options.against_nothing:
        return table
    return replace(table, rest=np.zeros_like(table.rest), error=table.own_error)


def _proposed(cases: Cases, options: Options) -> list[Key]:
    """The worst slices, and the worst that are not so for another one's sake."""
    table = _looked_at(cases, options)
    keys = _in_order(table, table.certain(_APART) > options.least, options)
    return list(dict.fromkeys([*keys[: 2 * options.most], *_apart(cases, keys, options)]))


def _decided(cases: Cases, deciding: Bools, proposed: Sequence[Key], options: Options) -> list[SliceFinding]:
    """Those proposed slices that the deciding cases, which have not been looked at, find worse too."""
    others = cases.where(deciding)
    tables = [_held(contrast(others, _mask(others, key)), options) for key in proposed]
    enough = [len(one.n) and 2 * one.n[0] >= options.least_cases for one in tables]
    p = [one.p_values(options.least)[0] if fit else 1.0 for one, fit in zip(tables, enough, strict=True)]
    findings = {
        key: _finding(cases, key, table, float(adjusted))
        for key, table, adjusted in zip(proposed, tables, holm(np.asarray(p)), strict=True)
        if adjusted <= options.alpha
    }
    # What is left is true of each; which is for another one's sake is best told from all diners.
    whole = _joined([replace(_held(contrast(cases, _mask(cases, key)), options), keys=(key,)) for key in findings])
    order = _in_order(whole, np.ones(len(whole.n), np.bool_), options, len(proposed))
    return [findings[key] for key in _apart(cases, order, options)]


def _over_all(cases: Cases, options: Options) -> list[SliceFinding]:
    table = _looked_at(cases, options)
    adjusted = benjamini(table.p_values(options.least), options.correction is Correction.BY)
    p = dict(zip(table.keys, adjusted.tolist(), strict=True))
    order = _in_order(table, np.asarray(adjusted <= options.alpha), options)
    picked = _apart(cases, order, options)
    return [_finding(cases, key, _held(contrast(cases, _mask(cases, key)), options), p[key]) for key in picked]


def _in_order(table: Table, chosen: Bools, options: Options, looks: int = 0) -> list[Key]:
    """The chosen slices by a lower bound that holds for all at once; the first _CANDIDATES.

    So neither many cases alone nor a great difference alone puts a slice first.
    """
    bound = table.certain(float(stats.norm.isf(options.alpha / max(looks, len(table.n), 2))))
    order = np.argsort(-np.where(chosen, bound, -np.inf), kind="stable")[: min(int(chosen.sum()), _CANDIDATES)]
    return [table.keys[at] for at in order.tolist()]


def _apart(cases: Cases, keys: Sequence[Key], options: Options) -> list[Key]:
    """Those that stand out for their own sake, the first of them before the others."""
    picked: list[Key] = []
    left = np.ones(len(cases), np.bool_)
    for at, key in enumerate(keys):
        if len(picked) == options.most:
            break
        inside = _mask(cases, key)
        if not _stands_out(cases, inside, left, options):
            continue
        if len(key) == 1:
            # It may be bad for the sake of one part, which comes later for being smaller: then that is what is bad.
            part = next((other for other in keys[at + 1 :] if key[0] in other), None)
            if part is not None and not _stands_out(cases, inside & ~_mask(cases, part), left, options):
                continue
        elif not all(_worse_than_the_rest_of(cases, inside, left & _mask(cases, (one,))) for one in key):
            continue
        if _stands_for_another(cases, inside, left, keys[:_RIVALS], options):
            continue
        picked.append(key)
        left &= ~inside
    return picked


def _stands_for_another(cases: Cases, inside: Bools, left: Bools, others: Sequence[Key], options: Options) -> bool:
    """Is it mostly in another slice that is worse without it too, while it is not worse without that one?"""
    size = int(inside.sum())
    for other in others:
        theirs = _mask(cases, other)
        shared = int((inside & theirs).sum())
        if 2 * shared < size or shared in (size, int(theirs.sum())):
            continue
        alone = _stands_out(cases, inside & ~theirs, left & ~theirs, options)
        if not alone and _stands_out(cases, theirs & ~inside, left & ~inside, options):
            return True
    return False


def _stands_out(cases: Cases, inside: Bools, left: Bools, options: Options) -> bool:
    """Is it worse by what is left of it?"""
    found = _held(contrast(cases, inside, left), options)
    return bool(len(found.n)) and bool(found.certain(_APART)[0] > 0.0)


def _worse_than_the_rest_of(cases: Cases, inside: Bools, condition: Bools) -> bool:
    """Is it worse than the other cases of one of its conditions? It may also be all of them."""
    found = contrast(cases, inside, condition)
    return bool(found.certain(_APART)[0] > 0.0) if len(found.n) else bool((inside & condition).any())


def _finding(cases: Cases, key: Key, table: Table, p: float) -> SliceFinding:
    value, spread = float(table.value[0]), float(table.own_error[0])
    reach = float(stats.t.ppf(0.975, max(int(table.diners[0]) - 1, 1))) * spread
    conditions = tuple(cases.features[at].conditions[code] for at, code in key)
    return SliceFinding(conditions, int(table.n[0]), value, value - reach, value + reach, float(table.rest[0]), p)


def _mask(cases: Cases, key: Key) -> Bools:
    mask = np.ones(len(cases), np.bool_)
    for at, code in key:
        mask &= cases.features[at].holds(code, len(cases))
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


def _joined(parts: Sequence[Table]) -> Table:
    if not parts:
        return _NO_SLICES
    arrays = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("n", "diners", "value", "rest", "error", "own_error")
    ]
    return Table(tuple(key for part in parts for key in part.keys), *arrays)
