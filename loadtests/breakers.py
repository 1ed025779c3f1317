"""What a circuit breaker costs and lets through: `python -m loadtests.breakers`.

Ours, and those of the kept libraries that are installed; they are no dependencies. For each: microseconds of a call
that is let through and of one that is refused, and how many of 100 callers at once get through when it is half-open.
"""

import asyncio
import importlib.metadata
import statistics
import time
import timeit
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from services.features.breaker import REFUSED, CircuitBreaker

_CALLS = 20_000
_ROUNDS = 7
_PAUSE = 0.05
Call = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


class PlantedError(Exception):
    """The dependency is away."""


class RefusedError(Exception):
    """Our breaker is open."""


async def fine() -> None:
    """The dependency answers at once."""


async def fails() -> None:
    """The dependency is away."""
    raise PlantedError


def ours() -> Call:
    """The breaker of the feature cache."""
    breaker = CircuitBreaker(time.monotonic, max_failures=5, failing_seconds=60.0, probe_seconds=_PAUSE)

    async def call(work: Callable[[], Awaitable[None]]) -> None:
        ticket = breaker.enter()
        if ticket == REFUSED:
            raise RefusedError
        try:
            await work()
        except PlantedError:
            breaker.failed(ticket)
            raise
        breaker.succeeded(ticket)

    return call


def purgatory() -> Call:
    """purgatory, the one that knows asyncio and has no further dependencies."""
    from purgatory import AsyncCircuitBreakerFactory

    factory = AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=_PAUSE)

    async def call(work: Callable[[], Awaitable[None]]) -> None:
        async with await factory.get_breaker("redis"):
            await work()

    return call


def circuitbreaker() -> Call:
    """circuitbreaker, which decorates."""
    from circuitbreaker import CircuitBreaker as Decorating

    breaker = Decorating(failure_threshold=5, recovery_timeout=_PAUSE, expected_exception=PlantedError)

    async def call(work: Callable[[], Awaitable[None]]) -> None:
        await breaker.call_async(work)

    return call


def aiobreaker() -> Call:
    """aiobreaker, last released in 2021."""
    from aiobreaker import CircuitBreaker as Fork

    breaker = Fork(fail_max=5, timeout_duration=timedelta(seconds=_PAUSE))

    async def call(work: Callable[[], Awaitable[None]]) -> None:
        await breaker.call_async(work)

    return call


CONTESTANTS: dict[str, Callable[[], Call]] = {
    "ours": ours,
    "purgatory": purgatory,
    "circuitbreaker": circuitbreaker,
    "aiobreaker": aiobreaker,
}


async def _outcome(call: Call, work: Callable[[], Awaitable[None]]) -> str:
    try:
        await call(work)
    except Exception as error:  # noqa: BLE001 - each library has its own word for it
        return type(error).__name__
    return "through"


async def _opened(make: Callable[[], Call]) -> Call:
    call = make()
    for _ in range(10):
        await _outcome(call, fails)
    return call


async def _microseconds(call: Call, work: Callable[[], Awaitable[None]]) -> float:
    """Median over rounds of one call, the caller's own try included."""
    taken = []
    for _ in range(_ROUNDS):
        calls, began = 0, time.perf_counter()
        while calls < _CALLS:
            await _outcome(call, work)
            calls += 1
        taken.append((time.perf_counter() - began) / calls * 1e6)
    return statistics.median(taken)


async def measure(make: Callable[[], Call]) -> tuple[float, float, int]:
    """Microseconds when closed, microseconds when open, and callers let through when half-open."""
    closed = await _microseconds(make(), fine)
    opened = []
    for _ in range(_ROUNDS):
        call = await _opened(make)
        began, calls = time.perf_counter(), 0
        while time.perf_counter() - began < _PAUSE / 2:
            await _outcome(call, fails)
            calls += 1
        opened.append(_PAUSE / 2 / calls * 1e6)
    call, through = await _opened(make), 0
    await asyncio.sleep(2 * _PAUSE)

    async def probed() -> None:
        nonlocal through
        through += 1
        await asyncio.sleep(0.01)

    await asyncio.gather(*(_outcome(call, probed) for _ in range(100)))
    return closed, statistics.median(opened), through


def refusal_us() -> float:
    """Microseconds of our refusal by itself, without what a caller makes of it."""
    breaker = CircuitBreaker(time.monotonic, max_failures=1, probe_seconds=3_600.0)
    breaker.failed(breaker.enter())
    return min(timeit.repeat(breaker.enter, number=_CALLS, repeat=_ROUNDS)) / _CALLS * 1e6


def main() -> None:
    """Print the table."""
    print(f"{'':<16}{'version':>10}{'closed µs':>12}{'open µs':>10}{'of 100 through when half-open':>32}")
    for name, make in CONTESTANTS.items():
        try:
            found: Any = importlib.metadata.version(name) if name != "ours" else ""
        except importlib.metadata.PackageNotFoundError:
            print(f"{name:<16}not installed")
            continue
        closed, opened, through = asyncio.run(measure(make))
        print(f"{name:<16}{found:>10}{closed:>12.2f}{opened:>10.2f}{through:>32}")
    print(f"our refusal by itself: {refusal_us():.2f} µs")


if __name__ == "__main__":
    main()
