"""What a scenario is made of, and what one run of it leaves behind."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from loadtests.intervals import Interval

if TYPE_CHECKING:
    from loadtests.scenarios.stage import Stage

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How much of a scenario is run. Two runs are compared only where all of this is equal."""

    scenario: str
    seconds: float
    """Of offered load, more or less: scenarios with steps cut it up."""
    rate: float
    """Requests a second in the quiet parts."""
    restaurants: int = 1_000
    diners: int = 2_000
    workers: int = 1
    seed: int = 1
    pinned: bool = True
    """The server on core 0; the generator and Redis on core 1."""
    warm_up_seconds: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        return asdict(self)


@dataclass(frozen=True)
class Segment:
    """A stretch of the run with one offered rate, named for what is going on in it."""

    name: str
    rate: float
    seconds: float


@dataclass(frozen=True)
class Happening:
    """Something that is done to the system at a time, counted from the intended time of the first request."""

    at: float
    what: str
    do: Callable[[], object]


@dataclass(frozen=True)
class Happened:
    """When it was really done, seconds after the begin of the recording, and how long that took."""

    at: float
    what: str
    seconds: float


@dataclass(frozen=True)
class Check:
    """Something that must hold for the run to be a good one."""

    what: str
    held: bool
    found: str


@dataclass(frozen=True)
class Figure:
    """A figure that is compared with the last report's."""

    name: str
    unit: str
    measured: Interval
    more_is_worse: bool = True


@dataclass(frozen=True)
class Phase:
    """A segment as it was run."""

    name: str
    begin: float
    """Seconds after the begin of the recording."""
    rate: float
    seconds: float


@dataclass
class Recording:
    """All requests of a run in their order, and what was done meanwhile. Times count from the first offer's begin."""

    phases: list[Phase] = field(default_factory=list)
    phase_of: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    at: Floats = field(default_factory=lambda: np.empty(0))
    """(n,) intended times."""
    waited: Floats = field(default_factory=lambda: np.empty(0))
    """(n,) seconds from the intended time to the answer."""
    answers: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    """(n,) statuses; `LOST`, `UNANSWERED`."""
    lists: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    """(n,) whether it asked for recommendations."""
    degraded: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    """(n,) whether the list said that something was missing."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Codes of degraded lists."""
    timings: list[bytes] = field(default_factory=list)
    """Values of `Server-Timing`."""
    happened: list[Happened] = field(default_factory=list)
    lag: Floats = field(default_factory=lambda: np.empty(0))
    """p99 of the generator's lag in each offer, ms."""
    began_at: float = float("nan")
    """`time.perf_counter` of the first offer's begin."""
    problems: list[str] = field(default_factory=list)
    """Why the run must not be quoted."""

    def of(self, phase: str) -> npt.NDArray[np.int64]:
        """Indices of the requests of all segments with this name."""
        numbers = [number for number, each in enumerate(self.phases) if each.name == phase]
        return np.flatnonzero(np.isin(self.phase_of, numbers))

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """(n,) answered with 2xx."""
        return (self.answers >= 200) & (self.answers < 300)

    def when(self, what: str) -> Happened:
        """The first happening of this name; KeyError where there was none."""
        for each in self.happened:
            if each.what == what:
                return each
        raise KeyError(what)


@dataclass
class Outcome:
    """What a scenario makes of its recording, beside what every report says."""

    checks: list[Check] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scenario:
    """One of the registry."""

    name: str
    summary: str
    """One line: what happens, and what is looked for."""
    seconds: float
    """By default."""
    rate: float
    """By default, requests a second."""
    play: "Callable[[Stage], Outcome]"
    """Offer the load on a stage, and judge what came of it."""
    needs: Sequence[Literal["two versions"]] = ()
    """What the home must have beside a champion."""


def answered(recording: Recording) -> Check:
    """The check of every scenario without overload: all requests got a 2xx."""
    bad = Counter(recording.answers[~recording.good].tolist())
    found = ", ".join(f"{count} x {NAMES.get(status, status)}" for status, count in sorted(bad.items()))
    return Check("every request is answered with 2xx", not bad, found or f"{recording.at.size:,} of them")


NAMES = {0: "connection lost", -1: "never answered"}
