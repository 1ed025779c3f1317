"""The policy that made the log: Plackett-Luce over every open restaurant in reach, with known propensities.

It scores by popularity, proximity and the diner's own last restaurants; it does not know tastes. A list is drawn
without replacement with weights exp(score / temperature), which is the same distribution as the top K of
score / temperature + Gumbel noise (Yellott 1977), so that at each position, given the positions above,

    P(i | above) = weight_i / (sum of all weights - weights of those above).

Drawing position by position from what is left needs no number for a restaurant that is not drawn: a request costs
K look-ups on a line of cumulative weights, which all requests of the same cell and hour share.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class Slates(NamedTuple):
    """Lists drawn for R requests, K places each."""

    restaurants: npt.NDArray[np.int32]
    """(R, K) rows; -1 where fewer than K restaurants were open in reach."""
    propensities: Floats
    """(R, K) P(this restaurant at this position | the positions above); nan where there is none."""
    sold: npt.NDArray[np.bool_] | None = None
    """(R, K) places that are paid for; None: nothing is."""
    latency_ms: Floats | None = None
    """(R,) what the diners wait for their lists; None: nothing."""

    def take(self, requests: npt.NDArray[np.bool_]) -> Self:
        """The lists of some requests."""
        sold = None if self.sold is None else self.sold[requests]
        latency = None if self.latency_ms is None else self.latency_ms[requests]
        return type(self)(self.restaurants[requests], self.propensities[requests], sold, latency)


def scores(
    popularity: Floats, log_minutes: Floats, popularity_weight: float, proximity_weight: float, floor: float
) -> Floats:
    """(cells, n) the policy's score, from (n,) decayed order counts and (cells, n) log travel times."""
    share = popularity / max(float(popularity.mean()), 1e-12)
    return np.asarray(popularity_weight * np.log(floor + share) - proximity_weight * log_minutes)


def plackett_luce_weights(score: Floats, temperature: float) -> Floats:
    """exp(score / temperature), scaled so that each row's greatest is 1."""
    return np.asarray(np.exp((score - score.max(axis=-1, keepdims=True)) / temperature))


def conditional_propensities(weights: Floats, slates: npt.NDArray[np.integer]) -> Floats:
    """(R, K) P(item at position | positions above) in closed form, from (R, n) weights and (R, K) items drawn."""
    drawn = np.take_along_axis(weights, slates, axis=1)
    above = np.cumsum(drawn, axis=1) - drawn
    return np.asarray(drawn / (weights.sum(axis=1, keepdims=True) - above))


@dataclass(frozen=True)
class Lines:
    """Weights of all restaurants for each cell, laid end to end: cell c is the stretch [c, c + 1) of one long line."""

    edges: Floats
    """(cells · n + 1,) restaurant i of cell c has the stretch edges[c n + i] .. edges[c n + i + 1]; width 0: closed."""
    n: int
    available: Indices
    """(cells,) restaurants that can be shown."""

    @classmethod
    def lay(cls, weights: Floats) -> Self:
        """From (cells, n) weights >= 0."""
        cells, n = weights.shape
        sums = np.cumsum(weights, axis=1)
        edges = np.empty(cells * n + 1)
        edges[0] = 0.0
        total = np.where(sums[:, -1:] > 0, sums[:, -1:], 1.0)
        edges[1:] = (sums / total + np.arange(cells)[:, None]).ravel()
        edges[n::n] = np.arange(1, cells + 1)
        widths = np.diff(edges).reshape(cells, n)
        return cls(edges, n, np.where(sums[:, -1] > 0, np.count_nonzero(widths, axis=1), 0))

    def width(self, cells: npt.NDArray[np.integer], restaurants: npt.NDArray[np.integer]) -> Floats:
        """Probability of each restaurant in its cell; arguments broadcast."""
        at = cells * np.int64(self.n) + restaurants
        return np.asarray(self.edges[at + 1] - self.edges[at])

    def at(self, positions: Floats) -> Indices:
        """The restaurants at positions on the line."""
        return np.asarray((np.searchsorted(self.edges, positions, side="right") - 1) % self.n)

    def start(self, cells: npt.NDArray[np.integer], restaurants: npt.NDArray[np.integer]) -> Floats:
        """Where each restaurant's stretch begins."""
        return np.asarray(self.edges[cells * np.int64(self.n) + restaurants])


def draw_slates(
    lines: Lines, cells: npt.NDArray[np.integer], known: npt.NDArray[np.integer], boost: float, uniforms: Floats
) -> Slates:
    """Draw a list for each request.

    cells: (R,) cell of each request. known: (R, H) the diner's last restaurants, -1 for none, without repeats: their
    weights are multiplied by `boost`. uniforms: (R, K) in (0, 1), one a place.
    """
    rows, length, memory = np.arange(len(cells)), uniforms.shape[1], known.shape[1]
    chosen = np.empty(uniforms.shape, np.int32)
    propensities = np.empty(uniforms.shape)
    # Known restaurants leave the line and stand apart with weights of their own. `gone` are the stretches of the line
    # that cannot be drawn any more: theirs, and those of the restaurants drawn.
    places = np.maximum(known, 0)
    width = np.where(known >= 0, lines.width(cells[:, None], places), 0.0)
    apart, line = boost * width, 1.0 - width.sum(axis=1)
    gone_starts = np.full((len(rows), memory + length), np.inf)
    gone_widths = np.zeros((len(rows), memory + length))
    gone_starts[:, :memory], gone_widths[:, :memory] = lines.start(cells[:, None], places), width
    for position in range(length):
        total = np.maximum(line + apart.sum(axis=1), np.finfo(np.float64).tiny)
        drawn = uniforms[:, position] * total
        on_line = drawn < line
        spot = _skip(np.where(on_line, drawn, 0.0) + cells, gone_starts, gone_widths)
        from_line = lines.at(np.minimum(spot, np.nextafter(cells + 1.0, 0.0)))
        slot = np.minimum(((drawn - line)[:, None] >= np.cumsum(apart, axis=1)).sum(axis=1), memory - 1)
        weight = np.where(on_line, lines.width(cells, from_line), apart[rows, slot])
        chosen[:, position] = np.where(on_line, from_line, known[rows, slot])
        propensities[:, position] = weight / total
        line -= np.where(on_line, weight, 0.0)
        apart[rows, slot] = np.where(on_line, apart[rows, slot], 0.0)
        gone_starts[:, memory + position] = np.where(on_line, lines.start(cells, from_line), np.inf)
        gone_widths[:, memory + position] = np.where(on_line, weight, 0.0)
    empty = np.arange(length) >= lines.available[cells][:, None]
    chosen[empty], propensities[empty] = -1, np.nan
    return Slates(chosen, propensities)


def _skip(positions: Floats, starts: Floats, widths: Floats) -> Floats:
    """Positions among what is left, as positions on the whole line: move each past the (R, G) stretches before it.

    The least fixed point, from below: moving past one stretch may uncover another; each round settles at least one.
    """
    moved = positions
    for _ in range(starts.shape[1] + 1):
        further = positions + np.where(starts <= moved[:, None], widths, 0.0).sum(axis=1)
        if np.array_equal(further, moved):
            break
        moved = further
    return moved
