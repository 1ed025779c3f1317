"""uvicorn's HTTP protocol with deadlines: a client that sends or reads too slowly is cut off, and no head is endless.

uvicorn waits for a request's rest without end, and its fast parser collects headers without end: a few hundred sockets
that trickle a byte a second would hold a process's descriptors, and one header that never ends its memory. Here a
connection has one timer, looked at four times in a deadline, and not one a request: what a request pays is a note of
the time when it begins and when it is whole.
"""

import asyncio
import functools
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.api.problems import MEDIA_TYPE, HeadersTooLarge, Problem, RequestTimeout
from services.settings import Settings

_LOOKS: Final = 4
_FRAMING: Final = 8
"""Bytes of chunked framing and trailers for each byte of body that is accepted, at most."""


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
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers after a body are dropped, for nothing here reads them."""
        if not self._in_body:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._delivered += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._since = None
        self._in_body = False
        self._received = 0
        super().on_message_complete()

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
