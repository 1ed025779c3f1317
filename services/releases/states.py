"""The states of a model version in its market, and which move leads from which to which. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What a version is."""

    CHALLENGER = "challenger"
    """Registered, its gates passed; it waits."""
    REJECTED = "rejected"
    """Its gates failed, or somebody refused it: it never serves."""
    SHADOW = "shadow"
    """On trial: ranks a share of the live requests, and is not shown."""
    CANARY = "canary"
    """On trial: shown to a share of the diners."""
    CHAMPION = "champion"
    """Shown to everybody else; one a market, always."""
    RETIRED = "retired"
    """Was champion, and was succeeded."""
    ROLLED_BACK = "rolled-back"
    """Was shown, and was taken back for what it did."""


class Move(StrEnum):
    """What can be done with a version."""

    PROMOTE = "promote"
    CANARY = "canary"
    SHADOW = "shadow"
    ROLLBACK = "rollback"
    WITHDRAW = "withdraw"
    REJECT = "reject"


ON_TRIAL: Final = frozenset({State.SHADOW, State.CANARY})
USED: Final = ON_TRIAL | {State.CHAMPION}
"""States in which processes load the version."""
_WAITING: Final = frozenset({State.CHALLENGER, State.RETIRED, State.ROLLED_BACK})

ALLOWED: Final[Mapping[Move, frozenset[State]]] = {
    Move.PROMOTE: _WAITING | ON_TRIAL,
    Move.CANARY: _WAITING | ON_TRIAL,
    Move.SHADOW: _WAITING | ON_TRIAL,
    Move.ROLLBACK: frozenset({State.CHAMPION, State.RETIRED, State.ROLLED_BACK}),
    Move.WITHDRAW: ON_TRIAL,
    Move.REJECT: _WAITING | ON_TRIAL,
}
"""The states from which a move is possible. A rollback's version must have been champion as well."""

FROZEN_OUT: Final = frozenset({Move.PROMOTE, Move.CANARY, Move.SHADOW})
"""What a freeze refuses: whatever brings another model into the processes that serve."""

LOADED: Final = frozenset({Move.PROMOTE, Move.CANARY, Move.SHADOW, Move.ROLLBACK})
"""Moves after which the version is used, so that its artifact must be whole."""
