"""Draws figures as SVG or PNG, with matplotlib, which is an extra: the console draws them by itself.

The same figure gives the same bytes: ids are salted with a fixed word, and no date is written.
"""

import importlib.util
import io
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.lessons.figure import (
    Axis,
    Bars,
    Figure,
    Lines,
    Lists,
    Mark,
    MeasuredValue,
    Scatter,
    Series,
    Table,
    Waterfall,
)
from services.lessons.words import within
from services.simulation.figures import FigureError

SVG, PNG = "svg", "png"
_WIDTH: Final = 8.0
_HEIGHT: Final = 4.4
_WRAP: Final = 96
_CHARACTERS: Final = 112
"""That fit the width of a table in its type."""
_LEAST_APART: Final = 0.06
"""Of a logarithmic axis, between two of its numbers."""
_GRID, _SOFT = "0.9", "0.4"
_COLOURS: Final = ("#1b5e8a", "#b3541e", "#4a7c3a", "#7a4f8f", "#8a6d1b", "#5c5c5c")
_SETTINGS: Final[Mapping[str, Any]] = {
    "svg.hashsalt": "tablestakes",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def check() -> None:
    """Raise FigureError where figures could not be drawn, before the long work that comes first."""
    if importlib.util.find_spec("matplotlib") is None:
        raise FigureError("figures need matplotlib: pip install 'tablestakes[figures]'")


def draw(figure: Figure, form: str = SVG) -> bytes:
    """The figure as an SVG, or as a PNG; its sentence stands below. Raises FigureError where matplotlib is missing."""
    check()
    # Not the state machine of pyplot: a figure of its own needs no screen and leaves nothing behind.
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Drawing

    settings: Any = dict(_SETTINGS)
    with mpl.rc_context(settings):
        drawing = Drawing(figsize=(_WIDTH, _height(figure)), layout="constrained")
        (FigureCanvasSVG if form == SVG else FigureCanvasAgg)(drawing)
        axes = drawing.subplots()
        drawing.suptitle(figure.title, fontsize=11, fontweight="bold")
        _DRAW[figure.kind](axes, figure)
        drawing.supxlabel("\n".join(textwrap.wrap(figure.sentence, _WRAP)), fontsize=8, color=_SOFT)
        stream = io.BytesIO()
        drawing.savefig(stream, format=form, dpi=144, metadata={"Date": None} if form == SVG else None)
        return stream.getvalue()


def write(figures: Mapping[int, Figure], folder: Path, stem: str) -> None:
    """Each figure, by number, as `<stem>-<number>.svg` in the folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, figure in figures.items():
        (folder / f"{stem}-{number}.svg").write_bytes(draw(figure))


def _height(figure: Figure) -> float:
    """In inches: rows and lists need what they need."""
    match figure:
        case Table():
            return 1.0 + 0.14 * sum(_lines_of(row) + 1 for row in _wrapped(figure))
        case Lists():
            return 1.5 + 0.24 * max(len(column.items) for column in figure.columns)
        case Bars() if figure.horizontal:
            return 1.6 + 0.22 * len(figure.groups) * (len(figure.series) + 1)
        case _:
            return _HEIGHT


def _lines(axes: Any, figure: Lines | Scatter) -> None:
    for number, series in enumerate(figure.series):
        _series(axes, series, _COLOURS[number % len(_COLOURS)])
    if isinstance(figure, Scatter) and figure.front:
        front = _front(figure)
        axes.step([x for x, _ in front], [y for _, y in front], where="post", color=_SOFT, linewidth=0.8, zorder=0)
    _axis(axes.set_xlabel, axes.set_xscale, figure.x)
    _axis(axes.set_ylabel, axes.set_yscale, figure.y)
    _marks(axes, figure.marks)
    if figure.x.scale == "log":
        xs = _ticks({point.x for series in figure.series for point in series.points})
        axes.set_xticks(xs, [f"{x:.2g}" for x in xs])
        axes.minorticks_off()
    _finish(axes, len(figure.series) > 1)


def _ticks(xs: set[float]) -> list[float]:
    """Of a logarithmic axis: the points' own places, but for those that are too near the one before to be read."""
    ordered = sorted(xs)
    apart = math.log(ordered[-1] / ordered[0]) * _LEAST_APART
    kept = ordered[:1]
    for x in ordered[1:]:
        if math.log(x / kept[-1]) >= apart:
            kept.append(x)
    return kept


def _series(axes: Any, series: Series, colour: str) -> None:
    xs, ys = [point.x for point in series.points], [point.y for point in series.points]
    known = [point for point in series.points if point.low is not None and point.high is not None]
    if series.style == "dots":
        axes.plot(xs, ys, "o", color=colour, label=series.name, markersize=4)
        reach = [[p.y - (p.low or 0.0) for p in known], [(p.high or 0.0) - p.y for p in known]]
        axes.errorbar([p.x for p in known], [p.y for p in known], yerr=reach, fmt="none", ecolor=colour, elinewidth=0.8)
    else:
        axes.plot(xs, ys, "-" if series.style == "band" else "o-", color=colour, label=series.name, markersize=3)
        lows, highs = [p.low for p in known], [p.high for p in known]
        axes.fill_between([p.x for p in known], lows, highs, color=colour, alpha=0.15, linewidth=0)
    for point in series.points:
        if point.label:
            axes.annotate(point.label, (point.x, point.y), xytext=(5, 5), textcoords="offset points", fontsize=8)


def _front(figure: Scatter) -> list[tuple[float, float]]:
    """The points to whose left, or at which, none is higher."""
    front: list[tuple[float, float]] = []
    for x, y in sorted((p.x, -p.y) for series in figure.series for p in series.points):
        if not front or -y > front[-1][1]:
            front.append((x, -y))
    return front


def _bars(axes: Any, figure: Bars) -> None:
    size = 0.8 / len(figure.series)
    for number, series in enumerate(figure.series):
        shift = (number - (len(figure.series) - 1) / 2.0) * size
        there = [(at + shift, one) for at, one in enumerate(series.values) if one is not None and one.value is not None]
        places, values = [at for at, _ in there], [one.value or 0.0 for _, one in there]
        reach = [[_below(one) for _, one in there], [_above(one) for _, one in there]]
        look = {"color": _COLOURS[number % len(_COLOURS)], "label": series.name, "ecolor": _SOFT, "capsize": 2}
        if figure.horizontal:
            axes.barh(places, values, size, xerr=reach, **look)
        else:
            axes.bar(places, values, size, yerr=reach, **look)
    ticks = range(len(figure.groups))
    if figure.horizontal:
        axes.set_yticks(ticks, figure.groups)
        axes.invert_yaxis()
        axes.axvline(0.0, color="0.2", linewidth=0.8)
        _axis(axes.set_xlabel, axes.set_xscale, figure.y)
    else:
        axes.set_xticks(ticks, ["\n".join(textwrap.wrap(group, 20)) for group in figure.groups])
        axes.axhline(0.0, color="0.2", linewidth=0.8)
        _axis(axes.set_ylabel, axes.set_yscale, figure.y)
    _marks(axes, figure.marks)
    _finish(axes, len(figure.series) > 1)


def _below(one: MeasuredValue) -> float:
    return 0.0 if one.low is None or one.value is None else max(one.value - one.low, 0.0)


def _above(one: MeasuredValue) -> float:
    return 0.0 if one.high is None or one.value is None else max(one.high - one.value, 0.0)


def _waterfall(axes: Any, figure: Waterfall) -> None:
    begun = 0.0
    for number, step in enumerate(figure.steps):
        axes.bar(number, step.value, bottom=begun, color=_COLOURS[0 if step.value >= 0.0 else 1])
        begun += step.value
    axes.bar(len(figure.steps), figure.total, color=_SOFT)
    names = [*(step.name for step in figure.steps), "total"]
    axes.set_xticks(range(len(names)), ["\n".join(textwrap.wrap(name, 14)) for name in names])
    axes.axhline(0.0, color="0.2", linewidth=0.8)
    _axis(axes.set_ylabel, axes.set_yscale, figure.y)
    _finish(axes, False)


def _lists(axes: Any, figure: Lists) -> None:
    longest = max(len(column.items) for column in figure.columns)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(longest + 0.5, -1.0)
    axes.set_axis_off()
    sides = ((0.40, "right"), (0.60, "left"))
    for (x, side), column in zip(sides, figure.columns, strict=False):
        axes.text(x, -0.5, column.title, ha=side, fontweight="bold")
        for row, item in enumerate(column.items):
            axes.text(
                x, row + 0.5, f"{row + 1}  {item}" if side == "left" else f"{item}  {row + 1}", ha=side, va="center"
            )
    first, second = figure.columns[0].items, figure.columns[-1].items
    for row, item in enumerate(first):
        if item in second:
            axes.plot([0.41, 0.59], [row + 0.5, second.index(item) + 0.5], color=_COLOURS[0], linewidth=0.9)


def _table(axes: Any, figure: Table) -> None:
    axes.set_axis_off()
    head, *rows = _wrapped(figure)
    drawn = axes.table(
        rows, colLabels=head, loc="upper center", cellLoc="left", colLoc="left", colWidths=_widths(figure)
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    heights = [_lines_of(row) for row in (head, *rows)]
    for (row, _), cell in drawn.get_celld().items():
        cell.set_height((heights[row] + 1) / (sum(heights) + len(heights)))
        cell.set_edgecolor(_GRID)
        if row == 0:
            cell.set_text_props(fontweight="bold")


def _widths(figure: Table) -> list[float]:
    """Shares of the width, by the longest text of each column; short ones get room enough, long ones are wrapped."""
    columns = zip(figure.columns, *figure.rows, strict=True)
    sizes = [min(max(max(len(cell_text(cell)) for cell in column), 10), 80) for column in columns]
    return [size / sum(sizes) for size in sizes]


def _wrapped(figure: Table) -> list[list[str]]:
    """The head and the rows, each cell in lines that fit its column."""
    widths = [max(8, int(_CHARACTERS * width)) for width in _widths(figure)]
    return [
        ["\n".join(textwrap.wrap(cell_text(cell), width)) for cell, width in zip(row, widths, strict=True)]
        for row in (figure.columns, *figure.rows)
    ]


def _lines_of(row: Sequence[str]) -> int:
    return max(cell.count("\n") for cell in row) + 1


def cell_text(cell: str | float | MeasuredValue) -> str:
    """What stands in a cell of a table."""
    match cell:
        case str():
            return cell
        case MeasuredValue():
            return within(cell)
        case _:
            return f"{cell:g}"


def _axis(label: Callable[[str], object], scale: Callable[[str], object], axis: Axis) -> None:
    label(axis.label if axis.unit is None else f"{axis.label} ({axis.unit})")
    if axis.scale == "log":
        scale("log")


def _marks(axes: Any, marks: Sequence[Mark]) -> None:
    for mark in marks:
        line, place = (axes.axvline, (mark.at, 1.0)) if mark.axis == "x" else (axes.axhline, (1.0, mark.at))
        line(mark.at, color=_SOFT, linewidth=0.8, linestyle="--")
        along = ("data", "axes fraction") if mark.axis == "x" else ("axes fraction", "data")
        axes.annotate(mark.label, place, xycoords=along, ha="right", va="bottom", fontsize=8, color=_SOFT)


def _finish(axes: Any, legend: bool) -> None:
    axes.grid(visible=True, color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    if legend:
        axes.legend(frameon=False, fontsize=8)


_DRAW: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    "lines": _lines,
    "scatter": _lines,
    "bars": _bars,
    "waterfall": _waterfall,
    "lists": _lists,
    "table": _table,
}
