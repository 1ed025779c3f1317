"""The report of a run for people: one HTML file with nothing outside of it, light or dark as the reader has it."""

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from loadtests.charts import Line, Mark, chart
from loadtests.documents import Document
from loadtests.histogram import Histogram

_TEMPLATES = Path(__file__).with_name("templates")
_PERCENTILES = (0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99)


def page(found: Document) -> str:
    """The whole report as HTML."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(number=number, measured=measured)
    return environment.get_template("report.html").render(report=found, charts=_charts(found))


def number(value: float | None) -> str:
    """Three significant digits, or all before the point.

    >>> number(1234.5), number(0.01234), number(None)
    ('1,234', '0.0123', '–')
    """
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def measured(fields: dict[str, Any]) -> str:
    """A figure with its interval."""
    if fields["low"] is None or fields["high"] is None:
        return number(fields["value"])
    return f"{number(fields['value'])} ({number(fields['low'])} – {number(fields['high'])})"


def _charts(found: Document) -> list[tuple[str, Markup]]:
    timeline, marks = found["timeline"], [Mark(each["at"], each["what"]) for each in found["happened"]]
    at = [each["at"] for each in timeline]
    drawn = [
        (
            "Latency from the intended time",
            chart(
                [
                    Line(name, at, [each[key] for each in timeline])
                    for name, key in (("p50", "p50_ms"), ("p99", "p99_ms"), ("longest", "max_ms"))
                ],
                x_label="seconds",
                y_label="ms",
                logarithmic=True,
                marks=marks,
            ),
        ),
        (
            "Requests a second, those without a 2xx, and degraded lists",
            chart(
                [
                    Line(name, at, [each[key] / each["seconds"] for each in timeline])
                    for name, key in (("due", "requests"), ("without a 2xx", "failed"), ("degraded", "degraded"))
                ],
                x_label="seconds",
                y_label="a second",
                marks=marks,
            ),
        ),
        (
            "Latency by percentile",
            chart(
                [_by_percentile(each["name"], Histogram.from_json(each["histogram"])) for each in found["phases"]],
                x_label="percentile",
                y_label="ms",
                logarithmic=True,
                x_ticks=[(_nines(each), f"{each:g}") for each in (0.0, 90.0, 99.0, 99.9, 99.99)],
            ),
        ),
        (
            "Memory in RAM",
            chart(
                [
                    Line(
                        name,
                        found["processes"]["at"],
                        [None if each is None else each / 1024 for each in process["rss_kib"]],
                    )
                    for name, process in found["processes"]["by_name"].items()
                ],
                x_label="seconds",
                y_label="MiB",
            ),
        ),
    ]
    return [(title, picture) for title, picture in drawn if picture]


def _nines(percentile: float) -> float:
    """Percentiles by how many nines they have, as HdrHistogram plots them."""
    return -math.log10(1.0 - percentile / 100.0)


def _by_percentile(name: str, histogram: Histogram) -> Line:
    """As far out as the run had requests for."""
    known = [each for each in _PERCENTILES if histogram.total * (1 - each / 100) >= 1]
    return Line(name, [_nines(each) for each in known], [histogram.quantile_ms(each / 100) for each in known])
