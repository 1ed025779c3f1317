"""A number with its interval, and how it is written."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
Kind = Literal["plain", "share", "count"]


class Figure(BaseModel):
    """A number with its 95 % interval."""

    model_config = ConfigDict(frozen=True)

    value: Finite
    low: Finite
    high: Finite

    @property
    def certain_sign(self) -> int:
        """1 or -1 where the whole interval is on that side of 0, else 0."""
        return 1 if self.low > 0.0 else -1 if self.high < 0.0 else 0


def exact(value: float) -> Figure:
    """A number without an error of sampling."""
    return Figure(value=value, low=value, high=value)


def difference(after: Figure, before: Figure) -> Figure:
    """after - before, its interval put together from theirs as of independent numbers (MOVER; Zou, Donner 2008).

    >>> difference(Figure(value=0.5, low=0.47, high=0.53), Figure(value=0.4, low=0.36, high=0.44))
    Figure(value=0.1, low=0.05, high=0.15)
    """
    value = after.value - before.value
    below = math.hypot(after.value - after.low, before.high - before.value)
    above = math.hypot(after.high - after.value, before.value - before.low)
    return Figure(value=round(value, 12), low=round(value - below, 12), high=round(value + above, 12))


def written(value: float, kind: Kind = "plain") -> str:
    """A number as people read it.

    >>> written(0.123456), written(12345.6), written(0.0000314), written(0.1234, "share"), written(200.0)
    ('0.1235', '12,346', '3.14e-05', '12.3 %', '200')
    """
    if kind == "share":
        return f"{100.0 * value:.1f} %"
    if kind == "count":
        return f"{value:,.0f}"
    size = abs(value)
    if size >= 1_000.0 or (size >= 10.0 and value.is_integer()):
        return f"{value:,.0f}"
    if size >= 10.0:
        return f"{value:.1f}"
    if size >= 1.0:
        return f"{value:.3f}"
    return f"{value:.4f}" if size >= 0.001 or value == 0.0 else f"{value:.3g}"


def with_interval(figure: Figure, kind: Kind = "plain") -> str:
    """`0.1235 [0.1200, 0.1270]`; the number alone where it has no error.

    >>> with_interval(Figure(value=0.5, low=0.25, high=0.75), "share")
    '50.0 % [25.0 %, 75.0 %]'
    """
    if figure.low == figure.value == figure.high:
        return written(figure.value, kind)
    return f"{written(figure.value, kind)} [{written(figure.low, kind)}, {written(figure.high, kind)}]"
