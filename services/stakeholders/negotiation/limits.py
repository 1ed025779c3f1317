"""Limits: what a seat never trades, and what it demands; how far each policy is on the right side of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from services.stakeholders.negotiation import words
from services.stakeholders.negotiation.demand import Bound, Demand, DemandError
from services.stakeholders.negotiation.front import Outcomes
from services.stakeholders.negotiation.pareto import Bools, Doubles
from services.stakeholders.seats import Direction, Seat, measures

CONFIDENCE: Final = 0.95
"""One-sided, of the bound that a limit is held against."""


@dataclass(frozen=True, eq=False)
class Line:
    """A limit, and how far each policy is on the right side of it."""

    seat: str
    bound: Bound
    kind: Literal["limit", "disagreement"]
    hard: bool
    """From the registry: what a seat never trades."""
    reached: Doubles
    """(n,) the value that each policy is sure to reach."""

    @property
    def margins(self) -> Doubles:
        """(n,) below 0 where it is broken."""
        return self.reached - self.bound.value if self.bound.at_least is not None else self.bound.value - self.reached

    @property
    def met(self) -> Bools:
        """(n,); what has nothing to measure does not meet a limit on it."""
        return np.asarray(self.margins >= 0.0)


def lines_of(
    outcomes: Outcomes,
    seats: Sequence[Seat],
    demands: Mapping[str, Demand],
    notes: list[str],
    currency: str | None,
) -> Iterator[Line]:
    """All limits, those of the registry first; what cannot be checked of those goes to the notes."""
    for seat in seats:
        for limit in seat.limits:
            bound = Bound(measure=limit.key, at_least=limit.at_least, at_most=limit.at_most)
            if limit.key in outcomes.column:
                yield Line(seat.name, bound, "limit", True, _reached(outcomes, bound))
            else:
                notes.append(f"not checked: {_asks(seat, bound, currency)}, and the front has not measured that")
    for seat in seats:
        demand = demands.get(seat.name)
        for bound in demand.limits if demand is not None else ():
            if bound.measure not in outcomes.column:
                raise DemandError(
                    f"{seat.name}: the front has not measured {bound.measure}; "
                    f"it has {', '.join(sorted(outcomes.column))}"
                )
            yield Line(seat.name, bound, "limit", False, _reached(outcomes, bound))
        if demand is not None and demand.disagreement is not None:
            key, side = seat.number.key, "at_least" if seat.number.direction is Direction.UP else "at_most"
            if key not in outcomes.column:
                raise DemandError(f"{seat.name}: the front has not measured {key}, to which the disagreement refers")
            bound = Bound(**{"measure": key, side: demand.disagreement})
            yield Line(seat.name, bound, "disagreement", False, outcomes.means[:, outcomes.column[key]])


def asked(seat: Seat, line: Line, currency: str | None) -> str:
    """Who insists on what, in words."""
    if line.kind == "disagreement":
        measure = seat.number
        worse = "less" if measure.direction is Direction.UP else "more"
        least = words.amount(measure, line.bound.value, currency)
        return f"{seat.title} takes no {worse} than {least} {measure.title}"
    return _asks(seat, line.bound, currency)


def _asks(seat: Seat, bound: Bound, currency: str | None) -> str:
    """A limit in words."""
    return words.asks(seat, measures()[bound.measure], bound.words, bound.value, currency)


def _reached(outcomes: Outcomes, bound: Bound) -> Doubles:
    means, reach = outcomes.means[:, outcomes.column[bound.measure]], outcomes.reach(bound.measure, CONFIDENCE)
    return np.asarray(means - reach if bound.at_least is not None else means + reach)
