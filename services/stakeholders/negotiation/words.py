"""The result of a negotiation in words that a salesperson understands."""

import math
from collections.abc import Iterator, Mapping, Sequence

from services.stakeholders.negotiation.result import ChangedLimit, Relaxation
from services.stakeholders.seats import Direction, Measure, Seat, measures

_DIGITS = 4
_MINOR = "minor units"
_PER_MAJOR = 100


def amount(measure: Measure, value: float, rounded: str = "nearest") -> str:
    """A number of a measure to four digits: money in whole units of the currency, time with its unit.

    `rounded` is nearest, down or up; what a seat would have to take is rounded to the side on which it fits.
    """
    money = measure.unit == _MINOR
    number = _rounded(value / _PER_MAJOR if money else value, rounded)
    text = f"{number:,.0f}" if abs(number) >= 10 ** (_DIGITS - 1) else f"{number:.{_DIGITS}g}"
    if money and abs(number) < 10 ** (_DIGITS - 1):
        text = f"{number:.2f}" if abs(number) >= 1 else text
    return f"{text} {measure.unit}" if measure.unit == "ms" else text


def asks(seat: Seat, measure: Measure, side: str, value: float) -> str:
    """Sales asks for at least 120 fees per 1,000 requests."""
    return f"{seat.title} asks for {side} {amount(measure, value)} {measure.title}"


def rate(gains: Measure, costs: Measure, step: float, cost: float) -> str:
    """One more euro costs n orders."""
    more = "more" if gains.direction is Direction.UP else "less"
    loses = "" if costs.direction is Direction.UP else "more "
    return f"{amount(gains, step)} {more} {gains.title} costs {amount(costs, cost)} {loses}{costs.title}"


def shares(least: Mapping[str, float | None], seats: Sequence[Seat]) -> str:
    """Everyone gets at least 62 % of what they could hope for; fairness gets least."""
    known = {name: share for name, share in least.items() if share is not None}
    smallest = min(known.values())
    poorest = [seat.title for seat in seats if known.get(seat.name) == smallest]
    everyone = f"Everyone gets at least {math.floor(100 * smallest + 1e-9)} % of what they could hope for"
    return everyone + ("." if smallest >= 1.0 else f"; {_listed(poorest)} least.")


def takes(relaxation: Relaxation, seats: Mapping[str, Seat]) -> str:
    """Sales takes 103.6 fees per 1,000 requests and product takes 93.2 orders per 1,000 requests."""
    by_seat: dict[str, list[str]] = {}
    for changed in relaxation.limits:
        by_seat.setdefault(changed.seat, []).append(_taken(changed))
    return " and ".join(f"{seats[name].title.lower()} takes {_listed(parts)}" for name, parts in by_seat.items())


def infeasible(
    demanded: Sequence[str],
    blocking: Sequence[Seat],
    relaxation: Relaxation | None,
    alternatives: Sequence[Relaxation],
    seats: Mapping[str, Seat],
) -> Iterator[str]:
    """Who asks for what, that it does not fit, and what would."""
    yield "; ".join(demanded) + "."
    if len(blocking) == 1:
        yield f"No policy that was tried gives {blocking[0].title.lower()} that, whatever the others take."
    else:
        names = _listed([seat.title.lower() for seat in blocking])
        yield f"No policy that was tried gives {names} what they ask for at once; without any one of them some does."
    if relaxation is None:
        yield "What is never traded cannot be met: the policies that are tried have to be others, not the demands."
        return
    if alternatives:
        yield f"It fits if {', or if '.join(takes(one, seats) for one in alternatives)}."
    else:
        yield "No seat can make it fit alone."
    yield f"The least that anyone has to give: {takes(relaxation, seats)} (policy {relaxation.policy})."


def _taken(changed: ChangedLimit) -> str:
    measure = measures()[changed.measure]
    return f"{amount(measure, changed.takes, 'down' if changed.side == 'at least' else 'up')} {measure.title}"


def _rounded(number: float, how: str) -> float:
    if number == 0.0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - _DIGITS + 1)
    # What is 1035.9999999 in units of the last digit is 1036, and floors to that.
    units = round(number / unit, _DIGITS)
    turned = math.floor(units) if how == "down" else math.ceil(units) if how == "up" else units
    return float(f"{turned * unit:.{_DIGITS}g}")


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
