"""Clients that leave in the middle, and clients that send a byte a second: nobody else notices."""

import asyncio
import contextlib
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from loadtests.chaos.promises import Check, all_of, none_of, within
from loadtests.chaos.redis_server import OwnRedis, SlowProxy
from loadtests.chaos.stage import K, Stage, clean_log
from loadtests.chaos.traffic import Stream, body_of
from loadtests.connection import Connection, Target, connect
from services.features import DinerState, FeatureCache
from services.features.codec import model_tag

Found = tuple[Sequence[Check], dict[str, Any]]

_PROXY_SECONDS = 0.1
_AT_ONCE = 200
_KEYS = 500
_TRICKLERS = 900
_HEALTH_MS = 50.0


@dataclass
class _Tally:
    """What became of calls that could be cancelled."""

    cancelled: int = 0
    answered: int = 0
    foreign: int = 0
    nothing: int = 0


def cancelled(stage: Stage) -> Found:
    """Calls given up in flight through a proxy of 100 ms, in the cache's own client and over HTTP."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    cancels = stage.times(10_000, 1_000)
    with OwnRedis(folder) as redis, SlowProxy(folder, redis.url) as proxy:
        tally = asyncio.run(_cancel_storm(proxy, cancels))
        proxy.seconds = 0.0
        # Whoever waits has to be answered: nobody is refused for what others hold.
        with stage.serve(home, redis_url=proxy.url, redis_timeout_ms=5_000, overload_lag_ms=0) as server:
            proxy.seconds = _PROXY_SECONDS
            over_http = asyncio.run(_hang_up_storm(stage, server.target, home.headers(), stage.times(2_000, 200)))
    return [
        Check("so many calls were cancelled in flight", f"{tally.cancelled:,}", tally.cancelled >= cancels),
        none_of("a caller gets another's value from the cache", tally.foreign, tally.answered, "answered calls"),
        Check("clients hung up in flight", f"{over_http.cancelled:,}", over_http.cancelled > 0),
        none_of("a client gets another diner's list", over_http.foreign, over_http.answered, "answered lists"),
        none_of("a client who waits gets no list", over_http.nothing, over_http.answered, "answered lists"),
        clean_log(server.log),
    ], {"cache": vars(tally), "http": vars(over_http)}


def _named(diner: str) -> DinerState:
    """A state that tells whose it is."""
    seed = int.from_bytes(blake2b(diner.encode(), digest_size=8).digest(), "little")
    vector = np.random.default_rng(seed).normal(size=32).astype(np.float32)
    return DinerState(vector, 0.0, model_tag("chaos"))


async def _cancel_storm(proxy: SlowProxy, cancels: int) -> _Tally:
    """Look diners up at once, and cancel most of the calls at a random moment."""
    tally, draw = _Tally(), random.Random(7)
    states = {f"d{number}": _named(f"d{number}") for number in range(_KEYS)}
    cache = FeatureCache(proxy.url, timeout_ms=20_000, last_copies=1)
    try:
        await cache.put_many("town", states.items(), await cache.begin_warm_up("town"))
        proxy.seconds = _PROXY_SECONDS

        async def ask(diner: str) -> None:
            found = await cache.diner("town", diner)
            assert found.state is not None
            tally.answered += 1
            tally.foreign += not np.array_equal(found.state.vector, states[diner].vector)

        while tally.cancelled < cancels:
            asked = [asyncio.create_task(ask(draw.choice(list(states)))) for _ in range(_AT_ONCE)]
            for task in draw.sample(asked, _AT_ONCE * 9 // 10):
                asyncio.get_running_loop().call_later(draw.uniform(0.0, 1.2 * _PROXY_SECONDS), task.cancel)
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            tally.cancelled += sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            tally.nothing += sum(isinstance(outcome, Exception) for outcome in outcomes)
    finally:
        await cache.close()
    return tally


async def _hang_up_storm(stage: Stage, target: Target, headers: dict[str, str], times: int) -> _Tally:
    """Ask for lists, hang up on most of them at a random moment, and see whose the others are."""
    tally, draw = _Tally(), random.Random(8)

    async def ask(diner: str, leaves: bool) -> None:
        answered: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

        def done(connection: Connection, status: int, _length: int) -> None:
            if not answered.done() and status:
                answered.set_result(connection)

        connection = await connect(target, done)
        connection.send(target.request(f"/v1/recommendations?user_id={diner}&k={K}", headers=headers))
        if leaves:
            await asyncio.sleep(draw.uniform(0.0, 1.5 * _PROXY_SECONDS))
            tally.cancelled += not answered.done()
        else:
            body = json.loads(body_of((await asyncio.wait_for(answered, 30.0)).last_answer))
            tally.answered += 1
            tally.foreign += "items" in body and body["user_id"] != diner
            tally.nothing += len(body.get("items", ())) != K
        answered.cancel()
        connection.close()

    for _ in range(-(-times // 50)):
        await asyncio.gather(*(ask(draw.choice(stage.diners), number % 5 != 0) for number in range(50)))
    return tally


def trickling(stage: Stage) -> Found:
    """Nine hundred connections that send a byte now and then; the health check and lists go on beside them."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    with stage.serve(home) as server:
        calm = _health(server.target, 3.0)
        with contextlib.closing(_Tricklers(server.target, stage.times(_TRICKLERS, 300))) as tricklers:
            beside = _health(server.target, float(stage.times(20, 5)))
            with Stream(server.target, stage.lists(server, home), 50.0) as lists:
                time.sleep(3.0)
            opened, held = tricklers.opened, tricklers.held
    return [
        Check("so many trickled at once", f"{held:,} held, {opened:,} opened in all", held >= tricklers.wanted * 0.9),
        all_of("every health check is answered", beside.good, len(beside)),
        all_of("every list is answered with 200", lists.answers.good, len(lists.answers)),
        within("p99 of the health check beside them", beside.ms(0.99), _HEALTH_MS),
        clean_log(server.log),
    ], {"held": held, "opened": opened, "health_p99_ms": beside.ms(0.99), "health_p99_ms_alone": calm.ms(0.99)}


def _health(target: Target, seconds: float) -> Any:
    request = target.request("/health/live")
    with Stream(target, lambda _: request, 50.0) as stream:
        time.sleep(seconds)
    return stream.answers


class _Tricklers:
    """Connections that send their heads a byte at a time; who is cut off comes again."""

    def __init__(self, target: Target, wanted: int) -> None:
        self.wanted = wanted
        self.opened = 0
        self._target = target
        self._sockets: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks = [asyncio.run_coroutine_threadsafe(self._trickle(number), self._loop) for number in range(wanted)]
        deadline = time.monotonic() + 30.0
        while self.held < wanted and time.monotonic() < deadline:
            time.sleep(0.05)

    @property
    def held(self) -> int:
        """How many are connected now."""
        return sum(not writer.is_closing() for writer in list(self._sockets))

    async def _trickle(self, number: int) -> None:
        await asyncio.sleep(number / 1_000)
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self._target.host, self._target.port)
                self._sockets.append(writer)
                self.opened += 1
                try:
                    for byte in b"GET /health/live HTTP/1.1\r\nhost: a\r\nx-slow: " + b"y" * 1_000:
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(1.0)
                finally:
                    self._sockets.remove(writer)
                    writer.transport.abort()
            await asyncio.sleep(0.1)

    def close(self) -> None:
        """Let all go."""
        for task in self._tasks:
            task.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.2), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
