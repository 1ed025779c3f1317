"""One connection for all callers: every reply reaches the one who asked, whoever leaves, dawdles or breaks."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import redis
import uvloop

from services.features import embedded
from services.features.embedded import EmbeddedRedis
from services.features.multiplexed import ErrorReplyError, MultiplexedConnection, UnavailableError, packed
from services.features.servers import Address

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(tmp_path, handler: Handler) -> AsyncIterator[str]:
    """A server of our own making; its address."""
    path = str(tmp_path / "t.sock")
    writers: list[asyncio.StreamWriter] = []

    async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await handler(reader, writer)

    server = await asyncio.start_unix_server(tracked, path)
    try:
        yield f"unix://{path}"
    finally:
        server.close()
        await closed(writers)


async def closed(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.transport.abort()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
    await asyncio.sleep(0)


@asynccontextmanager
async def delaying_proxy(tmp_path, url: str, delay: Callable[[], float]) -> AsyncIterator[str]:
    """Between client and Redis; each piece of a reply waits `delay()` seconds, in order."""
    pumps: set[asyncio.Task[None]] = set()
    links: list[asyncio.StreamWriter] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, wait: Callable[[], float]) -> None:
        while data := await source.read(4096):
            await asyncio.sleep(wait())
            sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_unix_connection(urlsplit(url).path)
        links.append(downstream)
        for ends in ((reader, downstream, lambda: 0.0), (upstream, writer, delay)):
            pumps.add(asyncio.create_task(pump(*ends)))

    async with listening(tmp_path, serve) as address:
        try:
            yield address
        finally:
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            await closed(links)


@asynccontextmanager
async def connected(url: str, timeout_seconds: float = 5.0) -> AsyncIterator[MultiplexedConnection]:
    connection = MultiplexedConnection(Address.parse(url), timeout_seconds=timeout_seconds)
    try:
        yield connection
    finally:
        await connection.close()


async def cancel_storm(url: str, tmp_path, cancels: int) -> tuple[int, int, int]:
    """Callers ask for numbered keys, most are cancelled at a random moment: (cancelled, answered, foreign)."""
    draw = random.Random(7)
    cancelled = answered = foreign = 0

    async def ask(connection: MultiplexedConnection, number: int) -> None:
        nonlocal answered, foreign
        value = await connection.call(b"GET", b"k%d" % number)
        answered += 1
        foreign += value != b"v%d" % number

    async with (
        delaying_proxy(tmp_path, url, lambda: draw.uniform(0.0, 0.004)) as slow,
        connected(slow) as connection,
    ):
        while cancelled < cancels:
            asking = [asyncio.create_task(ask(connection, draw.randrange(100))) for _ in range(64)]
            for task in draw.sample(asking, 56):
                asyncio.get_running_loop().call_later(draw.uniform(0.0, 0.006), task.cancel)
            done = await asyncio.gather(*asking, return_exceptions=True)
            cancelled += sum(isinstance(outcome, asyncio.CancelledError) for outcome in done)
            assert not [outcome for outcome in done if isinstance(outcome, Exception)]
    return cancelled, answered, foreign


def fill(admin: redis.Redis) -> None:
    admin.mset({f"k{number}": f"v{number}" for number in range(100)})


async def test_ten_thousand_random_cancels_shift_no_reply(admin, shared_server, tmp_path):
    fill(admin)
    cancelled, answered, foreign = await cancel_storm(shared_server, tmp_path, 10_000)
    assert foreign == 0
    assert cancelled >= 10_000
    assert answered >= 1_000, "a storm that answers no one shows nothing"


async def test_callers_of_one_turn_leave_in_one_write(tmp_path):
    pieces: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            pieces.append(data)
            writer.write(b"+PONG\r\n" * data.count(b"PING"))
        writer.close()

    async with listening(tmp_path, serve) as url, connected(url) as connection:
        await connection.call(b"PING")
        pieces.clear()
        assert await asyncio.gather(*(connection.call(b"PING") for _ in range(50))) == [b"PONG"] * 50
    assert pieces == [packed((b"PING",)) * 50]


async def test_who_runs_out_of_time_leaves_its_place_behind(admin, shared_server, tmp_path):
    fill(admin)
    delays = iter([0.0, 0.4])
    async with (
        delaying_proxy(tmp_path, shared_server, lambda: next(delays, 0.0)) as slow,
        connected(slow, timeout_seconds=0.1) as connection,
    ):
        assert await connection.call(b"GET", b"k1") == b"v1"
        with pytest.raises(UnavailableError, match="no reply within 100 ms"):
            await connection.call(b"GET", b"k2")
        while True:
            try:
                assert await connection.call(b"GET", b"k3") == b"v3"
                break
            except UnavailableError:
                continue


async def test_a_connection_that_owes_a_reply_too_long_is_given_up(tmp_path):
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        silent = connections == 1
        while data := await reader.read(65536):
            if not silent:
                writer.write(b"+PONG\r\n" * data.count(b"PING"))
        writer.close()

    async with listening(tmp_path, serve) as url, connected(url, timeout_seconds=0.05) as connection:
        async with asyncio.timeout(20):
            while True:
                try:
                    assert await connection.call(b"PING") == b"PONG"
                    break
                except UnavailableError:
                    continue
    assert connections == 2


async def test_a_late_joiner_of_a_hung_connection_runs_out_of_time_too(own_server):
    async with connected(own_server.url, timeout_seconds=0.05) as connection:
        assert await connection.call(b"PING") == b"PONG"
        pid = process_id(own_server)
        os.kill(pid, signal.SIGSTOP)
        try:
            for pause in (0.0, 0.02, 0.07, 0.12):
                await asyncio.sleep(pause)
                with pytest.raises(UnavailableError):
                    await asyncio.wait_for(connection.call(b"PING"), 0.8)
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+PONG\r\n+PONG\r\n", b"$99999999999999999\r\n"]
)
async def test_a_server_that_does_not_speak_the_protocol_is_left(tmp_path, garbage):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(garbage)
        writer.close()

    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    async with listening(tmp_path, serve) as url, connected(url, timeout_seconds=0.5) as connection:
        outcomes = [await asyncio.gather(connection.call(b"GET", b"a"), return_exceptions=True) for _ in range(3)]
    answers = {type(outcome) for (outcome,) in outcomes}
    assert answers <= {UnavailableError, bytes}
    assert bytes not in answers or garbage.startswith(b"+PONG")
    assert not complaints, "left on purpose, not by an error that nobody caught"


async def test_what_was_on_the_way_when_the_server_died_fails_and_the_next_call_connects_anew(own_server):
    async with connected(own_server.url) as connection:
        await connection.call(b"PING")
        pid = process_id(own_server)
        os.kill(pid, signal.SIGSTOP)
        calls = [asyncio.create_task(connection.call(b"PING")) for _ in range(3)]
        await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [str(outcome).partition(":")[0] for outcome in outcomes] == ["connection lost"] * 3
        # A dying server may still take the connection up and drop it: that is no answer either.
        with pytest.raises(UnavailableError, match=r"cannot connect|connection lost"):
            await connection.call(b"PING")
        own_server.start()
        assert await connection.call(b"PING") == b"PONG"


def test_a_server_that_takes_the_connection_up_and_drops_it_is_told_at_once(tmp_path):
    """On uvloop, which serves: its transports raise where asyncio's drop what is written too late."""
    complaints: list[object] = []

    async def drop(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def dropped() -> list[str]:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        async with listening(tmp_path, drop) as url, connected(url, timeout_seconds=60.0) as connection:
            outcomes = []
            for _ in range(200):
                calls = (connection.call(b"PING") for _ in range(8))
                outcomes += await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 30.0)
        return [type(outcome).__name__ for outcome in outcomes]

    assert set(uvloop.run(dropped())) == {"UnavailableError"}
    assert complaints == []


def process_id(server: EmbeddedRedis) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.info("server")["process_id"])


async def test_a_caller_who_leaves_while_connecting_does_not_take_the_connection_along(shared_server):
    async with connected(shared_server) as connection:
        calls = [asyncio.create_task(connection.call(b"PING")) for _ in range(5)]
        await asyncio.sleep(0)
        calls[0].cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [b"PONG"] * 4


async def test_an_error_reply_reaches_only_its_caller(admin, shared_server):
    admin.lpush("list", "a")
    async with connected(shared_server) as connection:
        outcomes = await asyncio.gather(
            connection.call(b"PING"), connection.call(b"GET", b"list"), connection.call(b"PING"), return_exceptions=True
        )
    assert isinstance(outcomes[1], ErrorReplyError)
    assert str(outcomes[1]).startswith("WRONGTYPE")
    assert outcomes[::2] == [b"PONG", b"PONG"]


async def test_password_and_database_of_the_address_count(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "_takes_sockets", lambda _directory: False)
    with EmbeddedRedis(tmp_path) as server:
        url = server.url.removesuffix("/0")
        async with connected(url + "/3") as connection:
            await connection.call(b"SET", b"a", b"b")
        with redis.Redis.from_url(url + "/3") as client:
            assert client.get("a") == b"b"
        async with connected(url.replace("redis://:", "redis://:wrong")) as connection:
            with pytest.raises(UnavailableError, match="AUTH refused"):
                await connection.call(b"PING")


@pytest.mark.parametrize("url", ["", "http://localhost", "nonsense"])
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(ValueError):
        MultiplexedConnection(Address.parse(url), timeout_seconds=1.0)
