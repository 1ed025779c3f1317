"""A page for people: sections of a few kinds of blocks, which each form (Markdown, HTML) writes in its own way.

What is in a page is words and numbers, never markup: the forms escape all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from models.cards.figures import Figure, Kind, exact, with_interval


@dataclass(frozen=True)
class Quantity:
    """A number in a cell, written once for all forms."""

    figure: Figure
    kind: Kind = "plain"
    full: float | None = None
    """What fills a bar beside it; None: there is no bar."""

    @property
    def text(self) -> str:
        """The number with its interval."""
        return with_interval(self.figure, self.kind)

    @property
    def fill(self) -> float | None:
        """(0..1) of the bar."""
        return None if not self.full else min(1.0, max(0.0, self.figure.value / self.full))


@dataclass(frozen=True)
class Code:
    """A name that programs know: a version, a parameter, a feature."""

    text: str


Cell: TypeAlias = str | Quantity | Code


def count(number: float) -> Quantity:
    """A count in a cell."""
    return Quantity(exact(float(number)), "count")


@dataclass(frozen=True)
class Paragraph:
    """Prose."""

    text: str
    block: str = field(default="paragraph", init=False)


@dataclass(frozen=True)
class Absent:
    """What is not there, and why."""

    text: str
    block: str = field(default="absent", init=False)


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]
    block: str = field(default="bullets", init=False)


@dataclass(frozen=True)
class Facts:
    """Names and what they are."""

    rows: Sequence[tuple[str, Cell]]
    block: str = field(default="facts", init=False)


@dataclass(frozen=True)
class Table:
    """Rows under a caption; the first cell of a row is its head."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    block: str = field(default="table", init=False)


Block: TypeAlias = Paragraph | Absent | Bullets | Facts | Table


@dataclass(frozen=True)
class Section:
    """A part of a page with a name to point at."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole page."""

    title: str
    lead: str
    sections: Sequence[Section]
    foot: str
