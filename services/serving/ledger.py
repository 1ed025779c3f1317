"""Which terms a list's ledger has: those of its policy.

Without a control of exposure nothing names one: such a list is to the byte what it was before there was any.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from services.ranking.rank import FAIRNESS, TERMS
from services.stakeholders.policy import Policy

_ALL: Final = np.arange(len(TERMS))
_WITHOUT: Final = np.delete(_ALL, FAIRNESS)
_NAMES_WITHOUT: Final = tuple(TERMS[row] for row in _WITHOUT)


def term_names(policy: Policy) -> tuple[str, ...]:
    """In the order of addition."""
    return TERMS if policy.fairness.is_on else _NAMES_WITHOUT


def term_rows(policy: Policy) -> npt.NDArray[np.int64]:
    """Their rows among `TERMS`."""
    return _ALL if policy.fairness.is_on else _WITHOUT
