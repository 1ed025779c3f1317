"""What a lesson is: a question, a run that measures over seeds, and claims that can turn out to be wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
from pydantic import AwareDatetime, Field

from services.fan_out import Engine
from services.lessons.figure import Document, Doubles, Figure, MeasuredValue, over_seeds
from services.provenance import Program, machine

MOST_SEEDS: Final = 64
FEWEST_SEEDS: Final = 2

Progress = Callable[[str, float], object]
"""What is done now, and the share of everything that is done, 0 to 1."""


class Headline(Document):
    """One of the numbers to remember."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str | None = None


class Claim(Document):
    """A sentence that the run could have refuted."""

    sentence: str
    sign: Literal[-1, 1] = Field(description="That the measured number must have.")
    measured: MeasuredValue = Field(description="Over seeds, 95 %.")
    unit: str | None = None
    asserted: bool = Field(description="In a short run only the main claims are asserted, the rest is told.")
    holds: bool = Field(
        description="Whether the interval is wholly on the sign's side; in a short run, whether every seed is."
    )


class Provenance(Document):
    """What the figures are a function of, and where they were made."""

    made_at: AwareDatetime
    commit: str | None = Field(description="Of the source, where it is in a repository; `-dirty` with changes on top.")
    code: str = Field(description="SHA-256 of the source.")
    data: str = Field(description="SHA-256 of what the cities are made from: source, setting and seeds.")
    seeds: tuple[int, ...]
    setting: dict[str, Any]
    machine: dict[str, Any]
    python: str
    libraries: dict[str, str | None]
    seconds: float = Field(ge=0.0, description="That it took, on a machine that may have been busy.")
    cpu_seconds: float = Field(
        ge=0.0, description="Of all its processes: what half of it is, is its time on two quiet cores."
    )


class Outcome(Document):
    """What came of a run."""

    lesson: int = Field(ge=1)
    short: bool
    figures: tuple[Figure, ...]
    numbers: tuple[Headline, ...]
    claims: tuple[Claim, ...]
    reading: str = Field(description="In plain words; paragraphs are parted by an empty line.")
    provenance: Provenance

    @property
    def broken(self) -> tuple[Claim, ...]:
        """Claims that are asserted and did not hold."""
        return tuple(claim for claim in self.claims if claim.asserted and not claim.holds)


@dataclass(frozen=True)
class Asked:
    """How a lesson is to be run."""

    seeds: tuple[int, ...]
    short: bool = False
    engine: Engine = Engine()  # noqa: RUF009 - a value
    progress: Progress = field(default=lambda _text, _share: None)
    spent: list[float] = field(default_factory=list, repr=False)
    """CPU seconds of other processes, as they report them."""

    def number(self, name: str, values: Doubles, unit: str | None = None) -> Headline:
        """The mean over seeds of `values` (n,)."""
        return Headline(name=name, unit=unit, **over_seeds(values).model_dump())

    def claim(
        self, sentence: str, values: Doubles, sign: Literal[-1, 1], unit: str | None = None, main: bool = False
    ) -> Claim:
        """That the mean of `values` (n,), one for each seed, has this sign.

        Of a few seeds an interval says little: a short run asks every single one of them, and only about `main` claims.
        """
        measured = over_seeds(values)
        bound = measured.low if sign > 0 else measured.high
        if self.short:
            holds = bool(np.all(sign * np.asarray(values) > 0.0))
        else:
            holds = bound is not None and sign * bound > 0.0
        asserted = main or not self.short
        return Claim(sentence=sentence, sign=sign, measured=measured, unit=unit, asserted=asserted, holds=holds)


@dataclass(frozen=True)
class Findings:
    """What a lesson found, before anyone has asked how it came about."""

    figures: tuple[Figure, ...]
    numbers: tuple[Headline, ...]
    claims: tuple[Claim, ...]
    reading: str
    setting: Mapping[str, Any]
    """Sizes and dials that the figures hang on."""


@dataclass(frozen=True)
class Lesson:
    """A lesson: its texts, and what it runs."""

    number: int
    slug: str
    title: str
    question: str
    """The article's, in one sentence."""
    would_change: tuple[str, ...]
    """What would change the conclusion."""
    seeds: int
    """Cities of a full run: it is under two minutes on two quiet cores with them."""
    short_seeds: int
    """Cities of a short run, which takes seconds."""
    run: Callable[[Asked], Findings]

    @property
    def command(self) -> str:
        """That runs it."""
        return f"tablestakes lesson {self.number}"

    def seeds_of(self, short: bool) -> int:
        """How many cities a run has where nobody says."""
        return self.short_seeds if short else self.seeds


def measured_by(
    lesson: Lesson, asked: Asked, found: Findings, own: Program, made_at: datetime, seconds: float, cpu: float
) -> Outcome:
    """What was found, with all that it takes to find it again; `own` is the program as it was when it began."""
    about = {"lesson": lesson.number, "setting": dict(found.setting), "seeds": list(asked.seeds)}
    return Outcome(
        lesson=lesson.number,
        short=asked.short,
        figures=found.figures,
        numbers=found.numbers,
        claims=found.claims,
        reading=found.reading,
        provenance=Provenance(
            made_at=made_at,
            commit=own.commit,
            code=own.code,
            data=own.digest(about),
            seeds=asked.seeds,
            setting=dict(found.setting),
            machine=machine(),
            python=own.python,
            libraries=dict(own.libraries),
            seconds=round(seconds, 1),
            cpu_seconds=round(cpu, 1),
        ),
    )
