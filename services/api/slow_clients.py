"""uvicorn's HTTP protocol with deadlines and a gate: a client that sends or reads too slowly is cut off, no head is
endless, and what is refused for overload costs next to nothing.

uvicorn waits for a request's rest without end, and its fast parser collects headers without end: a few hundred sockets
that trickle a byte a second would hold a process's descriptors, and one header that never ends its memory. Here a
connection has one timer, looked at four times in a deadline, and not one a request: what a request pays is a note of
the time when it begins and when it is whole.

The gate (`services/api/overload.py`) is asked as soon as a head is there, before a task is made for it. While requests
are being refused, one that has come whole in one piece is not even parsed: the beginning of its path says what it is.
"""

import asyncio
import functools
import re
import time
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.api.overload import Gate
from services.api.problems import MEDIA_TYPE, HeadersTooLarge, Problem, RequestTimeout
from services.settings import Settings

_LOOKS: Final = 4
_FRAMING: Final = 8
"""Bytes of chunked framing and trailers for each byte of body that is accepted, at most."""


_PLAIN_END: Final = b"\r\n\r\n"
_NOT_PLAIN: Final = re.compile(
    rb"\r\n(?:content-length|transfer-encoding|expect|upgrade|connection(?![ \t]*:[ \t]*keep-alive\r\n))[ \t]*:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client is waited for, and with how much of a head."""

    seconds: float
    """For a head, again for a body, and again for an answer to be taken in."""
    head_bytes: int
    body_bytes: int


def protocol_of(settings: Settings) -> Any:
    """What uvicorn makes a connection with; it can be sent to a worker process."""
    # A head is refused here only where it goes on and on: one that is whole gets its problem from the application.
    head_bytes = settings.max_url_bytes + 4 * settings.max_header_bytes
    return functools.partial(BoundedProtocol, Patience(settings.client_seconds, head_bytes, settings.max_body_bytes))


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, patience: Patience, **given: Any) -> None:
        super().__init__(**given)
        self._patience = patience
        self._since: float | None = None
        """Since when the client owes a head or a body; None: it owes nothing."""
        self._in_body = False
        self._received = 0
        """Bytes of this head, or of this body with its framing."""
        self._delivered = 0
        self._stuck_since: float | None = None
        """Since when it does not take the answer in."""
        self._timer: asyncio.TimerHandle | None = None
        self._gate: Gate | None = getattr(self.app, "gate", None)
        self._refusing = False
        """What is coming in belongs to a request that is refused."""
        self._refused_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and owes a head."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self._gate is not None and self._gate.limiter.is_tight() and self._is_refused_unparsed(self._gate, data):
            return
        if self._since is None:
            self._since = self.loop.time()
        self._received += len(data)
        super().data_received(data)
        if self._in_body:
            if self._received - self._delivered > _FRAMING * self._patience.body_bytes:
                self.transport.abort()
        elif self._received > self._patience.head_bytes and not self.transport.is_closing():
            self._refuse(HeadersTooLarge("the address and headers do not end"))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._since is None:  # the second of two requests in one packet
            self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """The head is whole; a body may follow."""
        self._since = self.loop.time()
        self._in_body = True
        self._received = self._delivered = 0
        if self._gate is None or self._is_answering() or self.parser.should_upgrade():
            super().on_headers_complete()  # a request that waits for its turn comes to the gate when it has its turn
            return
        priority = self._gate.lets_in(self.url.partition(b"?")[0])
        if priority is not None:
            self.scope["admitted"] = priority  # type: ignore[typeddict-unknown-key]
            self.scope["arrived"] = time.perf_counter()  # type: ignore[typeddict-unknown-key]
            try:
                super().on_headers_complete()
            except BaseException:  # no address: the parser's answer is 400, and nothing is in flight
                self._gate.leave(priority)
                raise
            return
        self._refusing = True
        if self.expect_100_continue:  # the client waits for a word before it sends its body
            self._say_refused(self._gate, closing=True)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers after a body are dropped, for nothing here reads them."""
        if not self._in_body:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._delivered += len(body)
        if not self._refusing:
            super().on_body(body)
        elif self._delivered > self._patience.body_bytes and not self.transport.is_closing():
            assert self._gate is not None
            self._say_refused(self._gate, closing=True)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._since = None
        self._in_body = False
        self._received = 0
        if not self._refusing:
            super().on_message_complete()
            return
        self._refusing = False
        assert self._gate is not None
        if not self.transport.is_closing():
            keeps = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self._say_refused(self._gate, closing=not keeps or self.parser.get_method() == b"HEAD")

    def timeout_keep_alive_handler(self) -> None:
        """Nothing has come for as long as a connection is kept; one that was refused lately is kept from then on."""
        left = self._refused_at + self.timeout_keep_alive - self.loop.time()
        if left > 0.0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _is_answering(self) -> bool:
        """Whether an earlier request of this connection is still being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _is_refused_unparsed(self, gate: Gate, data: bytes) -> bool:
        """Whether this is one plain request, whole, that is refused; it has been answered then.

        Plain: a GET without a body that says nothing about the connection. Everything else is for the parser.
        """
        if self._received or self._in_body or self._is_answering():
            return False
        line = data.find(b" HTTP/1.1\r\n")
        if (
            not data.startswith(b"GET /")
            or line < 0
            or data.find(_PLAIN_END) != len(data) - len(_PLAIN_END)
            or data.count(b"\n") != data.count(b"\r\n")
            or data.find(b"\n") != line + 10
            or len(data) > self._patience.head_bytes
            or _NOT_PLAIN.search(data) is not None
        ):
            return False
        query = data.find(b"?", 0, line)
        if not gate.refuses(data[4 : line if query < 0 else query]):
            return False
        self._since = None
        self._say_refused(gate)
        return True

    def _say_refused(self, gate: Gate, closing: bool = False) -> None:
        """Answer that there is too much to do, and close or be ready for the next request."""
        if closing:
            has_body = self.parser.get_method() != b"HEAD"
            self.transport.write(gate.busy.http_closing(with_body=has_body))
            self.transport.close()
            return
        if self.flow.write_paused:  # asks and asks, and reads no answer
            self.transport.abort()
            return
        self.transport.write(gate.busy.http())
        self._refused_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _look_later(self) -> None:
        self._timer = self.loop.call_later(self._patience.seconds / _LOOKS, self._look)

    def _look(self) -> None:
        now, patience = self.loop.time(), self._patience.seconds
        if self.transport.is_closing() or self.flow.write_paused:
            self._stuck_since = now if self._stuck_since is None else self._stuck_since
            if now - self._stuck_since >= patience:
                self.transport.abort()
                return
        else:
            self._stuck_since = None
            if self._since is not None and now - self._since >= patience and not self._is_our_turn():
                self._refuse(RequestTimeout(f"the request did not arrive within {patience:g} s"))
        self._look_later()

    def _is_our_turn(self) -> bool:
        """Whether an answer to an earlier, whole request is still being made: the client may rightly wait for it."""
        answering = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
        return answering or self.flow.read_paused

    def _refuse(self, problem: Problem) -> None:
        """Answer in the application's place, where the answer has not begun, and close."""
        answered = self._in_body
        if self.cycle is not None and not self.cycle.response_complete:
            answered = self.cycle.response_started
            self.cycle.disconnected = True  # the application, which may wait for the body, writes no second answer
            self.cycle.message_event.set()
        if not answered:
            self.transport.write(_as_http(problem))
        self.transport.close()


def _as_http(problem: Problem) -> bytes:
    body = problem.body("")
    head = (
        f"HTTP/1.1 {problem.status} {problem.title}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
