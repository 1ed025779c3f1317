"""What is to be sent when: a seeded trace of requests with intended times, as JSON lines.

Each line is `{"at": seconds, "method": "GET", "path": "/v1/…", "body": …}`, sorted by `at`; `body` is JSON or absent.
The same trace drives any server, so two systems can be compared on equal days.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Arrivals = Literal["poisson", "uniform"]


class TraceError(Exception):
    """A trace that cannot be read; the message names the line."""


@dataclass(frozen=True)
class Planned:
    """One request and when it is meant to leave."""

    at: float
    """Seconds after the start."""
    path: str
    method: str = "GET"
    body: Any = None
    """What JSON can hold; None: no body."""


def arrival_times(
    rate: float, seconds: float, rng: np.random.Generator, arrivals: Arrivals = "poisson"
) -> npt.NDArray[np.float64]:
    """Intended times in [0, seconds), ascending: exactly round(rate * seconds) of them.

    `uniform`: equal gaps of 1/rate. `poisson`: the times of a Poisson process given its count, which are sorted
    uniform draws (Kingman, Poisson Processes, 1993, section 2.4).
    """
    if rate <= 0 or seconds <= 0:
        raise ValueError("rate and seconds must be above 0")
    count = round(rate * seconds)
    if arrivals == "uniform":
        return np.arange(count) / rate
    return np.sort(rng.uniform(0.0, seconds, count))


def recommendation_paths(diners: Sequence[str], count: int, rng: np.random.Generator, k: int = 20) -> list[str]:
    """Paths that ask for the lists of `count` diners drawn at random."""
    chosen = rng.integers(0, len(diners), count)
    return [f"/v1/recommendations?user_id={diners[index]}&k={k}" for index in chosen]


def recommendation_trace(
    diners: Sequence[str], *, rate: float, seconds: float, seed: int, k: int = 20, arrivals: Arrivals = "poisson"
) -> list[Planned]:
    """Lists for random diners, `rate` a second; the same arguments give the same trace."""
    rng = np.random.default_rng(seed)
    times = arrival_times(rate, seconds, rng, arrivals)
    paths = recommendation_paths(diners, times.size, rng, k)
    return [Planned(float(at), path) for at, path in zip(times, paths, strict=True)]


def write_trace(trace: Iterable[Planned], path: Path) -> int:
    """Write a trace; return how many lines it has."""
    lines = 0
    with path.open("w", encoding="utf-8") as stream:
        for planned in trace:
            line: dict[str, Any] = {"at": round(planned.at, 6), "method": planned.method, "path": planned.path}
            if planned.body is not None:
                line["body"] = planned.body
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            lines += 1
    return lines


def read_trace(path: Path) -> Iterator[Planned]:
    """Read a trace; raise TraceError for a line that is none, or that goes back in time."""
    last = 0.0
    with path.open("rb") as stream:  # what is no UTF-8 is a line that is none
        for number, text in enumerate(stream, start=1):
            try:
                line = json.loads(text)
                planned = Planned(float(line["at"]), line["path"], line.get("method", "GET"), line.get("body"))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise TraceError(f"{path}, line {number}: {error}") from None
            if not planned.at >= last:
                raise TraceError(f"{path}, line {number}: its time {planned.at} is before the line above.")
            last = planned.at
            yield planned
