"""Numbers in sentences."""

from services.lessons.figure import MeasuredValue


def number(value: float | None, signed: bool = False) -> str:
    """To three digits or so, as people say it.

    >>> number(1234.5), number(0.03712), number(None), number(2.0, signed=True)
    ('1,234', '0.037', 'nothing', '+2.00')
    """
    if value is None:
        return "nothing"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:{'+' if signed else ''},.{digits}f}"


def share(value: float | None) -> str:
    """As a percentage.

    >>> share(0.123), share(0.0042)
    ('12 %', '0.4 %')
    """
    if value is None:
        return "nothing"
    percent = 100.0 * value
    return f"{percent:.0f} %" if abs(percent) >= 2.0 else f"{percent:.1f} %"


def within(measured: MeasuredValue, signed: bool = False) -> str:
    """With the interval.

    >>> within(MeasuredValue(value=1.5, low=1.0, high=2.0))
    '1.50 [1.00, 2.00]'
    """
    text = number(measured.value, signed)
    if measured.low is None or measured.high is None:
        return text
    return f"{text} [{number(measured.low, signed)}, {number(measured.high, signed)}]"
