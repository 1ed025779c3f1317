"""Fairness in the ranking: what a policy's control lifts each restaurant by, and what a list counts for. Pure.

A lift is a term of the score, in order probability. It is the same for everybody who asks at that time, so that it
reorders what a diner may be shown and says nothing of the diner. Only places that were not sold count as exposure: paid
exposure never pays a fairness debt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from models.fairness.control import Ledger, fairco_errors, mmf_prices, quota_shortfall
from services.stakeholders.policy import Control, FairnessPolicy, GroupedBy

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

NEWCOMER_DAYS: Final = 28
"""So long after it opened a restaurant is a newcomer, as on the scorecard."""
_DAY: Final = 86_400.0
_UNKNOWN: Final = "unknown"
_CHAIN, _INDEPENDENT, _NEWCOMER = KINDS = ("chain", "independent", "newcomer")


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each restaurant of a catalogue is in, at one time."""

    names: tuple[str, ...]
    codes: Rows
    """(n,) indices of `names`."""
    newcomers: Bools
    """(n,) of them the newcomers, whatever group they are in."""


@dataclass(frozen=True, eq=False)
class Attributes:
    """What restaurants are grouped by, in a catalogue's order."""

    chains: Bools
    """(n,)"""
    districts: tuple[str, ...]
    price_levels: tuple[int | None, ...]
    cuisines: tuple[str, ...]
    """The first one of each; empty: it names none."""
    opened_at: Doubles
    """(n,) seconds since 1970; NaN: not known."""
    _coded: dict[GroupedBy, tuple[tuple[str, ...], Rows]] = field(default_factory=dict, init=False, repr=False)
    """Names and codes of the groups that no time changes, once they were asked for."""

    @classmethod
    def of(
        cls,
        chains: Sequence[str | None],
        districts: Sequence[str],
        price_levels: Sequence[int | None],
        cuisines: Sequence[Sequence[str]],
        opened_at: Sequence[float | None],
    ) -> Self:
        """All have n entries in the same order."""
        return cls(
            chains=np.asarray([chain is not None for chain in chains], np.bool_),
            districts=tuple(districts),
            price_levels=tuple(price_levels),
            cuisines=tuple(names[0] if names else "" for names in cuisines),
            opened_at=np.asarray([np.nan if at is None else at for at in opened_at], np.float64),
        )

    def groups(self, by: GroupedBy, at: float) -> Groups:
        """At a time, seconds since 1970: newcomers do not stay newcomers."""
        newcomers = self.opened_at > at - NEWCOMER_DAYS * _DAY
        if by is GroupedBy.KIND:
            kinds = np.where(newcomers, KINDS.index(_NEWCOMER), np.where(self.chains, 0, KINDS.index(_INDEPENDENT)))
            return Groups(KINDS, kinds.astype(np.int64), newcomers)
        if by not in self._coded:
            self._coded[by] = self._codes(by)
        return Groups(*self._coded[by], newcomers)

    def _codes(self, by: GroupedBy) -> tuple[tuple[str, ...], Rows]:
        labels = {
            GroupedBy.DISTRICT: self.districts,
            GroupedBy.PRICE: [str(level) if level else "" for level in self.price_levels],
            GroupedBy.CUISINE: self.cuisines,
        }[by]
        names, codes = np.unique(np.asarray([label or _UNKNOWN for label in labels], np.str_), return_inverse=True)
        return tuple(names.tolist()), codes.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Lifts:
    """What a control adds to the scores of a catalogue's restaurants."""

    values: Doubles
    """(n,) in order probability."""
    quality_floor: float
    group_owed: Bools | None = None
    """(n,) whether a restaurant's group was shown less than its merit calls for, so that the control lifts it."""
    quota_owed: Bools | None = None
    """(n,) whether it is a newcomer and newcomers are below their quota. Both may be; None: nobody is."""


def lifts(policy: FairnessPolicy, groups: Groups, ledger: Ledger) -> Lifts | None:
    """What a policy lifts restaurants by, after what is in the ledger; None where it has no control.

    The ledger is by group name: groups that it does not know are owed nothing yet. Of a group that no restaurant is in
    any more nothing is said. No lift is above the policy's `max_lift`, and none below minus that: whoever is likelier
    to be ordered from by more than the two bounds are apart stays above.
    """
    if not policy.is_on:
        return None
    place = {name: index for index, name in enumerate(ledger.groups)}
    # Groups that the ledger does not know are at -1: the 0 that is appended.
    known = np.asarray([place.get(name, -1) for name in groups.names], np.int64)
    exposure, merit = (np.append(had, 0.0)[known] for had in (ledger.exposure, ledger.merit))
    total = float(ledger.exposure.sum())
    missing = quota_shortfall(ledger.newcomers, total, policy.newcomer_quota)
    if policy.control is Control.FAIRCO:
        of_group = policy.gain * fairco_errors(exposure, merit, ledger.days)
        missing *= ledger.days
    else:
        of_group = -mmf_prices(exposure, merit, ledger.lists, policy.gain)
    values = of_group[groups.codes]
    if missing:
        values[groups.newcomers] += policy.gain * missing
    if policy.control is Control.FAIRCO and len(values):
        # What all are lifted by moves nobody, and must not use up the room below the bound: where newcomers have their
        # quota, and so more than their estimated merit, all others are owed looks as against them.
        values -= values.min()
    return Lifts(
        values=np.clip(values, -policy.max_lift, policy.max_lift),
        quality_floor=policy.quality_floor,
        group_owed=(of_group > 0.0)[groups.codes],
        quota_owed=groups.newcomers & (missing > 0.0),
    )


def counted(
    groups: Groups, candidates: Rows, probabilities: Doubles, shown: Rows, looks: Doubles, lists: float = 1.0
) -> Ledger:
    """What one or more lists count for.

    candidates, probabilities: rows of all that could have been shown and their order probabilities, before any lift.
    shown, looks: rows of the places that were not sold, and theta of each.
    """
    size = len(groups.names)
    merit: Doubles = np.bincount(groups.codes[candidates], np.maximum(probabilities, 0.0), size).astype(np.float64)
    exposure: Doubles = np.bincount(groups.codes[shown], looks, size).astype(np.float64)
    return Ledger(
        groups=groups.names,
        exposure=exposure,
        merit=merit,
        newcomers=float(looks[groups.newcomers[shown]].sum()),
        lists=lists,
    )
