"""Contestants measured in turn, A-B-A-B, so that what drifts on the machine drifts for all of them.

Absolute figures of one machine move by a third from hour to hour; ratios inside one run do not.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from loadtests.closed_loop import run_closed_loop
from loadtests.processes import machine_busy_seconds, settle
from loadtests.servers import Server

QUIET_CORES = 0.08
"""A round in which others took more of a core than this is measured again, where there is still time for it."""


@dataclass(frozen=True)
class Contestant:
    """A server and what it is asked, in turn."""

    name: str
    server: Server
    paths: Sequence[str]
    headers: Mapping[str, str]

    def requests(self) -> list[bytes]:
        """The bytes of each request."""
        return [self.server.target.request(path, headers=self.headers) for path in self.paths]


@dataclass(frozen=True)
class Slice:
    """A contestant's share of one round."""

    throughput: float
    """Answers a second; the time has in it what the server did afterwards, its log."""
    cpu_us: float
    """CPU time of the server's processes for each answer, µs; also that of its log."""
    bytes_per_answer: float
    errors: int
    foreign_cores: float
    """Cores that neither the contestant nor the load generator was using; NaN where /proc does not tell."""


@dataclass(frozen=True)
class Spread:
    """Median of rounds, and the lowest and the highest of them."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Of one value a round."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])


Rounds = list[dict[str, Slice]]


def measure(contestant: Contestant, seconds: float, companions_cpu: Callable[[], float] = lambda: 0.0) -> Slice:
    """One slice: 16 keep-alive connections, each asking again when answered.

    `companions_cpu` is the CPU time of what belongs to the measurement but not to the server (its Redis).
    """

    def clocks() -> tuple[float, float, float]:
        own = contestant.server.cpu_seconds()
        return own, own + time.process_time() + companions_cpu(), machine_busy_seconds()

    own_before, ours_before, busy_before = clocks()
    result = run_closed_loop(contestant.server.target, contestant.requests(), seconds=seconds)
    own_after, ours_after, busy_after = clocks()
    owed = settle(contestant.server.pids)
    answers = max(result.answers, 1)
    foreign = (busy_after - busy_before) - (ours_after - ours_before)
    return Slice(
        throughput=result.answers / (result.seconds + owed),
        cpu_us=(own_after - own_before + owed) / answers * 1e6,
        bytes_per_answer=result.received_bytes / answers,
        errors=result.errors,
        foreign_cores=max(foreign, 0.0) / result.seconds,
    )


def interleave(
    contestants: Sequence[Contestant],
    *,
    rounds: int,
    seconds: float,
    companions_cpu: Callable[[], float] = lambda: 0.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Rounds:
    """At least `rounds` rounds, every second one in the opposite order; noisy ones are repeated, twice as many at most.

    Returns the `rounds` quietest.
    """
    for contestant in contestants:
        measure(contestant, min(seconds, 0.5), companions_cpu)
    taken: Rounds = []
    for number in range(2 * rounds):
        order = contestants if number % 2 == 0 else contestants[::-1]
        taken.append({each.name: measure(each, seconds, companions_cpu) for each in order})
        quiet = sum(is_quiet(each) for each in taken)
        progress(f"round {number + 1}: {quiet} of {rounds} quiet")
        if quiet >= rounds:
            break
    return sorted(taken, key=_noise)[:rounds]


def is_quiet(measured: dict[str, Slice]) -> bool:
    """Whether nobody else was busy in this round; also where that cannot be known."""
    return not _noise(measured) > QUIET_CORES


def _noise(measured: dict[str, Slice]) -> float:
    return max(each.foreign_cores for each in measured.values())


def ratio(rounds: Rounds, of: str, to: str, value: Callable[[Slice], float]) -> Spread:
    """`of` over `to`, round by round."""
    return Spread.of(value(each[of]) / max(value(each[to]), 1e-9) for each in rounds)


def spread(rounds: Rounds, of: str, value: Callable[[Slice], float]) -> Spread:
    """A figure of one contestant over the rounds."""
    return Spread.of(value(each[of]) for each in rounds)
