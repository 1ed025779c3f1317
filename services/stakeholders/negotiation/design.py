"""Which policies are tried: a scrambled Sobol sequence over the seats' dials, and the policies one must not miss."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from scipy.stats import qmc

from services.stakeholders.policy import AdPolicy, FairnessPolicy, Policy
from services.stakeholders.seats import SEATS, Dial, Scale, Seat

MOST_CORNERS: Final = 4
"""Dials of a seat of which all corners are tried; of a seat with more, each dial's ends with the others in place."""
MOST_POLICIES: Final = 512
NEAR: Final = 0.15
"""Of a dial's range: how far the second look goes from what was found."""
_DIGITS: Final = 3
"""Of a dial's value: people read them."""


class DesignError(Exception):
    """A design that cannot be; the message says the mend."""


@dataclass(frozen=True)
class Candidate:
    """A policy to be tried, and the model that it is tried with."""

    policy: Policy
    model: str


def design(
    active: Policy, models: Sequence[str], count: int, seed: int, seats: Sequence[Seat] = SEATS
) -> tuple[Candidate, ...]:
    """`count` different candidates, the same for the same arguments: the active policy, with each model; the corners
    of what each seat can turn, all else as it is; and a scrambled Sobol sequence over all dials and models.

    The first model is the active one. A new policy is named by the hash of what it says. Raises DesignError where
    `count` leaves no room for what one must not miss, or is above `MOST_POLICIES`.
    """
    if active.model and active.model != models[0]:
        raise DesignError(f"the active policy is for {active.model}: name that model first, not {models[0]}")
    found: dict[str, Candidate] = {}
    for model in models:
        _add(found, active, {}, model)
    for changes in _corners(seats):
        _add(found, active, changes, models[0])
    if not len(found) <= count <= MOST_POLICIES:
        size = "few" if count < len(found) else "many"
        raise DesignError(f"{count} is too {size}: {len(found)} must not be missed, and {MOST_POLICIES} is the most")
    dials = [dial for seat in seats for dial in seat.dials]
    for point in _sobol(len(dials) + 1, count, seed):
        if len(found) == count:
            break
        changes = {dial.path: value_at(dial, share) for dial, share in zip(dials, point, strict=False)}
        _add(found, active, changes, models[min(int(point[-1] * len(models)), len(models) - 1)])
    return tuple(found.values())


def around(
    centres: Sequence[Candidate],
    tried: Sequence[Candidate],
    count: int,
    seed: int,
    reach: float = NEAR,
    seats: Sequence[Seat] = SEATS,
) -> tuple[Candidate, ...]:
    """Up to `count` candidates near the centres, each in turn, that have not been tried: a second, finer look.

    Every dial is drawn within `reach` of its range on either side of the centre's, by a scrambled Sobol sequence.
    """
    found = {_key(one.policy, one.model): one for one in tried}
    known = len(found)
    dials = [dial for seat in seats for dial in seat.dials]
    for number, point in enumerate(_sobol(len(dials), count, seed)):
        if len(found) == known + count or not centres:
            break
        centre = centres[number % len(centres)]
        changes = {}
        for dial, share in zip(dials, point, strict=True):
            middle = share_of(dial, value_of(centre.policy, dial.path))
            changes[dial.path] = value_at(dial, min(max(middle + reach * (2.0 * share - 1.0), 0.0), 1.0 - 1e-12))
        _add(found, centre.policy, changes, centre.model)
    return tuple(found.values())[known:]


def share_of(dial: Dial, value: float) -> float:
    """Where a value lies in a dial's range, 0 to 1; of a whole number the middle of its part; beyond it, the end."""
    inside = min(max(value, dial.low), dial.high)
    if dial.whole:
        return (int(inside) - int(dial.low) + 0.5) / (int(dial.high) - int(dial.low) + 1)
    if dial.scale is Scale.LOG:
        return math.log(inside / dial.low) / math.log(dial.high / dial.low)
    return (inside - dial.low) / (dial.high - dial.low)


def value_at(dial: Dial, share: float) -> float:
    """A dial's value at a share, 0 to 1, of its range; whole numbers all have equal parts of it."""
    if dial.whole:
        steps = int(dial.high) - int(dial.low) + 1
        return int(dial.low) + min(int(share * steps), steps - 1)
    if dial.scale is Scale.LOG:
        value = dial.low * (dial.high / dial.low) ** share
    else:
        value = dial.low + (dial.high - dial.low) * share
    # Rounding must not leave the range.
    return min(max(_rounded(value), dial.low), dial.high)


def value_of(policy: Policy, path: str) -> float:
    """A policy's value at a path, such as `ads.money`."""
    part: Any = policy.model_dump()
    for name in path.split("."):
        part = part[name]
    return float(part)


def with_dials(policy: Policy, changes: Mapping[str, float]) -> Policy:
    """The policy with other values at some paths, such as `ads.money`; raises ValidationError for one that is none."""
    document: dict[str, Any] = policy.model_dump()
    for path, value in changes.items():
        *parts, last = path.split(".")
        part = document
        for name in parts:
            part = part[name]
        part[last] = value
    return Policy.model_validate(document)


def _add(found: dict[str, Candidate], active: Policy, changes: Mapping[str, float], model: str) -> None:
    """Unless something that makes the same lists is there already."""
    policy = with_dials(active, changes)
    key = _key(policy, model)
    if key in found:
        return
    is_active = not changes and not found
    tried = {"name": f"tried-{key[:10]}", "version": 1, "model": model}
    named = policy if is_active else policy.model_copy(update=tried)
    found[key] = Candidate(named, model)


def _key(policy: Policy, model: str) -> str:
    return _digest(_without_idle_dials(policy), model)


def _without_idle_dials(policy: Policy) -> Policy:
    """Where no place is sold, the dials of selling do nothing; nor do those of a control that is off."""
    idle: dict[str, Any] = {}
    if not (policy.ads.cap and policy.ads.money):
        idle["ads"] = AdPolicy(money=0.0, cap=0)
    if not policy.fairness.is_on:
        idle["fairness"] = FairnessPolicy()
    return policy.model_copy(update=idle)


def _digest(policy: Policy, model: str) -> str:
    said = policy.model_dump_json(exclude={"name", "version", "model"})
    return hashlib.sha256(f"{model} {said}".encode()).hexdigest()


def _corners(seats: Sequence[Seat]) -> Iterator[dict[str, float]]:
    for seat in seats:
        ends = [[(dial.path, value_at(dial, share)) for share in (0.0, 1.0)] for dial in seat.dials]
        if len(ends) <= MOST_CORNERS:
            yield from (dict(corner) for corner in product(*ends) if corner)
        else:
            yield from ({path: value} for pair in ends for path, value in pair)


def _sobol(dimensions: int, count: int, seed: int) -> list[list[float]]:
    """More points than are asked for, since some make the same lists."""
    sequence = qmc.Sobol(dimensions, scramble=True, seed=seed)
    points: list[list[float]] = sequence.random_base2(max(1, math.ceil(math.log2(count))) + 2).tolist()
    return points


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
