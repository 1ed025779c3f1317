"""The scorecard: every seat's numbers over a window, beside their targets and the window before. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.stakeholders.scorecard.estimates import Estimate, change, missing
from services.stakeholders.scorecard.window import Window
from services.stakeholders.seats import Direction, Limit, Measure, Seat

_ARROWS: Final = {"better": "↑ better", "worse": "↓ worse", "level": "· level", "unknown": ""}


@dataclass(frozen=True)
class Target:
    """What a seat insists on."""

    limit: Limit
    source: str
    """`demand`: the seat's own, stored; `registry`: what it never trades."""

    def verdict(self, found: Estimate) -> str:
        """`met` or `missed` where the whole interval says so, else `open`; `unknown` without a number."""
        if found.low is None or found.high is None:
            return "unknown"
        least, most = self.limit.at_least, self.limit.at_most
        if (least is not None and found.high < least) or (most is not None and found.low > most):
            return "missed"
        safe = (least is None or found.low >= least) and (most is None or found.high <= most)
        return "met" if safe else "open"

    def __str__(self) -> str:
        words = [
            f"{word} {bound:g}"
            for word, bound in (("at least", self.limit.at_least), ("at most", self.limit.at_most))
            if bound is not None
        ]
        return " and ".join(words)


@dataclass(frozen=True)
class Line:
    """One number of a seat."""

    measure: Measure
    now: Estimate
    trend: Estimate
    """Less the window before."""
    target: Target | None

    @property
    def verdict(self) -> str:
        """Of the target; empty where there is none."""
        return "" if self.target is None else self.target.verdict(self.now)

    @property
    def course(self) -> str:
        """`better` or `worse` where the trend's interval excludes 0, else `level`; `unknown` without a trend."""
        if self.trend.low is None or self.trend.high is None:
            return "unknown"
        up = self.trend.low > 0.0
        if not up and not self.trend.high < 0.0:
            return "level"
        return "better" if up == (self.measure.direction is Direction.UP) else "worse"


@dataclass(frozen=True)
class SeatCard:
    """A seat's numbers, the negotiated one first; those of others that it limits are last."""

    seat: Seat
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Standstill:
    """What a freeze costs while it holds."""

    reason: str
    staleness_days: float | None
    """Age of the champion."""
    ndcg_lost: float | None
    """How far its nDCG@10 is below that of the best version that waits; None: not known."""
    waiting: int


@dataclass(frozen=True)
class Scorecard:
    """All seats' numbers."""

    market: str
    currency: str
    days: int
    since: datetime
    until: datetime
    seats: tuple[SeatCard, ...]
    standstill: Standstill | None
    """None: the market is not frozen."""


Numbers = Mapping[str, Estimate]
"""By the measure's key."""


def numbers_of(seats: Sequence[Seat], window: Window) -> Numbers:
    """All numbers of all seats over a window."""
    return {measure.key: _live(measure, window) for seat in seats for measure in (seat.number, *seat.others)}


def lines_of(
    seat: Seat,
    now: Numbers,
    before: Numbers,
    known: Mapping[str, Measure],
    demanded: Sequence[Limit] | None = None,
) -> SeatCard:
    """A seat's numbers, then those of others that it has a limit on.

    known: all measures by key. demanded: None: the seat has stored no demand, the registry's limits are its targets.
    """
    limits, source = (seat.limits, "registry") if demanded is None else (tuple(demanded), "demand")
    targets = {limit.key: Target(limit, source) for limit in limits}
    own = {measure.key: measure for measure in (seat.number, *seat.others)}
    lines = (
        Line(measure, now[key], change(now[key], before[key]), targets.get(key))
        for key, measure in (own | {key: known[key] for key in targets if key not in own}).items()
    )
    return SeatCard(seat, tuple(lines))


def limits_of(document: Mapping[str, Any]) -> tuple[Limit, ...]:
    """The limits of a stored demand, one a measure."""
    merged: dict[str, dict[str, float]] = {}
    for entry in document.get("limits", ()):
        bounds = {side: float(entry[side]) for side in ("at_least", "at_most") if entry.get(side) is not None}
        merged.setdefault(entry["measure"], {}).update(bounds)
    return tuple(Limit(key, **bounds) for key, bounds in merged.items())


def _live(measure: Measure, window: Window) -> Estimate:
    return missing("nobody has said how it is measured live") if measure.live is None else measure.live(window)


def document(card: Scorecard) -> dict[str, Any]:
    """As JSON; `tablestakes scorecard --json` and `GET /v1/scorecard` are this."""
    return {
        "market": card.market,
        "currency": card.currency,
        "days": card.days,
        "since": card.since,
        "until": card.until,
        "standstill": None if card.standstill is None else vars(card.standstill),
        "seats": [
            {"seat": of.seat.name, "title": of.seat.title, "wants": of.seat.wants, "signs": of.seat.signs}
            | {"numbers": [_line_document(line) for line in of.lines]}
            for of in card.seats
        ],
    }


def _line_document(line: Line) -> dict[str, Any]:
    target = line.target
    return {
        **measure_document(line.measure),
        "measured": line.now.measured,
        "n": line.now.n,
        "of": line.now.of,
        "reason": line.now.reason,
        "target": None
        if target is None
        else {
            "at_least": target.limit.at_least,
            "at_most": target.limit.at_most,
            "source": target.source,
            "verdict": line.verdict,
        },
        "trend": line.trend.measured,
        "course": line.course,
    }


def measure_document(measure: Measure) -> dict[str, Any]:
    """A measure as JSON."""
    return {
        "key": measure.key,
        "title": measure.title,
        "unit": measure.unit,
        "direction": measure.direction,
        "negotiable": not measure.live_only,
    }


def text_lines(card: Scorecard) -> list[str]:
    """For people: seat, number, value with its interval, target, trend, and what it rests on or why there is none."""
    span = f"{card.since:%Y-%m-%d %H:%M} to {card.until:%Y-%m-%d %H:%M} UTC"
    rows = [("seat", "number", "value", "target", "trend", "rests on")]
    for of in card.seats:
        for place, line in enumerate(of.lines):
            seat = of.seat.name if place == 0 else ""
            words = (line.measure.title, _value(line, card.currency), _target(line), _trend(line), _basis(line.now))
            rows.append((seat, *words))
    kept = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) + 2 for column in kept]
    lines = [f"scorecard of {card.market}, {card.days} days: {span}; 95 % intervals", ""]
    for row in zip(*kept, strict=True):
        cells = "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(cells.rstrip())
    return lines if card.standstill is None else [*lines, "", _standstill(card.standstill)]


def _standstill(found: Standstill) -> str:
    lost = "unknown" if found.ndcg_lost is None else f"{found.ndcg_lost:.4f}"
    cost = f"{found.staleness_days or 0.0:.1f} days stale, nDCG@10 lost {lost}, {found.waiting} waiting"
    return f"frozen ({found.reason}): {cost}"


def _value(line: Line, currency: str) -> str:
    found = line.now
    if found.value is None:
        return "–"
    unit = line.measure.unit.replace("minor units", f"minor units {currency}")
    measured = _number(found.value)
    if found.low != found.high:
        measured += f" [{_number(found.low)}, {_number(found.high)}]"
    return f"{measured} {unit}".rstrip()


def _target(line: Line) -> str:
    return "" if line.target is None else f"{line.target}: {line.verdict}"


def _trend(line: Line) -> str:
    if line.trend.value is None:
        return ""
    return f"{_ARROWS[line.course]} ({line.trend.value:+.3g})"


def _basis(found: Estimate) -> str:
    if found.value is None:
        return found.reason or ""
    rests_on = f"{found.n:,} {found.of}" if found.n else found.of
    return "; ".join(part for part in (rests_on, found.reason) if part)


def _number(value: float | None) -> str:
    assert value is not None, "an interval has both ends"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
