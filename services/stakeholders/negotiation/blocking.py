"""When nothing fits: who blocks whom, and the least that has to give.

A limit's *margin* at a policy is how far the policy's confidence bound is on the right side of it: below 0 the limit is
broken. A seat's limits stand or fall together: the question is who blocks whom, not which line of whose list.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from services.stakeholders.negotiation.pareto import Bools, Doubles


def blocking(met: Mapping[str, Bools]) -> tuple[str, ...]:
    """An irreducible set of seats whose limits no policy meets: without any one of them some policy does.

    `met` (n,) per seat says which policies meet all of its limits. By the deletion filter (Chinneck and Dravnieks 1991)
    in the order of names, whatever order they come in. Empty where some policy meets all.
    """
    if _possible(met, met):
        return ()
    left = sorted(met)
    for seat in sorted(met):
        without = [other for other in left if other != seat]
        if not _possible(met, without):
            left = without
    return tuple(left)


def least_relaxation(slacks: Doubles, allowed: Bools, names: Sequence[str]) -> int | None:
    """The policy that asks the least of whoever gives most (goal programming, Chebyshev form).

    `slacks` (n, l) >= 0 are how far each limit is missed, in shares of its seat's range; the greatest is made as small
    as can be, then the second greatest, and so on; ties go to the first of the `names` (n,). None where no policy is
    `allowed` (n,).
    """
    rows = np.flatnonzero(allowed & np.isfinite(slacks).all(axis=1)).tolist()
    if not rows:
        return None
    return min(rows, key=lambda row: ((-np.sort(-slacks[row])).tolist(), names[row]))


def _possible(met: Mapping[str, Bools], seats: Sequence[str] | Mapping[str, Bools]) -> bool:
    if not seats:
        return True
    return bool(np.logical_and.reduce([met[seat] for seat in seats]).any())
