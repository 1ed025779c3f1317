"""The drivers must see what a diner would see: a stall, a freeze, a refused connection."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from loadtests import open_loop
from loadtests.closed_loop import run_closed_loop
from loadtests.connection import LOST, NotLoopback, Target, answer_length, status_of
from loadtests.open_loop import run_open_loop
from loadtests.servers import free_port
from loadtests.trace import Planned, recommendation_trace

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

TINY_SERVER = """
import asyncio, sys
async def serve(reader, writer):
    while await reader.readuntil(b"\\r\\n\\r\\n"):
        writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@contextlib.contextmanager
def server(answer: Callable[[bytes], Awaitable[bytes]]) -> Iterator[Target]:
    """An HTTP server in a thread of its own that answers each request head with what `answer` gives."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                reply = await answer(head)
                if not reply:
                    break
                writer.write(reply)
        writer.close()

    async def main() -> None:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        port.append(listening.sockets[0].getsockname()[1])
        stop.append(asyncio.Event())
        loops.append(asyncio.get_running_loop())
        up.set()
        await stop[0].wait()
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    writers: list[asyncio.StreamWriter] = []
    port: list[int] = []
    stop: list[asyncio.Event] = []
    loops: list[asyncio.AbstractEventLoop] = []
    up = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    up.wait(10)
    try:
        yield Target("127.0.0.1", port[0])
    finally:
        loops[0].call_soon_threadsafe(stop[0].set)
        thread.join(10)


async def at_once(_: bytes) -> bytes:
    return OK


def steady(rate: float, seconds: float) -> list[Planned]:
    return recommendation_trace(["u1", "u2"], rate=rate, seconds=seconds, seed=1, arrivals="uniform")


class Stalling:
    """Answers at once, but for `seconds` after its request number `at` arrived.

    Told by a request and not by a clock: whoever asks, and however late it begins to ask, meets exactly one stall.
    """

    def __init__(self, at: int, seconds: float) -> None:
        self._at, self._seconds = at, seconds
        self._asked, self._until = 0, 0.0

    async def __call__(self, _: bytes) -> bytes:
        self._asked += 1
        now = time.monotonic()
        if self._asked == self._at:
            self._until = now + self._seconds
        if now < self._until:
            await asyncio.sleep(self._until - now)
        return OK


def test_a_stall_reaches_the_open_loops_tail_but_not_the_closed_loops() -> None:
    """A third of 300 requests is due into a stall of half a second; a closed loop with one connection meets it once."""
    with server(Stalling(100, 0.5)) as target:
        seen = run_open_loop(target, steady(200, 1.5))
    with server(Stalling(100, 0.5)) as target:
        flattered = run_closed_loop(target, [target.request("/")], seconds=30, connections=1, max_requests=300)
    assert seen.errors == 0
    assert seen.latencies.quantile_ms(0.9) > 250
    assert flattered.answers == 300
    assert flattered.latencies.highest_us >= 490_000
    assert flattered.latencies.quantile_ms(0.9) < 100


def test_a_frozen_server_process_is_seen() -> None:
    """SIGSTOP for 2 s from the 50th answer on: every request that was due in that time waited for it.

    The freeze begins inside the run, and how long it was is taken from its own clock, so a busy machine can neither
    move it out of the run nor cut it short.
    """
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", TINY_SERVER, str(port)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    frozen: list[float] = []

    def thaw() -> None:
        frozen.append(time.perf_counter())
        process.send_signal(signal.SIGCONT)

    thawing = threading.Timer(2.0, thaw)

    def freeze(number: int, _: bytes) -> None:
        if number == 50:
            process.send_signal(signal.SIGSTOP)
            frozen.append(time.perf_counter())
            thawing.start()

    try:
        seen = run_open_loop(Target("127.0.0.1", port), steady(100, 3.0), keep=freeze)
    finally:
        process.kill()
        process.communicate()
    begin, end = frozen
    assert seen.unanswered == 0
    assert seen.latencies.quantile_ms(0.99) > 750 * (end - begin)
    assert seen.latencies.quantile_ms(0.1) < seen.latencies.quantile_ms(0.99) / 2


LEAVING_SERVER = """
import asyncio, sys
async def serve(reader, writer):
    async def head(patience):
        return await asyncio.wait_for(reader.readuntil(b"\\r\\n\\r\\n"), patience)
    try:
        await head(0.3)
        while True:
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
            began = asyncio.get_running_loop().time()
            await head(60)
            if asyncio.get_running_loop().time() - began > 0.5:
                break
    except TimeoutError:
        writer.write(b"HTTP/1.1 408 Too slow\\r\\ncontent-length: 0\\r\\n\\r\\n")
    except asyncio.IncompleteReadError:
        pass
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
"""Says 408 to a connection that never asked, and hangs up on a request that comes after half a second of silence."""


def test_connections_that_a_server_takes_its_leave_of_fail_no_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(open_loop, "_IDLE_SECONDS", 0.2)
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", LEAVING_SERVER, str(port)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        trace = [Planned(0.0, "/"), Planned(0.01, "/"), Planned(1.0, "/"), Planned(1.01, "/")]
        seen = run_open_loop(Target("127.0.0.1", port), trace)
    finally:
        process.kill()
        process.communicate()
    assert seen.statuses == {200: 4}
    assert not caplog.records


def test_every_planned_request_leaves_once_and_on_time() -> None:
    heads: list[bytes] = []

    async def remembering(head: bytes) -> bytes:
        heads.append(head.split(b" ", 2)[1])
        return OK

    trace = [Planned(number * 0.002, f"/{number}") for number in range(250)]
    with server(remembering) as target:
        seen = run_open_loop(target, trace)
    assert sorted(heads) == sorted(f"/{number}".encode() for number in range(250))
    assert seen.statuses == {200: 250}
    assert seen.latencies.total == seen.lag.total == 250
    assert seen.offered_rate == pytest.approx(500, rel=0.01)


def test_answers_that_never_come_are_counted_with_their_wait() -> None:
    async def never(_: bytes) -> bytes:
        await asyncio.sleep(30)
        return OK

    with server(never) as target:
        seen = run_open_loop(target, steady(50, 0.2), drain_seconds=0.5)
    assert seen.unanswered == seen.errors == 10
    assert seen.latencies.total == 10
    assert seen.latencies.quantile_ms(0.5) >= 490


def test_a_connection_that_breaks_is_an_error_of_its_request() -> None:
    async def hang_up(_: bytes) -> bytes:
        return b""

    with server(hang_up) as target:
        seen = run_open_loop(target, steady(50, 0.2), drain_seconds=2)
    assert seen.errors == 10
    assert seen.statuses[LOST] == 10
    assert seen.unanswered == 0


def test_a_server_error_is_an_error() -> None:
    async def failing(_: bytes) -> bytes:
        return b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"

    with server(failing) as target:
        assert run_open_loop(target, steady(50, 0.2)).errors == 10
        closed = run_closed_loop(target, [target.request("/")], seconds=5, max_requests=10)
    assert (closed.answers, closed.errors) == (10, 10)


def test_late_answers_open_more_connections_up_to_the_bound() -> None:
    under_way, most = 0, 0

    async def slow(_: bytes) -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.1)
        under_way -= 1
        return OK

    with server(slow) as target:
        seen = run_open_loop(target, steady(200, 0.5), connections=2, max_connections=8)
    assert seen.errors == 0
    assert most == 8


def test_the_closed_loop_sends_exactly_as_many_as_it_may() -> None:
    heads: list[bytes] = []

    async def remembering(head: bytes) -> bytes:
        heads.append(head.split(b" ", 2)[1])
        return OK

    with server(remembering) as target:
        requests = [target.request(f"/{number}") for number in range(3)]
        seen = run_closed_loop(target, requests, seconds=30, connections=4, max_requests=99)
    assert seen.answers == seen.latencies.total == 99
    assert {path: heads.count(path) for path in heads} == {b"/0": 33, b"/1": 33, b"/2": 33}
    assert seen.received_bytes == 99 * len(OK)


@pytest.mark.parametrize("host", ["example.org", "10.0.0.1", "0.0.0.0", "192.168.1.2", "::"])
def test_other_machines_are_refused(host: str) -> None:
    with pytest.raises(NotLoopback, match="not this machine"):
        Target(host, 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_is_not(host: str) -> None:
    assert Target(host, 80).host == host


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-le", None),
        (b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 5\r\n\r\n1234", None),
        (b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 5\r\n\r\n12345", 43),
        (b"HTTP/1.1 204 No Content\r\ncontent-length: 9\r\n\r\n", 46),
        (b"HTTP/1.1 200 OK\r\n\r\n", 19),
    ],
)
def test_answers_end_where_their_head_says(data: bytes, length: int | None) -> None:
    assert answer_length(data) == length


def test_chunked_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="chunked"):
        answer_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_the_status_is_read() -> None:
    assert status_of(b"HTTP/1.1 503 Service Unavailable\r\n") == 503


def test_an_empty_trace_is_refused() -> None:
    with pytest.raises(ValueError, match="no requests"):
        run_open_loop(Target("127.0.0.1", 80), [])
