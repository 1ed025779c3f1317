"""What one seat's gain costs another: slopes between neighbours on the front of the two."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.stakeholders.negotiation.pareto import Doubles, nondominated

_CONFIDENCE_Z: Final = 1.959963984540054


@dataclass(frozen=True)
class Segment:
    """From one policy to its neighbour that gives the first seat more and the second less."""

    start: int
    end: int
    rate: float
    """Of the second seat's number, for one more of the first's; above 0."""
    error: float
    """Its standard error to first order, the policies' own errors taken as independent."""

    @property
    def low(self) -> float:
        """Of the 95 % interval."""
        return self.rate - _CONFIDENCE_Z * self.error

    @property
    def high(self) -> float:
        """Of the 95 % interval."""
        return self.rate + _CONFIDENCE_Z * self.error


def segments(pair: Doubles, errors: Doubles, z: float) -> list[Segment]:
    """The exchange curve of two seats; empty where they do not conflict.

    `pair` (n, 2) and their standard `errors` (n, 2), more being better for both. The curve is over the policies that
    are best for the two alone. Neighbours that differ in the first number by less than `z` standard errors are taken
    as one: a slope over them would be noise.
    """
    curve = np.flatnonzero(nondominated(pair))
    curve = curve[np.lexsort((-pair[curve, 1], pair[curve, 0]))]
    found: list[Segment] = []
    start = None
    for row in curve.tolist():
        if start is None:
            start = row
            continue
        more, noise = pair[row, 0] - pair[start, 0], np.hypot(errors[row, 0], errors[start, 0])
        if more <= 0.0 or more < z * noise:
            continue
        rate = (pair[start, 1] - pair[row, 1]) / more
        error = np.hypot(np.hypot(errors[row, 1], errors[start, 1]), rate * noise) / more
        found.append(Segment(start, row, float(rate), float(error)))
        start = row
    return found


def at(curve: list[Segment], pair: Doubles, number: float) -> Segment:
    """The segment in which a value of the first number lies, the nearest one where it lies outside."""
    inside = [one for one in curve if pair[one.start, 0] <= number <= pair[one.end, 0]]
    if inside:
        return inside[0]
    return min(curve, key=lambda one: min(abs(pair[one.start, 0] - number), abs(pair[one.end, 0] - number)))
