"""One keep-alive HTTP/1.1 connection that costs its process as little as asyncio allows, to loopback only."""

import asyncio
import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
_BODILESS = frozenset({204, 304})

LOST = 0
"""The status of a request whose connection broke before the answer was whole."""


class NotLoopback(ValueError):
    """A host that is not this machine: these drivers can hurt, so they only hit the machine that they run on."""


@dataclass(frozen=True)
class Target:
    """A server on this machine; raise NotLoopback for any other host."""

    host: str
    port: int

    def __post_init__(self) -> None:
        try:
            loopback = ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            loopback = self.host == "localhost"
        if not loopback:
            raise NotLoopback(f"{self.host} is not this machine: give 127.0.0.1, ::1 or localhost.")

    def request(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        """The bytes of one request, made once and sent many times."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"content-length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


def answer_length(data: bytes) -> int | None:
    """Length of the first whole answer in `data`, head included; None while bytes are missing.

    Raises ValueError for a chunked answer: its end cannot be told from its head.
    """
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    head = data[:end]
    if _CHUNKED.search(head):
        raise ValueError("a chunked answer cannot be timed by this driver")
    found = _LENGTH.search(head)
    length = end + len(_HEAD_END)
    if found and status_of(data) not in _BODILESS:
        length += int(found.group(1))
    return length if len(data) >= length else None


def status_of(data: bytes) -> int:
    """The status code in `HTTP/1.1 200 OK`."""
    return int(data[9:12])


class Connection(asyncio.Protocol):
    """Sends one request at a time; calls `on_answer(connection, status, n_bytes)` once for each, LOST when it broke."""

    def __init__(self, on_answer: Callable[["Connection", int, int], None]) -> None:
        self._on_answer = on_answer
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self.last_answer = b""
        """The last whole answer, head included."""
        self.idle_since = time.perf_counter()
        """When the last answer was whole, or the connection made."""
        self._waiting = False

    @property
    def open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes) -> None:
        """Send; the answer to the request before must have come."""
        assert self._transport is not None
        assert not self._waiting
        self._waiting = True
        self._transport.write(request)

    def close(self) -> None:
        """Close; a request under way counts as lost."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        # uvloop's transports are none of asyncio's classes, so there is nothing to check them by.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._received = self._received + data if self._received else data
        try:
            length = answer_length(self._received)
        except ValueError:
            self.close()
            return
        if length is None:
            return
        status, self.last_answer = status_of(self._received), self._received
        self._received, self._waiting = b"", False
        self._on_answer(self, status, length)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Called by the event loop."""
        self._transport = None
        if self._waiting:
            self._waiting, self._received = False, b""
            self._on_answer(self, LOST, 0)


async def connect(target: Target, on_answer: Callable[[Connection, int, int], None]) -> Connection:
    """Open a connection; raise OSError where nobody listens."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(on_answer), target.host, target.port)
    return connection
