"""What settings between tried policies are worth: `python -m services.console.measure_surface [--front FILE]`.

Leaves each tried policy of a front out and tells it from the others: by the page's kriging
(`static/js/table/surface.js`), by a quadratic response surface alone, by the nearest tried policy, and by all of them
weighted by the inverse square of their distance. What each is off by stands beside what the numbers are measured to,
and how far they spread.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from services.simulation.recorded_front import recorded_front
from services.stakeholders.negotiation.design import share_of, value_of
from services.stakeholders.negotiation.front import Evaluated, Front
from services.stakeholders.seats import SEATS, Measure

Doubles = npt.NDArray[np.float64]
_RIDGES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
_LEAST_HOLD: Final = 0.05
_LEAST_WEIGHT: Final = 0.05
_REACHES: Final = (0.25, 0.5, 1.0, 2.0)
_NOISES: Final = (1e-4, 1e-3, 1e-2, 1e-1)
_COLUMNS: Final = (
    ("spread", 10),
    ("measured to", 13),
    ("kriging", 10),
    ("quadratic", 11),
    ("nearest", 10),
    ("inverse square", 16),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--front", type=Path, help="one that `tablestakes negotiate` has kept; by default the recorded")
    file = parser.parse_args().front
    front = recorded_front() if file is None else Front.model_validate_json(file.read_bytes())
    policies = front.wide.policies
    print(f"{len(policies)} policies over {front.wide.days} days; root mean square of what one left out is off by\n")
    print(f"{'':<40}" + "".join(f"{title:>{width}}" for title, width in _COLUMNS))
    for measure in measured(policies):
        values = values_of(policies, measure)
        errors = np.asarray([one.outcomes[measure.key].error or 0.0 for one in policies])
        off = missed_by_kriging(policies, values), _quadratic(policies, values)[0]
        cells = (values.std(), np.sqrt(np.mean(np.square(errors))), *off, *missed_by_neighbours(policies, values))
        told = (f"{cell:>{width}.3g}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
        print(f"{measure.title:<40}" + "".join(told))


def measured(policies: Sequence[Evaluated]) -> list[Measure]:
    """The seats' own numbers that every policy has."""
    numbers = [seat.number for seat in SEATS]
    return [one for one in numbers if all(_mean_of(each, one.key) is not None for each in policies)]


def values_of(policies: Sequence[Evaluated], measure: Measure) -> Doubles:
    """(n,) what the policies came to."""
    return np.asarray([_mean_of(one, measure.key) for one in policies], np.float64)


def missed_by_kriging(policies: Sequence[Evaluated], values: Doubles) -> float:
    """Of a Gaussian process with Matérn's kernel of 5/2, whose dials weigh as much as the quadratic surface says.

    Left out in turn as by Rasmussen and Williams (2006), 5.12.
    """
    spread = float(values.std())
    if spread <= 1e-12 * abs(values.mean()):
        return 0.0
    z, places = (values - values.mean()) / spread, places_of(policies)
    moved = _moved(_quadratic(policies, z)[1], places.shape[1])
    weights = np.maximum(np.sqrt(moved / moved.max()), _LEAST_WEIGHT)
    away = np.linalg.norm((places[:, None] - places[None]) * weights, axis=2)
    found = []
    for reach in _REACHES:
        x = np.sqrt(5.0) * away / reach
        kernel = (1.0 + x + np.square(x) / 3.0) * np.exp(-x)
        for noise in _NOISES:
            inverse = np.linalg.inv(kernel + noise * np.eye(len(z)))
            found.append(float(np.sqrt(np.mean(np.square(inverse @ z / np.diag(inverse))))))
    return spread * min(found)


def missed_by_neighbours(policies: Sequence[Evaluated], values: Doubles) -> tuple[float, float]:
    """The same of the nearest policy with the same model, and of all of these by the inverse square of the distance."""
    places, models = _shares_of(policies), np.asarray([one.model for one in policies])
    away = np.linalg.norm(places[:, None] - places[None], axis=2)
    away[(models[:, None] != models[None]) | np.eye(len(values), dtype=bool)] = np.inf
    rows = np.isfinite(away).any(axis=1)
    nearest = values[away[rows].argmin(axis=1)]
    weights = 1.0 / np.square(np.maximum(away[rows], 1e-9))
    weighted = (weights @ values) / weights.sum(axis=1)
    off = [np.sqrt(np.mean(np.square(told - values[rows]))) for told in (nearest, weighted)]
    return float(off[0]), float(off[1])


def places_of(policies: Sequence[Evaluated]) -> Doubles:
    """(n, d) where the policies lie in the ranges of the dials, and for each further model whether it is that one."""
    others = sorted({one.model for one in policies})[1:]
    of_model = np.asarray([[float(one.model == name) for name in others] for one in policies])
    return np.hstack([_shares_of(policies), of_model])


def _shares_of(policies: Sequence[Evaluated]) -> Doubles:
    dials = [dial for seat in SEATS for dial in seat.dials]
    return np.asarray([[share_of(dial, value_of(one.policy, dial.path)) for dial in dials] for one in policies])


def _quadratic(policies: Sequence[Evaluated], values: Doubles) -> tuple[float, Doubles]:
    """PRESS (Allen 1974) of the quadratic response surface as a root mean square, and its coefficients.

    Its terms are 1, u, and all products of two u, with u from -1 to 1.
    """
    u, centred, found = 2.0 * places_of(policies) - 1.0, values - values.mean(), []
    first, second = np.triu_indices(u.shape[1])
    terms = np.hstack([np.ones((len(u), 1)), u, u[:, first] * u[:, second]])
    for ridge in _RIDGES:
        penalty = np.eye(terms.shape[1]) * ridge * len(terms) * 0.01
        penalty[0, 0] = 0.0
        solved = np.linalg.solve(terms.T @ terms + penalty, terms.T)
        holds = np.einsum("ij,ji->i", terms, solved)
        left = (centred - terms @ solved @ centred) / np.maximum(1.0 - holds, _LEAST_HOLD)
        found.append((float(np.sqrt(np.mean(np.square(left)))), solved @ centred))
    return min(found, key=lambda one: one[0])


def _moved(coefficients: Doubles, width: int) -> Doubles:
    """(width,) how much each dial moves the number: its own terms, and half of those that it shares."""
    moved = np.square(coefficients[1 : 1 + width])
    first, second = np.triu_indices(width)
    shared = np.square(coefficients[1 + width :]) / 2.0
    np.add.at(moved, first, shared)
    np.add.at(moved, second, shared)
    return moved


def _mean_of(evaluated: Evaluated, key: str) -> float | None:
    found = evaluated.outcomes.get(key)
    return None if found is None else found.mean


if __name__ == "__main__":
    main()
