"""Which of the slices that are worse stand for themselves, and which are other names of the same cases.

A bad slice comes with dozens of others that overlap it: parts of it that look worse still by chance, what it is a part
of, and descriptions of nearly the same cases (that cuisine's chain in the district). Where the cases of one slice T are
worse by the same amount and all others are not, the z of a slice S (its difference over the standard error) is about

    z(S) = z(T) cos(S, T),    cos(S, T) = |S and T| / sqrt(|S| |T|)

as for any matched filter: it falls with each bad case that S lacks and with each harmless one that it holds. So among
descriptions of the same cases the one of the greatest z is the likeliest. The z of two of them differ by chance with a
standard error of about sqrt(2 - 2 cos): what is nearer to the greatest than that allows is named beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Final, Self

import numpy as np

from models.slices.cases import Bools, Cases, Doubles
from models.slices.contrasts import Key, Table, contrast, mask_of

APART: Final = 2.0
"""Standard errors by which a slice must be worse than what it is part of, and worse without its worst part."""
_SHARED: Final = 0.5
"""Of the smaller of two slices: fewer common cases are no reason to take them for the same."""
_ALIKE: Final = 0.5
"""Common cases of those of either (Jaccard) that two names of the same have at least."""


@dataclass(frozen=True)
class Named:
    """A slice that stands for itself."""

    key: Key
    same_as: tuple[Key, ...] = ()
    """Other descriptions that the cases do not tell apart from it, the likeliest first."""


def apart(cases: Cases, keys: Sequence[Key], most: int, errors: float, against_nothing: bool) -> list[Named]:
    """Those of some slices that stand out for their own sake, at most `most`, the first of them before the others.

    errors: standard errors that hold for all slices at once which these were chosen from. What a slice holds that was
    named before does not count for it, so the same is not found twice.
    """
    crowd, picked = _Crowd.of(cases, keys, errors, against_nothing), list[Named]()
    left = np.ones(len(cases), np.bool_)
    for at in range(len(keys)):
        if len(picked) == most:
            break
        found = crowd.likeliest(at, left)
        if found is not None:
            picked.append(Named(keys[found], tuple(keys[one] for one in crowd.alike(found, left))))
            left &= ~crowd.inside[found]
    return picked


@dataclass(frozen=True, eq=False)
class _Crowd:
    """k slices that overlap one another."""

    cases: Cases
    keys: tuple[Key, ...]
    inside: Bools
    """(k, n) the cases of each."""
    errors: float
    against_nothing: bool

    @classmethod
    def of(cls, cases: Cases, keys: Sequence[Key], errors: float, against_nothing: bool) -> Self:
        inside = np.asarray([mask_of(cases, key) for key in keys], np.bool_).reshape(len(keys), len(cases))
        return cls(cases, tuple(keys), inside, errors, against_nothing)

    @cached_property
    def sizes(self) -> Doubles:
        """(k,) cases."""
        return np.asarray(self.inside.sum(axis=1), np.float64)

    def likeliest(self, at: int, left: Bools) -> int | None:
        """The slice that describes best what is bad about this one, by what is left; None: nothing stands for itself.

        That is the one of the greatest z among those that overlap it, but none than whose other cases it is certainly
        worse: it was looked for among many, so it is worse than the rest of its kind by chance alone.
        """
        z = self._z(self.inside[at], left)
        if z <= APART:
            return None
        rivals = [(z, at), *((self._z(self.inside[other], left), other) for other in self._near(at))]
        ranked = [rival for of_rival, rival in sorted(rivals, reverse=True) if of_rival >= z]
        better = (one for one in ranked if one == at or not self._worse_still(at, one, left))
        found = next((one for one in better if self._for_its_own_sake(one, left)), None)
        return None if found is None else self._best_name(found, left)

    def _best_name(self, at: int, left: Bools) -> int:
        """Of the names of the very same cases: nothing in the data prefers one, so what is easiest to act on does.

        That is the one of fewer conditions, then without bins of numbers; then one that no other is more general than
        (a cuisine rather than its chain); then that of the narrowest conditions, which leave the fewest other cases.
        """
        same = np.flatnonzero(~(self.inside ^ self.inside[at]).any(axis=1)).tolist()
        simplest = min(self._plainness(other) for other in same)
        names = [
            other for other in same if self._plainness(other) == simplest and self._for_its_own_sake(other, left)
        ] or [at]
        general = [one for one in names if not any(self._is_within(one, other) for other in names)]
        return min(general or names, key=lambda one: (sum(self._sizes_of(one)), one))

    def _plainness(self, at: int) -> tuple[int, int]:
        key = self.keys[at]
        return len(key), sum(self.cases.features[feature].is_binned for feature, _ in key)

    def _conditions(self, at: int) -> list[Bools]:
        return [mask_of(self.cases, (one,)) for one in self.keys[at]]

    def _sizes_of(self, at: int) -> list[int]:
        return [int(mask.sum()) for mask in self._conditions(at)]

    def _is_within(self, one: int, other: int) -> bool:
        """Does each condition hold for some of the cases only for which the other's holds, in some order?"""
        if one == other:
            return False
        own, theirs = self._conditions(one), self._conditions(other)
        pairs = permutations(theirs, len(own))
        within = any(all(not (a & ~b).any() for a, b in zip(own, pair, strict=True)) for pair in pairs)
        return within and sum(self._sizes_of(one)) < sum(self._sizes_of(other))

    def alike(self, at: int, left: Bools) -> list[int]:
        """Other names of the same: those whose z is no further below its own than chance makes it."""
        shared = self._shared(at)
        cosine = shared / np.sqrt(self.sizes * self.sizes[at])
        jaccard = shared / (self.sizes + self.sizes[at] - shared)
        z, found = self._z(self.inside[at], left), list[tuple[float, int]]()
        for other in np.flatnonzero(jaccard >= _ALIKE).tolist():
            short = z - self._z(self.inside[other], left)
            if other != at and short <= APART * np.sqrt(2.0 - 2.0 * cosine[other]):
                found.append((short, other))
        return [other for _, other in sorted(found)]

    def _shared(self, at: int) -> Doubles:
        return np.asarray(self.inside[:, self.inside[at]].sum(axis=1), np.float64)

    def _near(self, at: int) -> Iterator[int]:
        enough = self._shared(at) >= _SHARED * np.minimum(self.sizes, self.sizes[at])
        return (other for other in np.flatnonzero(enough).tolist() if other != at)

    def _z(self, inside: Bools, left: Bools) -> float:
        """How far it stands out by what is left of it; 0 where nothing is."""
        found = self._held(contrast(self.cases, inside, left))
        return (
            float((found.value[0] - found.rest[0]) / found.error[0]) if len(found.n) and found.error[0] > 0.0 else 0.0
        )

    def _held(self, table: Table) -> Table:
        return table.against_nothing() if self.against_nothing else table

    def _worse_still(self, at: int, other: int, left: Bools) -> bool:
        """Is it certainly worse than what the other one has beside it?"""
        one, beside = self.inside[at] & left, self.inside[other] & ~self.inside[at] & left
        found = contrast(self.cases, one, one | beside)
        return bool(len(found.n)) and bool(found.certain(self.errors)[0] > 0.0)

    def _for_its_own_sake(self, at: int, left: Bools) -> bool:
        """A conjunction is worse than what each of its conditions leaves, a condition also without its worst part."""
        key, inside = self.keys[at], self.inside[at]
        if len(key) > 1:
            conditions = (left & mask_of(self.cases, (one,)) for one in key)
            return all(self._worse_than_the_rest_of(inside, condition) for condition in conditions)
        parts = (other for other in range(at + 1, len(self.keys)) if key[0] in self.keys[other])
        part = next((other for other in parts if self.sizes[other] < self.sizes[at]), None)
        return part is None or self._z(inside & ~self.inside[part], left) > APART

    def _worse_than_the_rest_of(self, inside: Bools, condition: Bools) -> bool:
        """It may also be all of them."""
        found = contrast(self.cases, inside, condition)
        return bool(found.certain(APART)[0] > 0.0) if len(found.n) else bool((inside & condition).any())
