"""What is on the table: a stage of a front, and what the seats want of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from services.stakeholders.negotiation import bargaining
from services.stakeholders.negotiation.bargaining import Bargain
from services.stakeholders.negotiation.demand import Demand, DemandError
from services.stakeholders.negotiation.front import Estimate, Outcomes, Stage
from services.stakeholders.negotiation.limits import Line, lines_of
from services.stakeholders.negotiation.pareto import Bools, Doubles
from services.stakeholders.seats import Direction, Seat, signing

_FEWEST_PARTS: Final = 2


@dataclass(frozen=True, eq=False)
class Table:
    """A stage, with what the seats want of it."""

    days: int
    outcomes: Outcomes
    seats: tuple[Seat, ...]
    """Who bargains: the signing seats of which there is a number."""
    values: Doubles
    """(n, s) more being better."""
    errors: Doubles
    """(n, s)"""
    stated: Doubles
    """(s,) disagreements that seats state, NaN where they do not."""
    signs: Doubles
    """(s,) by which the seats' numbers are turned so that more is better."""
    weights: Doubles
    """(s,)"""
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    currency: str | None
    """In whose minor units money is counted; None where nobody has said."""

    @classmethod
    def of(
        cls, stage: Stage, demands: Mapping[str, Demand], seats: Sequence[Seat], currency: str | None = None
    ) -> Self:
        """Raises DemandError where a demand is about what nobody has measured."""
        measured = {key for one in stage.policies for key, found in one.outcomes.items() if found.mean is not None}
        at_table = tuple(seat for seat in signing(seats) if seat.number.key in measured)
        notes = [
            f"{seat.title} does not bargain: nobody has measured {seat.number.title}"
            for seat in signing(seats)
            if seat not in at_table
        ]
        if not at_table:
            raise DemandError("the front has no number of any seat: evaluate one again")
        whole = [one for one in stage.policies if all(_known(one.outcomes, seat) for seat in at_table)]
        if len(whole) < len(stage.policies):
            notes.append(f"{len(stage.policies) - len(whole)} policies lack a number of some seat and are left out")
        if not whole:
            raise DemandError("no policy of the front has a number for every seat: evaluate one again")
        outcomes = Outcomes.of(whole)
        if outcomes.counts.min() < _FEWEST_PARTS:
            notes.append("some numbers have no error: limits are held against their means")
        signs = np.asarray([_sign(seat) for seat in at_table])
        columns = [outcomes.column[seat.number.key] for seat in at_table]
        wanted = [demands.get(seat.name, Demand()) for seat in at_table]
        stated = np.asarray([np.nan if one.disagreement is None else one.disagreement for one in wanted])
        lines = list(lines_of(outcomes, seats, demands, notes, currency))
        return cls(
            stage.days,
            outcomes,
            at_table,
            outcomes.means[:, columns] * signs,
            outcomes.errors[:, columns],
            stated * signs,
            signs,
            np.asarray([one.weight for one in wanted]),
            tuple(lines),
            tuple(notes),
            currency,
        )

    def feasible(self, hard: bool = False) -> Bools:
        """(n,) policies that meet all limits, or only those that are never traded."""
        lines = [line.met for line in self.lines if line.hard or not hard]
        return np.asarray(np.logical_and.reduce([np.ones(len(self.values), np.bool_), *lines]), np.bool_)

    def bargain(self) -> Bargain:
        """Over the feasible policies, which there must be."""
        return bargaining.bargain(self.values, self.feasible(), self.stated)

    @cached_property
    def undemanded(self) -> Bargain:
        """What it would be about if nobody demanded anything; where no policy keeps the hard limits, without them."""
        allowed = self.feasible(hard=True)
        everything = allowed if allowed.any() else np.ones_like(allowed)
        return bargaining.bargain(self.values, everything, np.full(len(self.seats), np.nan))

    def settle(self, bargained: Bargain) -> int:
        """The row of the settlement."""
        return bargaining.leximin(bargained.gains, bargained.rational, self.weights, self.outcomes.names)


def _sign(seat: Seat) -> float:
    return 1.0 if seat.number.direction is Direction.UP else -1.0


def _known(outcomes: Mapping[str, Estimate], seat: Seat) -> bool:
    return seat.number.key in outcomes and outcomes[seat.number.key].mean is not None
