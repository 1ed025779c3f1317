"""Figures as documents: one shape for the console, the command line and the pages; drawn elsewhere.

A figure says what it shows in a sentence, so that whoever cannot see it knows as well. Numbers are rounded to six
digits, which is more than anyone can see.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from services.simulation.outcomes import interval

Doubles = npt.NDArray[np.float64]

_DIGITS: Final = 6


class Document(BaseModel):
    """Is not changed, holds nothing that JSON cannot, and is written with all its fields, as its schema says."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


class MeasuredValue(Document):
    """A number with its 95 % interval; null where there is nothing to measure."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Axis(Document):
    """What runs along a side."""

    label: str
    unit: str | None = None
    scale: Literal["linear", "log"] = "linear"


class Point(Document):
    """A point, with the 95 % interval of its y."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str | None = None


class Series(Document):
    """Points that belong together, in the order in which a line goes through them."""

    name: str
    points: tuple[Point, ...]
    style: Literal["line", "band", "dots"] = "line"


class Mark(Document):
    """A straight line across, with a word: a bound, a target, the day on which something happened."""

    axis: Literal["x", "y"]
    at: float
    label: str


class _Drawn(Document):
    title: str
    sentence: str = Field(description="What to see in it.")


class Lines(_Drawn):
    """Curves."""

    kind: Literal["lines"] = "lines"
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()


class Scatter(_Drawn):
    """Points with labels."""

    kind: Literal["scatter"] = "scatter"
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    front: bool = Field(
        default=False, description="Draw the staircase of points to whose left, or at which, none is higher."
    )


class BarSeries(Document):
    """A bar in each group; null where there is none."""

    name: str
    values: tuple[MeasuredValue | None, ...]


class Bars(_Drawn):
    """Bars side by side."""

    kind: Literal["bars"] = "bars"
    y: Axis
    groups: tuple[str, ...]
    series: tuple[BarSeries, ...]
    marks: tuple[Mark, ...] = ()
    horizontal: bool = False


class WaterfallStep(Document):
    """A step of a waterfall."""

    name: str
    value: float


class Waterfall(_Drawn):
    """How steps add up to a total."""

    kind: Literal["waterfall"] = "waterfall"
    y: Axis
    steps: tuple[WaterfallStep, ...]
    total: float


class Column(Document):
    """A list, the first on top."""

    title: str
    items: tuple[str, ...]


class Lists(_Drawn):
    """Two lists side by side, equal items joined."""

    kind: Literal["lists"] = "lists"
    columns: tuple[Column, ...]


class Table(_Drawn):
    """Rows of words and numbers."""

    kind: Literal["table"] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | MeasuredValue, ...], ...]


Figure: TypeAlias = Annotated[Lines | Scatter | Bars | Waterfall | Lists | Table, Field(discriminator="kind")]


def rounded(number: float | None) -> float | None:
    """To six digits."""
    return None if number is None else float(f"{number:.{_DIGITS}g}")


def over_seeds(values: Doubles | Sequence[float]) -> MeasuredValue:
    """The mean over seeds, (n,), with Student's 95 % interval; no interval for one seed."""
    found = np.asarray(values, np.float64)
    if len(found) == 1:
        return MeasuredValue(value=rounded(float(found[0])))
    return MeasuredValue(**{name: rounded(value) for name, value in interval(found).items()})


def curve(
    name: str,
    xs: Iterable[float],
    values: Doubles,
    style: Literal["line", "band", "dots"] = "line",
    labels: Sequence[str] | None = None,
) -> Series:
    """A line through the means over seeds of `values` (seeds, n), with intervals; what cannot be told is left out."""
    points = []
    for number, (x, column) in enumerate(zip(xs, np.asarray(values, np.float64).T, strict=True)):
        y = over_seeds(column)
        if y.value is not None:
            label = None if labels is None else labels[number]
            points.append(Point(x=float(f"{x:.{_DIGITS}g}"), y=y.value, low=y.low, high=y.high, label=label))
    return Series(name=name, points=tuple(points), style=style)


def bars(name: str, values: Iterable[Doubles | Sequence[float]]) -> BarSeries:
    """A bar for the mean over seeds of each group's values."""
    return BarSeries(name=name, values=tuple(over_seeds(of_group) for of_group in values))
