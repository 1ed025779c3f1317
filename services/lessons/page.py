"""A lesson as a page: Markdown for the documents, and one HTML file that needs nothing else."""

import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from services.lessons.drawing import cell_text, draw
from services.lessons.figure import Figure, Table
from services.lessons.lesson import Claim, Headline, Lesson, Outcome
from services.lessons.words import number

_TEMPLATE: Final = "lesson.html"
_STYLE: Final = "lesson.css"
_HEAD: Final = re.compile(rb"^.*?(?=<svg)", re.DOTALL)


def html(lesson: Lesson, outcome: Outcome) -> str:
    """One file with its figures within: no script, no font, no server. Raises FigureError without matplotlib."""
    shown = [(one, None if isinstance(one, Table) else _picture(one)) for one in outcome.figures]
    return _environment().get_template(_TEMPLATE).render(lesson=lesson, outcome=outcome, shown=shown, style=_style())


def markdown(lesson: Lesson, outcome: Outcome) -> str:
    """A page of the documents; its figures lie beside it as `figures/<number>-<slug>-<n>.svg`."""
    parts = [
        f"# {lesson.number}. {lesson.title}",
        f"*{lesson.question}*",
        f"    {lesson.command}",
        f"In the console: `/lessons/{lesson.number}`. {about(outcome)}",
    ]
    for at, figure in enumerate(outcome.figures, 1):
        if isinstance(figure, Table):
            parts += [f"**{figure.title}**", figure.sentence, _rows(figure)]
        else:
            parts.append(f"![{figure.title}. {figure.sentence}](figures/{stem(lesson)}-{at}.svg)")
    parts += ["## The numbers", _numbers(outcome.numbers)]
    parts += ["## What was claimed, and whether it held", _claims(outcome.claims)]
    parts += ["## How to read it", outcome.reading]
    parts += ["## What would change it", "\n".join(f"- {line}" for line in lesson.would_change)]
    return "\n\n".join(parts) + "\n"


def stem(lesson: Lesson) -> str:
    """Of the file names of a lesson."""
    return f"{lesson.number}-{lesson.slug}"


def about(outcome: Outcome) -> str:
    """What the figures rest on, in a sentence."""
    made = outcome.provenance
    sizes = ", ".join(f"{made.setting[name]:,} {name}" for name in ("restaurants", "diners") if name in made.setting)
    form = "a short run" if outcome.short else "a full run"
    at = "" if made.commit is None else f" of commit `{made.commit}`"
    return (
        f"Of {form}{at}: {len(made.seeds)} cities of {sizes}; 95 % intervals over cities; "
        f"{made.cpu_seconds:.0f} s of CPU."
    )


def measured_text(one: Headline | Claim) -> str:
    """A number with its interval and unit."""
    value = one.measured if isinstance(one, Claim) else one
    text = number(value.value)
    if value.low is not None and value.high is not None:
        text += f" [{number(value.low)}, {number(value.high)}]"
    return text if one.unit is None else f"{text} {one.unit}"


def _rows(figure: Table) -> str:
    cells = [[cell_text(cell) for cell in row] for row in figure.rows]
    lines = [figure.columns, ["---"] * len(figure.columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _picture(figure: Figure) -> Markup:
    """An SVG without the head that a file of its own has."""
    return Markup(_HEAD.sub(b"", draw(figure)).decode())  # noqa: S704 - drawn here


def _numbers(numbers: tuple[Headline, ...]) -> str:
    rows = [f"| {one.name} | {measured_text(one)} |" for one in numbers]
    return "\n".join(["| | |", "|---|---|", *rows])


def _claims(claims: tuple[Claim, ...]) -> str:
    rows = [
        f"| {one.sentence} | {'above' if one.sign > 0 else 'below'} 0 | {measured_text(one)} | "
        f"{'yes' if one.holds else '**no**'} |"
        for one in claims
    ]
    return "\n".join(["| claim | must be | measured | held |", "|---|---|---|---|", *rows])


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("services.lessons", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    helpers: dict[str, Any] = {"about": about, "measured": measured_text, "cell": cell_text}
    found.globals.update(helpers)
    return found


@cache
def _style() -> Markup:
    return Markup(files("services.lessons").joinpath("templates", _STYLE).read_text("utf-8"))  # noqa: S704 - our own file
