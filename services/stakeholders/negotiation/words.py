"""The result of a negotiation in words that a salesperson understands."""

import math
from collections.abc import Iterator, Mapping, Sequence

from services.currencies import minor_digits, minor_units
from services.stakeholders.negotiation.result import ChangedLimit, Relaxation
from services.stakeholders.seats import Direction, Measure, Seat, measures

_DIGITS = 4
_MINOR = "minor units"
_ORDINALS = ("smallest", "second smallest", "third smallest", "fourth smallest", "next")


def amount(measure: Measure, value: float, currency: str | None, rounded: str = "nearest") -> str:
    """A number of a measure to four digits: money in whole units of the currency (of two decimals where it
    is not known), time with its unit.

    `rounded` is nearest, down or up; what a seat would have to take is rounded to the side on which it fits.
    """
    money = measure.unit == _MINOR
    number = _rounded(value / minor_units(currency) if money else value, rounded)
    text = f"{number:,.0f}" if abs(number) >= 10 ** (_DIGITS - 1) else f"{number:.{_DIGITS}g}"
    if money and abs(number) < 10 ** (_DIGITS - 1):
        text = f"{number:.{minor_digits(currency)}f}" if abs(number) >= 1 else text
    return f"{text} {measure.unit}" if measure.unit == "ms" else text


def asks(seat: Seat, measure: Measure, side: str, value: float, currency: str | None) -> str:
    """Sales asks for at least 120 fees per 1,000 requests."""
    return f"{seat.title} asks for {side} {amount(measure, value, currency)} {measure.title}"


def rate(gains: Measure, costs: Measure, step: float, cost: float, currency: str | None) -> str:
    """One more euro costs n orders."""
    more = "more" if gains.direction is Direction.UP else "less"
    loses = "" if costs.direction is Direction.UP else "more "
    gained, lost = amount(gains, step, currency), amount(costs, cost, currency)
    return f"{gained} {more} {gains.title} costs {lost} {loses}{costs.title}"


def shares(least: Mapping[str, float | None], seats: Sequence[Seat]) -> str:
    """Everyone gets at least 62 % of what they could hope for; fairness gets least."""
    known = {name: share for name, share in least.items() if share is not None}
    smallest = min(known.values())
    poorest = [seat.title for seat in seats if known.get(seat.name) == smallest]
    everyone = f"Everyone gets at least {math.floor(100 * smallest + 1e-9)} % of what they could hope for"
    return everyone + ("." if smallest >= 1.0 else f"; {_listed(poorest)} least.")


def takes(relaxation: Relaxation, seats: Mapping[str, Seat], currency: str | None) -> str:
    """Sales takes 103.6 fees per 1,000 requests and product takes 93.2 orders per 1,000 requests."""
    by_seat: dict[str, list[str]] = {}
    for changed in relaxation.limits:
        by_seat.setdefault(changed.seat, []).append(_taken(changed, currency))
    return " and ".join(f"{seats[name].title.lower()} takes {_listed(parts)}" for name, parts in by_seat.items())


def infeasible(
    demanded: Sequence[str],
    blocking: Sequence[Seat],
    relaxation: Relaxation | None,
    alternatives: Sequence[Relaxation],
    seats: Mapping[str, Seat],
    currency: str | None,
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
        yield f"It fits if {', or if '.join(takes(one, seats, currency) for one in alternatives)}."
    else:
        yield "No seat can make it fit alone."
    yield f"The least that anyone has to give: {takes(relaxation, seats, currency)} (policy {relaxation.policy})."


def tried(policies: int, days: int, before: tuple[int, int] | None) -> str:
    """What is on the table; `before`: policies and days of the short run where this is the long one."""
    if before is None:
        return f"{_policies(policies)} {_were(policies)} tried, for {days} days each."
    short = f"{_policies(before[0])} {_were(before[0])} tried for {before[1]} days each"
    return f"{short}; the {policies} that matter most were followed for {days} days, and these decide."


def never_traded(seat: Seat, measure: Measure, side: str, value: float, currency: str | None) -> str:
    """Never traded, for diners: at least 0.75 come back within 28 days."""
    return f"Never traded, for {seat.title.lower()}: {side} {amount(measure, value, currency)} {measure.title}"


def limit(said: str, gone: int, left: int) -> str:
    """Sales asks for at least 120 fees per 1,000 requests; 4 policies go, 11 are left."""
    if not gone:
        return f"{said}; {'every policy that is left keeps it' if left else 'nothing is left to keep it'}."
    return f"{said}; {_policies(gone)} {_go(gone)}, {_left(left)}."


def dominated(gone: int, left: int) -> str:
    """What is not worth talking about."""
    which = "that another one beats for somebody and matches for everybody else"
    return (
        f"{_policies(gone)} {_go(gone)} {which}; {_left(left)}." if gone else f"There is no policy {which}: all stay."
    )


def hopes() -> str:
    """What shares are shares of."""
    return (
        "What each seat can hope for: from the worst that it gets where another seat has its favourite (0 %) to the "
        "best that is still there (100 %)."
    )


def irrational(gone: int, left: int) -> str:
    """Nobody is to be worse off than by the others' favourites."""
    return f"{_policies(gone)} would leave somebody with less than the others' favourites do: {_left(left)}."


def round_of(level: float, place: int, gone: int, left: int, binding: Sequence[Seat]) -> str:
    """Everyone can have 7 % of what they hope for: 9 policies go, which leave infrastructure less; 9 are left."""
    if not binding:
        return f"All shares are equal: {_policies(gone)} {_go(gone)}, by the seats' weights or by name; {_left(left)}."
    who = _listed([seat.title.lower() for seat in binding], "or")
    leave = "it leaves" if gone == 1 else "they leave"
    if place:
        which = _ORDINALS[min(place, len(_ORDINALS) - 1)]
        return f"The poorest are level: the {which} share decides. {_policies(gone)} {_go(gone)}; {_left(left)}."
    return (
        f"Everyone can have {_percent(level)} of what they hope for: {_policies(gone)} {_go(gone)} because {leave} "
        f"{who} less; {_left(left)}."
    )


def settled(level: float, least: Sequence[Seat]) -> str:
    """The end."""
    who = _listed([seat.title.lower() for seat in least])
    binds = "binds" if len(least) == 1 else "bind"
    promise = f"Settled: nobody gets less than {_percent(level)}"
    return f"{promise}, and {who} {binds}: more for {'it' if len(least) == 1 else 'them'} is not to be had."


def nash_of(same: bool) -> str:
    """The other famous answer."""
    if same:
        return "Nash, who asks for the largest product of the shares, would choose the same policy."
    return (
        "Nash, who asks for the largest product of the shares, would choose another policy: it stands beside this one."
    )


def blocked(blocking: Sequence[Seat]) -> str:
    """Nothing is left, and on whose account."""
    names = _listed([seat.title.lower() for seat in blocking])
    if len(blocking) == 1:
        return f"Nothing is left. No policy that was tried gives {names} that, whatever the others take."
    return f"Nothing is left. {names[0].upper()}{names[1:]} block each other: without any one of them some policy fits."


def _policies(count: int) -> str:
    return "1 policy" if count == 1 else f"{count} policies"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"


def _left(count: int) -> str:
    return "1 is left" if count == 1 else f"{count or 'none'} {'is' if not count else 'are'} left"


def _percent(share: float) -> str:
    """Rounded down: a promise."""
    return f"{math.floor(100 * share + 1e-9)} %"


def _taken(changed: ChangedLimit, currency: str | None) -> str:
    measure = measures()[changed.measure]
    rounded = "down" if changed.side == "at least" else "up"
    return f"{amount(measure, changed.takes, currency, rounded)} {measure.title}"


def _rounded(number: float, how: str) -> float:
    if number == 0.0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - _DIGITS + 1)
    # What is 1035.9999999 in units of the last digit is 1036, and floors to that.
    units = round(number / unit, _DIGITS)
    turned = math.floor(units) if how == "down" else math.ceil(units) if how == "up" else units
    return float(f"{turned * unit:.{_DIGITS}g}")


def _listed(parts: Sequence[str], last: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"
