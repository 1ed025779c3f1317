"""Measures the feature cache: bytes a diner, and CPU a lookup beside other ways to read the same blob.

python -m services.features.measure [--rounds 7] [--calls 8000] [--diners 10000]

Starts a Redis of its own. CPU is that of this process alone (the server's is not in it); the ways take turns, so that a
busy moment of the machine hits all of them; the median over the rounds is printed with the smallest and the largest.
"""

import argparse
import asyncio
import importlib.util
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.features.cache import FeatureCache
from services.features.codec import RECENT_DTYPE, DinerState, encode_diner, model_tag
from services.features.embedded import EmbeddedRedis
from services.features.keys import diner_key
from services.features.last_copies import LastCopies
from services.features.multiplexed import MultiplexedConnection
from services.features.servers import Address

_MARKET: Final = "centro"
_PATIENT_MS: Final = 5_000.0

Way = Callable[[], Awaitable[object]]


def main(arguments: list[str] | None = None) -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=8_000, help="lookups a round, way and number of callers")
    parser.add_argument("--diners", type=int, default=10_000, help="diners whose memory is measured")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home, EmbeddedRedis(Path(home)) as server:
        print_memory(server.url, options.diners)
        for name in ("asyncio", "uvloop"):
            if name == "asyncio" or importlib.util.find_spec("uvloop"):
                with asyncio.Runner(loop_factory=_loop_factory(name)) as runner:
                    runner.run(print_speed(server.url, name, options.rounds, options.calls))


def print_memory(url: str, diners: int) -> None:
    """Bytes a diner, by dimensions and recent entries.

    In Redis as MEMORY USAGE says of one key, and as used_memory grows by; in the process with key and table.
    """
    print("| d | recent | blob | MEMORY USAGE | used_memory a diner | last copy in the process |")
    print("|---|---|---|---|---|---|")
    with Redis.from_url(url) as client:
        for d, recent in product((32, 64), (0, 8, 32)):
            blobs = {_key(number): encode_diner(_MARKET, _user(number), _state(d, recent)) for number in range(diners)}
            client.execute_command("FLUSHALL", "SYNC")
            before = client.info("memory")["used_memory"]
            for key, blob in blobs.items():
                client.set(key, blob, ex=3600)
            grown = (client.info("memory")["used_memory"] - before) / diners
            in_process = _last_copy_bytes(blobs)
            usage = client.memory_usage(_key(0))
            print(f"| {d} | {recent} | {len(blobs[_key(0)])} | {usage} | {grown:.0f} | {in_process:.0f} |")


async def print_speed(url: str, loop_name: str, rounds: int, calls: int) -> None:
    """Microseconds of CPU a lookup at 1 and 16 concurrent callers, for each way on this event loop."""
    async with _ways(url) as ways:
        figures: dict[tuple[str, int], list[float]] = {(name, callers): [] for name in ways for callers in (1, 16)}
        for _ in range(rounds):
            for name, callers in figures:
                figures[name, callers].append(await _cpu_microseconds(ways[name], callers, calls))
    print(f"\n| {loop_name}, µs of CPU a lookup | 1 caller | 16 callers |")
    print("|---|---|---|")
    for name in ways:
        print(f"| {name} | {_spread(figures[name, 1])} | {_spread(figures[name, 16])} |")


@asynccontextmanager
async def _ways(url: str) -> AsyncIterator[dict[str, Way]]:
    key = _key(1)
    cache = FeatureCache(url, timeout_ms=_PATIENT_MS)
    await cache.put(_MARKET, _user(1), _state(64, 8), await cache.lease(_MARKET, _user(1)))
    multiplexed = MultiplexedConnection(Address.parse(url), timeout_seconds=_PATIENT_MS / 1000.0)
    clients = {
        protocol: AsyncRedis.from_url(url, protocol=protocol, socket_timeout=5.0, retry=Retry(NoBackoff(), 0))
        for protocol in (2, 3)
    }
    yield {
        "redis-py GET, RESP2": lambda: clients[2].get(key),
        "redis-py GET, RESP3": lambda: clients[3].get(key),
        "MultiplexedConnection GET": lambda: multiplexed.call(b"GET", key),
        "FeatureCache.diner (GET, breaker, decoding, last copy)": lambda: cache.diner(_MARKET, _user(1)),
    }
    for client in clients.values():
        await client.aclose()
    await multiplexed.close()
    await cache.close()


async def _cpu_microseconds(way: Way, callers: int, calls: int) -> float:
    async def ask() -> None:
        for _ in range(calls // callers):
            await way()

    await way()
    before = time.process_time()
    await asyncio.gather(*(ask() for _ in range(callers)))
    return (time.process_time() - before) / (calls // callers * callers) * 1e6


def _loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if name == "uvloop":
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop


def _last_copy_bytes(blobs: dict[bytes, bytes]) -> float:
    """Bytes a diner that the process's memory grows by, keys included."""
    tracemalloc.start()
    copies = LastCopies(len(blobs))
    for key, blob in blobs.items():
        copies.keep(bytes(bytearray(key)), bytes(bytearray(blob)))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return grown / len(blobs)


def _user(number: int) -> str:
    return f"d{number:06d}"


def _key(number: int) -> bytes:
    return diner_key(_MARKET, _user(number))


def _state(d: int, recent: int) -> DinerState:
    entries = np.zeros(recent, dtype=RECENT_DTYPE)
    entries["at"] = np.arange(recent)  # each once, or only one would stay
    return DinerState(np.ones(d, np.float32), 0.1, model_tag("v1"), 22.15, -100.97, entries)


def _spread(values: list[float]) -> str:
    return f"{median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    main()
