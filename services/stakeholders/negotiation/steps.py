"""How a settlement was found, step by step: what each step takes out, on whose account, in words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.stakeholders.negotiation import bargaining, words
from services.stakeholders.negotiation.bargaining import Bargain
from services.stakeholders.negotiation.limits import asked
from services.stakeholders.negotiation.pareto import Bools, Doubles, Rows
from services.stakeholders.negotiation.result import Infeasible, Step
from services.stakeholders.negotiation.table import Table
from services.stakeholders.seats import Seat, measures


@dataclass(frozen=True, eq=False)
class Round:
    """Policies that go because others leave the poorest seat more."""

    gone: tuple[int, ...]
    kept: tuple[int, ...]
    place: int
    """Which of the ordered shares parts them: 0 the smallest, 1 the second smallest; s where all are equal."""
    level: float
    """The smallest share under those that are kept."""
    binding: tuple[int, ...]
    """Seats on whose account policies go, the most frequent first; none where the shares are equal."""


def rounds(gains: Doubles, rows: Rows, weights: Doubles, names: Sequence[str]) -> Iterator[Round]:
    """Leximin as it narrows down: each round keeps the better half of what is left, until one is.

    `gains` are (n, s), `rows` those in question.
    """
    order = bargaining.by_leximin(gains, weights, names)
    left: list[int] = sorted(rows.tolist(), key=order)
    while len(left) > 1:
        kept, gone = left[: (len(left) + 1) // 2], left[(len(left) + 1) // 2 :]
        worst, best = np.sort(gains[kept[-1]]), np.sort(gains[gone[0]])
        place = next((k for k, (one, other) in enumerate(zip(worst, best, strict=True)) if one != other), len(worst))
        yield Round(tuple(gone), tuple(kept), place, float(worst[0]), _binding(gains[gone], place))
        left = kept


def of_settlement(
    table: Table, bargained: Bargain, settled: int, nash: int, seats: Sequence[Seat], wide: Table
) -> Iterator[Step]:
    """All steps to a settlement; `wide` is the short run, which may be the table itself."""
    names = table.outcomes.names
    yield from _limits(table, seats, wide)
    feasible = np.flatnonzero(table.feasible())
    front, rational = bargained.front, bargained.rational
    beaten = _without(feasible, front)
    yield _step("dominated", words.dominated(len(beaten), len(front)), names, gone=beaten, left=len(front))
    yield _step("hopes", words.hopes(), names, seats=table.seats, left=len(front))
    if len(lost := _without(front, rational)):
        text = words.irrational(len(lost), len(rational))
        yield _step("rational", text, names, gone=lost, left=len(rational))
    for one in rounds(bargained.gains, rational, table.weights, names):
        binding = [table.seats[column] for column in one.binding]
        text = words.round_of(one.level, one.place, len(one.gone), len(one.kept), binding)
        yield _step("round", text, names, seats=binding, gone=one.gone, left=len(one.kept), level=one.level)
    least = _least(table, bargained.gains[settled])
    level = float(np.min(bargained.gains[settled]))
    yield _step("settlement", words.settled(level, least), names, seats=least, left=1, level=level, policy=settled)
    yield _step("nash", words.nash_of(nash == settled), names, left=1, policy=nash)


def of_blocked(table: Table, found: Infeasible, seats: Sequence[Seat]) -> Iterator[Step]:
    """All steps to the limit that leaves nothing, and who blocks whom."""
    yield from _limits(table, seats, table)
    blocking = [seat for name in found.blocking for seat in seats if seat.name == name]
    policy = None if found.relaxation is None else found.relaxation.policy
    yield Step(
        kind="blocked",
        seats=tuple(seat.name for seat in blocking),
        gone=(),
        left=0,
        level=None,
        policy=policy,
        words=words.blocked(blocking),
    )


def _limits(table: Table, seats: Sequence[Seat], wide: Table) -> Iterator[Step]:
    names = table.outcomes.names
    before = None if wide is table else (len(wide.outcomes.names), wide.days)
    yield _step("tried", words.tried(len(names), table.days, before), names, left=len(names))
    left: Bools = np.ones(len(names), np.bool_)
    by_name, known = {seat.name: seat for seat in seats}, measures()
    for line in table.lines:
        gone, left = np.flatnonzero(left & ~line.met), left & line.met
        seat = by_name[line.seat]
        said = words.never_traded(seat, known[line.bound.measure], line.bound.words, line.bound.value, table.currency)
        text = words.limit(said if line.hard else asked(seat, line, table.currency), len(gone), int(left.sum()))
        yield _step("limit", text, names, seats=(seat,), gone=gone.tolist(), left=int(left.sum()))


def _step(
    kind: str,
    text: str,
    names: Sequence[str],
    *,
    left: int,
    seats: Sequence[Seat] = (),
    gone: Sequence[int] = (),
    level: float | None = None,
    policy: int | None = None,
) -> Step:
    return Step.model_validate(
        {
            "kind": kind,
            "seats": tuple(seat.name for seat in seats),
            "gone": tuple(names[row] for row in gone),
            "left": left,
            "level": level,
            "policy": None if policy is None else names[policy],
            "words": text,
        }
    )


def _binding(gains: Doubles, place: int) -> tuple[int, ...]:
    """Whose share is the one that is too small, over the rows of `gains`; ties in the order of the seats."""
    if place >= gains.shape[1]:
        return ()
    counts = Counter(int(column) for column in np.argsort(gains, axis=1, kind="stable")[:, place])
    return tuple(column for column, _ in sorted(counts.items(), key=lambda found: (-found[1], found[0])))


def _least(table: Table, gains: Doubles) -> list[Seat]:
    return [seat for seat, gain in zip(table.seats, gains.tolist(), strict=True) if gain == gains.min()]


def _without(rows: Rows, others: Rows) -> list[int]:
    found: list[int] = np.setdiff1d(rows, others).tolist()
    return found
