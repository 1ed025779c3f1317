"""A Redis server of a bad day's own, which can be killed, paused and filled, and a proxy that makes it slow."""

import asyncio
import contextlib
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.features.embedded import answers, server_binary

_START_SECONDS = 10.0


class OwnRedis:
    """A server on a Unix socket in a folder, always at the same address."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = [f"unixsocket {self._socket}", "port 0", f"dir {folder}", 'save ""', "appendonly no"]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"unix://{self._socket}"

    def start(self) -> float:
        """Start it; the time, by `time.monotonic`, at which it answered."""
        self._process = subprocess.Popen(
            [server_binary(), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        with self._process.stdin as configure:
            configure.write("\n".join([*self._settings, ""]).encode())
        deadline = time.monotonic() + _START_SECONDS
        while not answers(self.url):
            if time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start within {_START_SECONDS:g} s")
            time.sleep(0.002)
        return time.monotonic()

    def kill(self) -> float:
        """kill -9; the time at which it was gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        return time.monotonic()

    def pause(self) -> float:
        """It hangs from now on: connections stay, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        return time.monotonic()

    def resume(self) -> float:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        return time.monotonic()

    def client(self) -> redis.Redis:
        """A client of one's own, to break things with."""
        return redis.Redis.from_url(self.url, socket_timeout=10.0, retry=Retry(NoBackoff(), 0))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.kill()


class SlowProxy:
    """Stands before a Unix socket; every piece of a reply is handed on `seconds` after it came, in order.

    A latency, not a bottleneck: replies that came together are late together.
    """

    def __init__(self, folder: Path, upstream: str, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._socket = folder / "slow.sock"
        self._upstream = upstream.removeprefix("unix://")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"unix://{self._socket}"

    def __enter__(self) -> Self:
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(asyncio.start_unix_server(self._serve, self._socket), self._loop)
        self._server = started.result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, downstream = await asyncio.open_unix_connection(self._upstream)
        except OSError:
            writer.transport.abort()
            return
        pumps = [asyncio.ensure_future(each) for each in (_copy(reader, downstream), self._delay(upstream, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in (writer, downstream):
                end.transport.abort()

    async def _delay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        late: deque[bytes] = deque()
        loop = asyncio.get_running_loop()
        while data := await source.read(65_536):
            if self.seconds <= 0.0 and not late:
                sink.write(data)
                continue
            late.append(data)
            loop.call_later(self.seconds, lambda: sink.write(late.popleft()))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
