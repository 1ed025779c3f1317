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
from typing import Any, Final

import numpy as np
from scipy import stats

from data.statistics import holm
from models.slices.apart import APART, Named, apart
from models.slices.cases import Bools, Cases, Doubles
from models.slices.contrasts import Key, Table, contrast, joined, mask_of, measure

_CANDIDATES: Final = 100
"""Slices that are looked at for what is left of them without the others; the rest are worse ones of the same."""


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
    same_as: tuple[tuple[str, ...], ...] = ()
    """Other descriptions of nearly the same cases that the data do not tell apart from it, the likeliest first."""

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        same_as = [list(one) for one in self.same_as]
        return {**vars(self), "conditions": list(self.conditions), "same_as": same_as}

    def sentence(self, loss: str = "loss") -> str:
        """For people."""
        figures = f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
        where, about = " and ".join(self.conditions), f"n = {self.n:,}, p = {self.p_adjusted:.2g}"
        also = "; ".join(" and ".join(one) for one in self.same_as)
        same = f"; nearly the same: {also}" if also else ""
        return f"{where}: {loss} {figures} where the rest has {self.rest:.3f} ({about}{same})"


def search(cases: Cases, options: Options | None = None) -> list[SliceFinding]:
    """Slices that are worse than the rest by more than chance and `least`, the worst first.

    A conjunction is named only where it is worse than what each of its conditions leaves without it, a condition only
    where it is worse without its worst conjunction too, and a slice only for what those before it do not hold. Of
    several descriptions of nearly the same cases the likeliest one is named, and the others beside it (`apart`).
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


# -- proposing and deciding


def _looked_at(cases: Cases, options: Options) -> Table:
    """Slices of enough cases and diners; more than half of the cases are rather the rest of the others."""
    table = _held(measure(cases), options)
    enough = (table.n >= options.least_cases) & (table.diners >= options.least_diners)
    return table.where(enough & (options.against_nothing | (table.n <= len(cases) / 2)))


def _held(table: Table, options: Options) -> Table:
    """The same slices, held against what the options say."""
    return table.against_nothing() if options.against_nothing else table


def _proposed(cases: Cases, options: Options) -> list[Key]:
    """The worst slices, and the worst that are not so for another one's sake, with what else these may be called."""
    table = _looked_at(cases, options)
    keys, named = _named(cases, table, table.certain(APART) > options.least, options, len(table.n))
    return list(dict.fromkeys([*keys[: 2 * options.most], *(one.key for one in named)]))


def _decided(cases: Cases, deciding: Bools, proposed: Sequence[Key], options: Options) -> list[SliceFinding]:
    """Those proposed slices that the deciding cases, which have not been looked at, find worse too."""
    others = cases.where(deciding)
    tables = [_held(contrast(others, mask_of(others, key)), options) for key in proposed]
    enough = [len(one.n) and 2 * one.n[0] >= options.least_cases for one in tables]
    p = [one.p_values(options.least)[0] if fit else 1.0 for one, fit in zip(tables, enough, strict=True)]
    judged = {
        key: (table, float(adjusted))
        for key, table, adjusted in zip(proposed, tables, holm(np.asarray(p)), strict=True)
        if adjusted <= options.alpha
    }
    # What is left is true of each; which is for another one's sake is best told from all diners.
    whole = joined([replace(_held(contrast(cases, mask_of(cases, key)), options), keys=(key,)) for key in judged])
    _, named = _named(cases, whole, np.ones(len(whole.n), np.bool_), options, len(proposed))
    return [_finding(cases, one, *judged[one.key]) for one in named]


def _over_all(cases: Cases, options: Options) -> list[SliceFinding]:
    table = _looked_at(cases, options)
    adjusted = benjamini(table.p_values(options.least), options.correction is Correction.BY)
    p = dict(zip(table.keys, adjusted.tolist(), strict=True))
    _, named = _named(cases, table, np.asarray(adjusted <= options.alpha), options, len(table.n))
    own = [_held(contrast(cases, mask_of(cases, one.key)), options) for one in named]
    return [_finding(cases, one, table, p[one.key]) for one, table in zip(named, own, strict=True)]


def _named(cases: Cases, table: Table, chosen: Bools, options: Options, looks: int) -> tuple[list[Key], list[Named]]:
    """The chosen of some slices by a lower bound that holds for all at once; and those that stand for themselves.

    So neither many cases alone nor a great difference alone puts a slice first. looks: among how many they were found.
    """
    errors = float(stats.norm.isf(options.alpha / max(looks, 2)))
    order = np.argsort(-np.where(chosen, table.certain(errors), -np.inf), kind="stable")
    keys = table.part(order[: min(int(chosen.sum()), _CANDIDATES)]).keys
    return list(keys), apart(cases, keys, options.most, errors, options.against_nothing)


def _finding(cases: Cases, named: Named, table: Table, p: float) -> SliceFinding:
    value, spread = float(table.value[0]), float(table.own_error[0])
    reach = float(stats.t.ppf(0.975, max(int(table.diners[0]) - 1, 1))) * spread
    ends, rest = (value - reach, value + reach), float(table.rest[0])
    same_as = tuple(_words(cases, key) for key in named.same_as)
    return SliceFinding(_words(cases, named.key), int(table.n[0]), value, *ends, rest, p, same_as)


def _words(cases: Cases, key: Key) -> tuple[str, ...]:
    return tuple(cases.features[at].conditions[code] for at, code in key)
