"""The blend without the rule that only restaurants below the list are sold: a restaurant appears once, paid or not.

Whoever becomes an ad leaves its organic place, and those below move up. For a given set of ads the rest is the sum of
`services.ads.placement`. Contenders are the eligible restaurants of the list, and of those below it the `cap` that are
worth most: of two of these the better one is always taken, and none comes in unpaid, since as many ads come in as
places are left.

The best set is found by branch and bound. With G_j(a) the most that a as the j-th ad could add if it had not to leave
the organic list, nor to keep a gap but what the first slots of the j-th ads imply, and D(r) the least that the unpaid
entries lose where rank r leaves them,

    W(A) <= C_|A|(K) + sum_j [ G_j(a_j) - D(r(a_j)) ]
    D(r) = sum_(t = r .. K - 1 - cap) theta_(t + cap) (u_t - u_(t+1))

and only sets whose bound is above the W of the most promising one are searched, all of them at once.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Final, Self

import numpy as np

from services.ads.blend import AdRules, Bids, Doubles, Layout, Rows, ad_values, best_of, blend, checked, layout_of
from services.ads.placement import Placement

MOST_SETS: Final = 4_096
"""Sets of ads that are looked at: all there are of 29 contenders with a cap of 3, of 18 with a cap of 4."""
MOST_ADS: Final = 10


def blend_no_repeat(values: Doubles, bids: Bids, weights: Doubles, rules: AdRules) -> Layout:
    """The best layout over all sets of eligible campaigns; takes and gives what `services.ads.blend.blend` does.

    Never worth less than that one's. Exact up to `MOST_SETS` sets; where there are more, those restaurants of the list
    stay unpaid that would bring the least money a look. Raises ValueError for what `blend` does not take, and where
    more than `MOST_ADS` ads fit under the cap.
    """
    organic, theta = checked(values, weights)
    k = len(theta)
    firsts = range(rules.first_slot - 1, k, rules.gap)[: rules.cap]
    if len(firsts) > MOST_ADS:
        raise ValueError(f"rules: more than {MOST_ADS} ads are too many to try all sets of")
    worth = ad_values(values, bids, rules)
    contenders = _contenders(values, worth, bids.rows, k, len(firsts)) if firsts else np.empty(0, np.int64)
    if not np.any(bids.rows[contenders] < k):
        return blend(values, bids, weights, rules)
    contest = _Contest.of(np.asarray(organic), np.asarray(theta), firsts, bids.rows[contenders], worth[contenders])
    chosen, placement = contest.best()
    campaigns = contenders[chosen].tolist()
    taken = set(bids.rows[campaigns].tolist())
    unpaid = [row for row in range(k) if row not in taken][: k - len(campaigns)]
    layout = layout_of(placement, bids, campaigns, unpaid)
    return replace(layout, organic_welfare=contest.unpaid.organic_welfare, placement=None)


def _contenders(values: Doubles, worth: Doubles, rows: Rows, k: int, most: int) -> Rows:
    """The campaigns that may be in the best set, those that are worth most first."""
    inside = np.flatnonzero((rows < k) & (worth > -np.inf))
    # Below the list, one worth no more than the last entry never comes in.
    below, _ = best_of(np.where((rows < k) | (worth <= values[k - 1]), -np.inf, worth), most)
    room = _most_contenders(most) - len(below)
    if len(inside) > room:
        surplus = worth[inside] - values[rows[inside]]
        inside = inside[np.argsort(-surplus, kind="stable")[:room]]
    found = np.concatenate((inside, np.asarray(below, np.int64)))
    return found[np.argsort(-worth[found], kind="stable")]


@dataclass(frozen=True, eq=False)
class _Sets:
    """Sets of contenders, the smaller ones first."""

    members: Rows
    """(most, sets) rising in each set; n where it has no more."""
    sizes: Rows
    """(sets,)"""

    def take(self, chosen: Rows) -> "_Sets":
        """Some of them; rising."""
        sizes = self.sizes[chosen]
        return _Sets(self.members[: sizes[-1], chosen], sizes)


@lru_cache(maxsize=64)
def _all_sets(count: int, most: int) -> _Sets:
    found = [chosen for size in range(1, most + 1) for chosen in combinations(range(count), size)]
    members = np.full((len(found), most), count)
    for row, chosen in zip(members, found, strict=True):
        row[: len(chosen)] = chosen
    return _Sets(np.ascontiguousarray(members.T), np.asarray([len(chosen) for chosen in found]))


@lru_cache
def _most_contenders(most: int) -> int:
    """How many contenders have no more than `MOST_SETS` sets; never fewer than `most` and one."""
    count = most + 1
    while sum(comb(count + 1, size) for size in range(1, most + 1)) <= MOST_SETS:
        count += 1
    return count


@dataclass(frozen=True, eq=False)
class _Contest:
    """n contenders for the ad slots of a list of K."""

    organic: Doubles
    """(K,)"""
    theta: Doubles
    """(K,)"""
    firsts: range
    """The first slot of the first ad, of the second, ... as many as fit under the cap."""
    ranks: Rows
    """(n + 1,) organic ranks from 0; K below the list, and for the one who is not there."""
    worth: Doubles
    """(n + 1,) as ads, falling; -inf for the one who is not there."""
    unpaid: Placement
    """The list without ads."""

    @classmethod
    def of(cls, organic: Doubles, theta: Doubles, firsts: range, ranks: Rows, worth: Doubles) -> Self:
        """For n contenders' ranks and worth."""
        k = len(theta)
        unpaid = Placement(organic.tolist(), theta.tolist(), firsts.start, firsts.step, len(firsts), [])
        return cls(organic, theta, firsts, np.append(np.minimum(ranks, k), k), np.append(worth, -np.inf), unpaid)

    def best(self) -> tuple[Rows, Placement]:
        """The best set, rising, and where it goes; of equals the one that was found first."""
        sets = _all_sets(len(self.worth) - 1, len(self.firsts))
        bounds = self._bounds(sets)
        best = np.empty(0, np.int64), self.unpaid
        best = self._better(best, sets, int(np.argmax(bounds)))
        left = np.flatnonzero(bounds > best[1].by_ads[len(best[0])])
        if len(left):
            sets = sets.take(left)
            best = self._better(best, sets, int(np.argmax(self._welfare(sets))))
        return best

    def _better(self, best: tuple[Rows, Placement], sets: _Sets, index: int) -> tuple[Rows, Placement]:
        """The best so far, or one of the sets where that is better."""
        size = int(sets.sizes[index])
        chosen = sets.members[:size, index]
        taken = set(self.ranks[chosen].tolist())
        rest = [value for rank, value in enumerate(self.organic.tolist()) if rank not in taken]
        # Where all ads are of the list, no entry comes in for the last of them; none is worth less than this.
        rest += [float(self.organic[-1])] * (len(self.theta) - len(rest))
        firsts, queue = self.firsts, self.worth[chosen].tolist()
        placement = Placement(rest, self.theta.tolist(), firsts.start, firsts.step, size, queue)
        if len(placement.by_ads) > size and placement.by_ads[size] > best[1].by_ads[len(best[0])]:
            return chosen, placement
        return best

    def _bounds(self, sets: _Sets) -> Doubles:
        """(sets,) what W is at most."""
        most, k = len(self.firsts), len(self.theta)
        tails, gains = [self.unpaid.organic_welfare], []
        for place, first in enumerate(self.firsts):
            fixed, tail = self.unpaid.fixed_terms(place)
            tails.append(tail)
            gains.append((np.asarray(fixed)[:, None] + self.theta[first:, None] * self.worth).max(axis=0))
        lost = np.zeros(k + 1)
        steps = self.theta[most:] * (self.organic[: k - most] - self.organic[1 : k - most + 1])
        lost[: k - most] = np.cumsum(steps[::-1])[::-1]
        added = np.asarray(gains) - lost[self.ranks]
        added[:, -1] = 0.0
        bounds = np.asarray(tails)[sets.sizes]
        for members, row in zip(sets.members, added, strict=True):
            bounds += row[members]
        return bounds

    def _welfare(self, sets: _Sets) -> Doubles:
        """(sets,) W where all ads of a set are shown: the sums of `Placement`, slots x sets at a time."""
        k, most = len(self.theta), len(sets.members)
        starts = np.searchsorted(sets.sizes, np.arange(1, most + 2))
        rest, worth = self._rest(sets.members), self.worth[sets.members]
        before, reached, found = self._sums(0, rest), None, []
        for ads, first in enumerate(self.firsts[:most], start=1):
            # Sets with fewer ads are done, and stand in front.
            done = starts[ads - 1] - (starts[ads - 2] if ads > 1 else 0)
            rest, before = rest[:, done:], before[:, done:]
            after = self._sums(ads, rest)
            skipped = first - ads + 1
            sums = before[skipped:-1] - after[skipped:] + self.theta[first:, None] * worth[ads - 1, starts[ads - 1] :]
            if reached is not None:
                sums += np.maximum.accumulate(reached[: k - first, done:], axis=0)
            size = starts[ads] - starts[ads - 1]
            found.append(sums[:, :size].max(axis=0, initial=-np.inf) + after[-1, :size])
            before, reached = after, sums
        return np.concatenate(found)

    def _rest(self, members: Rows) -> Doubles:
        """(K, sets) the unpaid entries' values without the members; 0 beyond the last."""
        k, most = len(self.theta), len(members)
        slots = np.arange(k)[:, None]
        shift = np.zeros((k, members.shape[1]), np.int64)
        # Ascending, the i-th rank that is taken out moves up whatever stood below it, which those before moved by i.
        for index, rank in enumerate(np.sort(self.ranks[members], axis=0)):
            shift += slots >= rank - index
        return np.asarray(np.append(self.organic, np.zeros(most))[slots + shift])

    def _sums(self, ads: int, rest: Doubles) -> Doubles:
        """(K - j + 1, sets) C_j from slot j on."""
        sums = np.zeros((len(self.theta) - ads + 1, rest.shape[1]))
        np.cumsum(self.theta[ads:, None] * rest[: len(self.theta) - ads], axis=0, out=sums[1:])
        return sums
