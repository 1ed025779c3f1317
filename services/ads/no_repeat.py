"""The blend without the rule that only restaurants below the list are sold: a restaurant appears once, paid or not.

Whoever becomes an ad leaves its organic place, and those below move up. For a given set of ads the rest is the blend's
own sum, so all sets are tried, as many sizes at once as the cap allows: at most `cap` of the eligible restaurants of
the list, and of those below it the `cap` that are worth most, since of two of these the better one is always taken. (A
restaurant below the list never comes in unpaid: as many ads come in as places are left.)
"""

from itertools import combinations

import numpy as np

from services.ads.blend import AdRules, Bids, Doubles, Layout, Rows, ad_values, best_of, check_orders, woven


def blend_no_repeat(values: Doubles, bids: Bids, weights: Doubles, rules: AdRules) -> Layout:
    """The best layout over all sets of eligible campaigns; takes and gives what `services.ads.blend.blend` does.

    Raises ValueError where values do not fall or weights rise within the list.
    """
    k = min(len(weights), len(values))
    theta, organic = weights[:k], values[:k]
    check_orders(organic.tolist(), theta.tolist())
    worth = ad_values(values, bids, rules)
    queue = _contenders(worth, bids.rows, k, rules.cap)
    best = organic_welfare = float(theta @ organic)
    slots: list[int] = []
    campaigns = np.empty(0, np.int64)
    for size in range(1, min(rules.cap, len(queue)) + 1):
        if rules.first_slot - 1 + (size - 1) * rules.gap >= k:
            break
        sets = queue[_subsets(len(queue), size)]
        reached, totals = _search(organic, worth[sets], bids.rows[sets], theta, rules)
        chosen = int(np.argmax(totals))
        if totals[chosen] > best:
            best, campaigns = float(totals[chosen]), sets[chosen]
            slots = _trace([each[chosen] for each in reached], rules)
    taken = set(bids.rows[campaigns].tolist())
    rest = [row for row in range(k) if row not in taken][: k - len(slots)]
    rows = woven(rest, slots, bids.rows[campaigns].tolist())
    return Layout(rows, np.asarray(slots, np.int64), campaigns, best, organic_welfare)


def _contenders(worth: Doubles, rows: Rows, k: int, cap: int) -> Rows:
    """The campaigns that may be in the best set, those that are worth most first."""
    inside = rows < k
    below, _ = best_of(np.where(inside, -np.inf, worth), cap)
    found = np.concatenate([np.flatnonzero(inside & (worth > -np.inf)), np.asarray(below, np.int64)])
    return found[np.argsort(-worth[found], kind="stable")]


def _subsets(count: int, size: int) -> Rows:
    """(sets, size) rising indices."""
    return np.asarray(list(combinations(range(count), size)), np.int64)


def _search(
    organic: Doubles, worth: Doubles, rows: Rows, theta: Doubles, rules: AdRules
) -> tuple[list[Doubles], Doubles]:
    """For sets of j ads, worth and rows (sets, j), worth falling: as `blend.Search`, every ad of the set shown."""
    sets, size = worth.shape
    k = len(theta)
    rest = _without(organic, rows, k)
    before = np.concatenate([np.zeros((sets, 1)), np.cumsum(theta * rest, axis=1)], axis=1)
    reached: list[Doubles] = []
    for ads in range(1, size + 1):
        after = np.zeros((sets, k + 1))
        np.cumsum(theta[ads:] * rest[:, : k - ads], axis=1, out=after[:, ads + 1 :])
        first = rules.first_slot - 1 + (ads - 1) * rules.gap
        best = before[:, first:k] - after[:, first + 1 :] + theta[first:] * worth[:, ads - 1, None]
        if reached:
            best += np.maximum.accumulate(reached[-1], axis=1)[:, : k - first]
        reached.append(best)
        before = after
    return reached, reached[-1].max(axis=1) + before[:, k]


def _without(organic: Doubles, rows: Rows, k: int) -> Doubles:
    """(sets, k) the organic values that are left when each set's rows are taken out; 0 beyond the last."""
    ranks = np.arange(k)
    shift = np.zeros((len(rows), k), np.int64)
    # Ascending, the i-th row that is taken out moves up whatever stood below it, which the ones before moved up by i.
    for index, row in enumerate(np.sort(rows, axis=1).T):
        shift += ranks >= (row - index)[:, None]
    return np.asarray(np.append(organic, np.zeros(k))[ranks + shift])


def _trace(reached: list[Doubles], rules: AdRules) -> list[int]:
    """The slots of the best layout of one set, rising."""
    slots: list[int] = []
    end: int | None = None
    for ads in range(len(reached), 0, -1):
        at = int(np.argmax(reached[ads - 1][:end]))
        # The ad before it stands at least a gap higher: as far down its own range as this one is down this range.
        end = at + 1
        slots.append(rules.first_slot - 1 + (ads - 1) * rules.gap + at)
    return slots[::-1]
