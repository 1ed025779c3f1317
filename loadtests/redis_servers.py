"""Real Redis servers for tests and bad days: a cluster, a master with replica and sentinel, a door with TLS before one.

All are processes of the binary that the embedded server runs, on loopback ports, and end with the context.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.features.embedded import server_binary

_START_SECONDS: Final = 20.0
_NODE_TIMEOUT_MS: Final = 1_000
_SLOTS: Final = 16_384
_HANDSHAKE: Final = b"\x16"


class RedisProcess:
    """One server on a loopback port, always the same, with a folder of its own."""

    def __init__(
        self,
        folder: Path,
        lines: Sequence[str] = (),
        *,
        sentinel: bool = False,
        tls: ssl.SSLContext | None = None,
        announce: str = "",
    ) -> None:
        """`lines` of its configuration beside the port. `tls`: a door with TLS stands before it, and the setting
        `announce` names the door's port to all."""
        self.folder = folder
        self.port = free_port()
        self.door = None if tls is None else TlsDoor(tls, self.port, plain_too=True)
        self.shown_port = self.port if self.door is None else self.door.port
        """Where others are sent."""
        self._sentinel = sentinel
        folder.mkdir(parents=True, exist_ok=True)
        common = [f"port {self.port}", "bind 127.0.0.1", f"dir {folder}", f"logfile {folder / 'log'}"]
        quiet = [] if sentinel else ['save ""', "appendonly no"]
        self._configuration = folder / "conf"
        shown = [f"{announce} {self.shown_port}"] if announce else []
        self._configuration.write_text("\n".join([*common, *quiet, *shown, *lines]) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def spot(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.shown_port}"

    @property
    def url(self) -> str:
        """As a server of its own."""
        return f"redis://{self.spot}"

    def start(self) -> Self:
        """Start it, again perhaps; it answers when this returns."""
        mode = ["--sentinel"] if self._sentinel else []
        self._process = subprocess.Popen(
            [server_binary(), self._configuration, *mode], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await_true(self._answers, f"a Redis server at {self.spot}")
        return self

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """It hangs from now on: connections stay, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self, **given: str) -> redis.Redis:
        """A client of one's own."""
        return redis.Redis(port=self.port, protocol=2, socket_timeout=10.0, retry=Retry(NoBackoff(), 0), **given)  # type: ignore[arg-type]

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def __enter__(self) -> Self:
        if self.door is not None:
            self.door.__enter__()
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self.door is not None:
            self.door.__exit__(kind, error, trace)


class RedisCluster:
    """Masters that share the slots evenly, and as many replicas of each as asked for."""

    def __init__(self, masters: list[RedisProcess], replicas: list[RedisProcess]) -> None:
        self.masters = masters
        self.replicas = replicas

    @property
    def nodes(self) -> list[RedisProcess]:
        """All."""
        return [*self.masters, *self.replicas]

    @property
    def url(self) -> str:
        """As the cache takes it, all nodes named."""
        return "redis-cluster://" + self.spots

    @property
    def spots(self) -> str:
        """Of all nodes."""
        return ",".join(node.spot for node in self.nodes)

    def form(self) -> None:
        """Give each master its slots and each replica its master; whole and agreed upon when this returns."""
        share = -(-_SLOTS // len(self.masters))
        for number, node in enumerate(self.nodes):
            with node.client() as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if node in self.masters:
                    last = min((number + 1) * share, _SLOTS) - 1
                    client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * share, last)
        for node in self.nodes:
            with node.client() as client:
                for other in self.nodes:
                    client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus_port(other))
        await_true(lambda: all(len(self._known(node)) == len(self.nodes) for node in self.nodes), "nodes that have met")
        for number, node in enumerate(self.replicas):
            with node.client() as client, self.masters[number % len(self.masters)].client() as master:
                client.execute_command("CLUSTER", "REPLICATE", master.execute_command("CLUSTER", "MYID"))
        await_true(self.is_whole, "a cluster that is whole")

    def is_whole(self) -> bool:
        """Whether all nodes that answer see all slots served, and all replicas are in step."""
        for node in self.nodes:
            with node.client() as client:
                if b"cluster_state:ok" not in _raw(client, "CLUSTER", "INFO"):
                    return False
                if len(self._masters_seen_by(client)) != len(self.masters):
                    return False
                if node in self.replicas and client.info("replication").get("master_link_status", "up") != "up":
                    return False
        return True

    def owner(self, key: bytes) -> RedisProcess:
        """Who has a key now, as most of those who answer say."""
        for node in self.nodes:
            with contextlib.suppress(redis.RedisError), node.client() as client:
                slot = client.execute_command("CLUSTER", "KEYSLOT", key)
                for first, last, master, *_ in _raw(client, "CLUSTER", "SLOTS"):
                    if first <= slot <= last:
                        return next(one for one in self.nodes if one.shown_port == master[1])
        raise RuntimeError(f"no node knows who has {key!r}")

    def _known(self, node: RedisProcess) -> list[str]:
        with node.client() as client:
            lines = _raw(client, "CLUSTER", "NODES").decode().splitlines()
        return [line for line in lines if "handshake" not in line and line.split()[7] == "connected"]

    def _masters_seen_by(self, client: redis.Redis) -> set[int]:
        return {master[1] for _, _, master, *_ in _raw(client, "CLUSTER", "SLOTS")}


def _raw(client: redis.Redis, *command: str) -> Any:
    """The reply as the server has it."""
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command(*command)
        return connection.read_response()
    finally:
        client.connection_pool.release(connection)


@contextmanager
def running_cluster(
    folder: Path, masters: int = 3, replicas_each: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[RedisCluster]:
    """A cluster of real nodes, each behind a door with `tls`; a lost master is replaced after about two seconds."""
    announce = "cluster-announce-port" if tls else ""
    with ExitStack() as stack:
        nodes = []
        for number in range(masters * (1 + replicas_each)):
            own = [
                "cluster-enabled yes",
                "cluster-config-file nodes.conf",
                f"cluster-node-timeout {_NODE_TIMEOUT_MS}",
                f"cluster-port {free_port()}",
                "cluster-replica-validity-factor 0",
                "repl-diskless-sync-delay 0",
                "cluster-require-full-coverage no",
            ]
            nodes.append(stack.enter_context(RedisProcess(folder / str(number), own, tls=tls, announce=announce)))
        cluster = RedisCluster(nodes[:masters], nodes[masters:])
        cluster.form()
        yield cluster


class SentinelTrio:
    """A master, its replica and sentinels that watch them."""

    def __init__(self, master: RedisProcess, replica: RedisProcess, sentinels: list[RedisProcess]) -> None:
        self.master = master
        self.replica = replica
        self.sentinels = sentinels

    @property
    def url(self) -> str:
        """As the cache takes it."""
        return f"redis-sentinel://{self.spots}#mymaster"

    @property
    def spots(self) -> str:
        """Of the sentinels."""
        return ",".join(sentinel.spot for sentinel in self.sentinels)

    def master_port(self) -> int:
        """Whom the first sentinel takes for the master."""
        with self.sentinels[0].client() as client:
            return int(_raw(client, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")[1])


@contextmanager
def running_sentinel(folder: Path, sentinels: int = 3, tls: ssl.SSLContext | None = None) -> Iterator[SentinelTrio]:
    """A watched master, all behind doors with `tls`; a lost one is replaced after about two seconds."""
    announce = "replica-announce-port" if tls else ""
    with ExitStack() as stack:

        def started(name: str, *lines: str) -> RedisProcess:
            own = ["repl-diskless-sync-delay 0", *lines]
            return stack.enter_context(RedisProcess(folder / name, own, tls=tls, announce=announce))

        master = started("master")
        replica = started("replica", f"replicaof 127.0.0.1 {master.shown_port}")
        watch = [
            f"sentinel monitor mymaster 127.0.0.1 {master.shown_port} {sentinels // 2 + 1}",
            "sentinel down-after-milliseconds mymaster 1000",
            "sentinel failover-timeout mymaster 5000",
        ]
        made = [
            stack.enter_context(RedisProcess(folder / f"sentinel-{number}", watch, sentinel=True, tls=tls))
            for number in range(sentinels)
        ]

        def all_know() -> bool:
            for sentinel in made:
                with sentinel.client() as client:
                    told = iter(_raw(client, "SENTINEL", "MASTER", "mymaster"))
                seen = dict(zip(told, told, strict=True))
                if int(seen[b"num-slaves"]) != 1 or int(seen[b"num-other-sentinels"]) != sentinels - 1:
                    return False
            with replica.client() as client:
                return client.info("replication")["master_link_status"] == "up"

        await_true(all_know, "sentinels that know each other and the replica")
        yield SentinelTrio(master, replica, made)


class TlsDoor:
    """TLS before a server that has none of its own: ends the encryption and hands the bytes on, as stunnel does."""

    def __init__(self, context: ssl.SSLContext, port: int, *, plain_too: bool = False) -> None:
        """`port`: where the server behind it listens on loopback. `plain_too`: who speaks without TLS is let through as
        well, as servers do among themselves, which know each other by their doors."""
        self._context = context
        self._behind = port
        self.port = free_port()
        self._inner = free_port() if plain_too else self.port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self.encrypted = 0
        """Connections with TLS that were let through."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._open(asyncio.start_server(self._serve, "127.0.0.1", self._inner, ssl=self._context))
        if self._inner != self.port:
            self._open(asyncio.start_server(self._sort, "127.0.0.1", self.port))
        return self

    def _open(self, opening: Coroutine[Any, Any, asyncio.Server]) -> None:
        self._servers.append(asyncio.run_coroutine_threadsafe(opening, self._loop).result(10))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _sort(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """By the first byte: what begins as a handshake of TLS goes to the inner door."""
        first = await reader.read(65_536)
        await self._serve(reader, writer, self._inner if first[:1] == _HANDSHAKE else self._behind, first)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = 0, first: bytes = b""
    ) -> None:
        try:
            upstream, downstream = await asyncio.open_connection("127.0.0.1", port or self._behind)
        except OSError:  # nobody is behind it
            writer.transport.abort()
            return
        self.encrypted += writer.get_extra_info("sslcontext") is not None
        downstream.write(first)
        pumps = [asyncio.ensure_future(each) for each in (_pump(reader, downstream), _pump(upstream, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, downstream):
                end.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()


def await_true(holds: Callable[[], bool], what: str) -> None:
    """Wait; RuntimeError after 20 seconds."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(redis.RedisError):
            if holds():
                return
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {_START_SECONDS:g} s in vain for {what}")
        time.sleep(0.02)


_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on, and that this process has not been given before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def bus_port(node: RedisProcess) -> int:
    """Where a cluster's node listens for the others."""
    lines = (node.folder / "conf").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("cluster-port"))
