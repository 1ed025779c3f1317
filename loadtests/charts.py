"""Charts of a report as inline SVG: lines over time with what happened, and latency by percentile.

No library and no script. Colours are CSS variables of the page, so they follow light and dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 760.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 12.0, 16.0, 34.0
_TICKS: Final = 6
_COLOURS: Final = 6
"""Variables --line-0 … of the page."""


@dataclass(frozen=True)
class Line:
    """One curve; None is a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]


@dataclass(frozen=True)
class Mark:
    """Something that happened at x, and what."""

    x: float
    text: str


def chart(
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    logarithmic: bool = False,
    marks: Sequence[Mark] = (),
    x_ticks: Sequence[tuple[float, str]] | None = None,
) -> Markup:
    """The SVG; empty where there is nothing to draw."""
    values = [y for line in lines for y in line.y if y is not None and (y > 0 or not logarithmic)]
    across = [x for line in lines for x in line.x]
    if not values or not across:
        return Markup("")
    y_axis = _Axis.over(values, _HEIGHT - _BOTTOM, _TOP, logarithmic)
    x_axis = _Axis(min(across), max(max(across), min(across) + 1e-9), _LEFT, _WIDTH - _RIGHT, False)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(y_label)} by {escape(x_label)}">'
    ]
    for tick in y_axis.ticks():
        y = y_axis.place(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
    for tick, text in x_ticks or [(tick, f"{tick:g}") for tick in x_axis.ticks()]:
        x = x_axis.place(tick)
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 14}" text-anchor="middle">{escape(text)}</text>'
        )
    for number, mark in enumerate(marks):
        x = x_axis.place(mark.x)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(
            f'<text class="note" x="{x + 3:.1f}" y="{_TOP + 9 + 11 * (number % 3)}">{escape(mark.text)}</text>'
        )
    parts += [_path(line, x_axis, y_axis, number % _COLOURS) for number, line in enumerate(lines)]
    parts.append(f'<text class="label" x="{_LEFT}" y="{_TOP - 5}">{escape(y_label)}</text>')
    parts.append(
        f'<text class="label" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">{escape(x_label)}</text></svg>'
    )
    legend = "".join(
        f'<span><i style="background:var(--line-{number % _COLOURS})"></i>{escape(line.name)}</span>'
        for number, line in enumerate(lines)
    )
    return Markup("".join(parts) + f'<p class="legend">{legend}</p>')


def _path(line: Line, x_axis: "_Axis", y_axis: "_Axis", colour: int) -> str:
    """One path; a gap lifts the pen."""
    steps, down = [], False
    for x, y in zip(line.x, line.y, strict=True):
        if y is None or (y_axis.logarithmic and y <= 0):
            down = False
            continue
        steps.append(f"{'L' if down else 'M'}{x_axis.place(x):.1f} {y_axis.place(y):.1f}")
        down = True
    return f'<path class="line" style="stroke:var(--line-{colour})" d="{"".join(steps)}"/>'


@dataclass(frozen=True)
class _Axis:
    least: float
    most: float
    begin: float
    end: float
    logarithmic: bool

    @classmethod
    def over(cls, values: Sequence[float], begin: float, end: float, logarithmic: bool) -> "_Axis":
        """Whole decades, or from zero (from near the least, where that is far off) to a little above the most."""
        low, high = min(values), max(values)
        if logarithmic:
            least, most = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
            return cls(least, max(most, 10 * least), begin, end, True)
        least = 0.0 if low < high / 2 or low <= 0 else low - 0.1 * (high - low)
        return cls(least, high + 0.05 * (high - least) + 1e-9, begin, end, False)

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        if self.logarithmic:
            share = math.log(value / self.least) / math.log(self.most / self.least)
        else:
            share = (value - self.least) / (self.most - self.least)
        return self.begin + share * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Round numbers within."""
        if self.logarithmic:
            decades = round(math.log10(self.most / self.least))
            return [self.least * 10.0**power for power in range(decades + 1)]
        raw = (self.most - self.least) / _TICKS
        unit = 10.0 ** math.floor(math.log10(raw))
        step = next(unit * each for each in (1, 2, 5, 10) if unit * each >= raw)
        first = math.ceil(self.least / step)
        return [number * step for number in range(first, math.floor(self.most / step) + 1)]
