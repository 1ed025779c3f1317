"""What a durable event costs: `python -m loadtests.event_commits [--url URL] [--rounds N] [--seconds S]`.

In turn, a round each, so that all meet the same machine:

    alone       one caller, one transaction an event: what every event would cost without group commit
    gathered    64 callers at once, each waits for its acknowledgement before it sends the next (closed loop)
    at a rate   events arrive at fixed times, 5,000 a second; latency counts from the intended time (open loop)

Medians over the rounds, with the best and the worst. Without --url: SQLite in a temporary folder.
"""

import argparse
import asyncio
import itertools
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from data.columns import EventType
from services.database.engine import migrate, open_database
from services.events.commit import GroupCommit
from services.events.log import Event, EventLog

CALLERS = 64
RATE = 5_000
_TICK_SECONDS = 0.002


@dataclass(frozen=True)
class Round:
    """One measurement."""

    events_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """CPU of this process an event, all threads, its callers included: the figure that other load disturbs least."""


def fresh_events() -> Iterator[Event]:
    """Clicks with ids like those of real clients."""
    at = datetime.now(UTC)
    for number in itertools.count():
        yield Event(
            event_id=secrets.token_hex(16),
            type=EventType.CLICK,
            market="aldermoor",
            user_id=f"d{number * 7_919 % 20_000}",
            restaurant_id=f"r{number % 1_000}",
            request_id=secrets.token_hex(16),
            at=at,
        )


class Stopwatch:
    """Collects latencies in seconds from its creation on."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.began = time.perf_counter()
        self._cpu_began = time.process_time()

    def running(self, seconds: float) -> bool:
        """Whether less time than this has passed."""
        return time.perf_counter() < self.began + seconds

    def add(self, sent: float) -> None:
        """An acknowledgement came now."""
        self.latencies.append(time.perf_counter() - sent)

    def round(self) -> Round:
        """The result so far."""
        seconds, cpu = time.perf_counter() - self.began, time.process_time() - self._cpu_began
        count = len(self.latencies)
        p50, p99 = np.percentile(np.asarray(self.latencies) * 1e3, [50, 99])
        return Round(count / seconds, float(p50), float(p99), cpu / count * 1e6)


def alone(log: EventLog, events: Iterator[Event], seconds: float) -> Round:
    """One transaction an event, one after another."""
    watch = Stopwatch()
    while watch.running(seconds):
        sent = time.perf_counter()
        log.append([next(events)])
        watch.add(sent)
    return watch.round()


async def gathered(log: EventLog, events: Iterator[Event], seconds: float) -> Round:
    """64 callers in a closed loop."""
    async with GroupCommit(log) as commit:
        watch = Stopwatch()

        async def caller() -> None:
            while watch.running(seconds):
                sent = time.perf_counter()
                await commit.append([next(events)])
                watch.add(sent)

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return watch.round()


async def at_a_rate(log: EventLog, events: Iterator[Event], seconds: float) -> Round:
    """5,000 events a second, whether the earlier ones are acknowledged or not."""
    watch = Stopwatch()

    async def deliver(intended: float) -> None:
        await commit.append([next(events)])
        watch.add(intended)

    async with GroupCommit(log) as commit, asyncio.TaskGroup() as tasks:
        sent = 0
        while sent < RATE * seconds:
            while sent < min((time.perf_counter() - watch.began) * RATE, RATE * seconds):
                tasks.create_task(deliver(watch.began + sent / RATE))
                sent += 1
            await asyncio.sleep(_TICK_SECONDS)
    return watch.round()


def measure(url: str, rounds: int, seconds: float) -> dict[str, list[Round]]:
    """Rounds of each way in turn, on one database that grows."""
    engine = open_database(url)
    migrate(engine)
    log, events = EventLog(engine), fresh_events()
    results: dict[str, list[Round]] = {"alone": [], "gathered": [], "at a rate": []}
    for _ in range(rounds):
        results["alone"].append(alone(log, events, seconds))
        results["gathered"].append(asyncio.run(gathered(log, events, seconds)))
        results["at a rate"].append(asyncio.run(at_a_rate(log, events, seconds)))
    engine.dispose()
    return results


def table(results: dict[str, list[Round]]) -> str:
    """The results as text."""
    lines = [f"{'':<10}{'events/s':>26}{'ack p50 ms':>24}{'ack p99 ms':>24}{'CPU µs an event':>24}"]
    for name, rounds in results.items():
        columns = zip(*((one.events_per_second, one.p50_ms, one.p99_ms, one.cpu_us) for one in rounds), strict=True)
        rate, p50, p99, cpu = (
            _spread(values, form) for values, form in zip(columns, (",.0f", ".2f", ".2f", ".0f"), strict=True)
        )
        lines.append(f"{name:<10}{rate:>26}{p50:>24}{p99:>24}{cpu:>24}")
    return "\n".join(lines)


def _spread(values: Sequence[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="", help="a database to fill with events; by default a temporary one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/events.db"
        print(table(measure(url, options.rounds, options.seconds)))


if __name__ == "__main__":
    main()
