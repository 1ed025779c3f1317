"""What a list counts for, compiled: `services.ranking.fairness.counted` of one request."""

from collections.abc import Mapping

import numpy as np

from models.fairness.control import Ledger
from services.ranking import _rank as compiled
from services.ranking.fairness import Doubles, Groups, Rows
from services.ranking.rank import PROBABILITY, Shortlists


def count_shown(
    groups: Groups, shortlists: Shortlists, shown: Rows, looks: Doubles, sold: Mapping[int, int], request: int = 0
) -> Ledger:
    """`counted` of one request's list, from its shortlist; `sold`: by the slots, from 0, that count for nothing.

    shown: (K,) rows of the catalogue. looks: theta of K slots, or more.
    """
    size = len(groups.names)
    exposure, merit = np.zeros(size), np.zeros(size)
    terms, batch, candidates = shortlists.terms.shape
    newcomers = compiled.count(
        (terms, batch, candidates, PROBABILITY, request, len(groups.codes), size, len(shown)),
        shortlists.terms,
        shortlists.rows,
        shortlists.passing,
        groups.codes,
        groups.newcomers,
        np.ascontiguousarray(shown),
        looks[: len(shown)],
        sold,
        exposure,
        merit,
    )
    return Ledger(groups=groups.names, exposure=exposure, merit=merit, newcomers=newcomers, lists=1.0)
