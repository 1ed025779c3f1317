"""The outermost layer around the routes, one plain ASGI class: ids, limits, headers, metrics, errors."""

import re
import time
from collections.abc import Iterable, Sequence

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.access.rates import Standing
from services.api.limits import RequestLimits
from services.api.problems import Problem, TooLarge
from services.identifiers import RequestIds
from services.monitoring.requests import RequestNotes, RequestWatch

Headers = Sequence[tuple[bytes, bytes]]
_CLIENT_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_log = structlog.get_logger(__name__)


def client_request_id(scope: Scope) -> str | None:
    """The client's own X-Request-ID, where it is a sensible one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _CLIENT_ID.fullmatch(value):
            return bytes(value).decode()
    return None


def unexpected(error: Exception, request_id: str, path: str, notes: RequestNotes) -> Problem:
    """Log what nobody caught; what the client is told has none of its text."""
    _log.error("request_failed", request_id=request_id, path=path, exc_info=error, **notes.about())
    return Problem("an unexpected error; the request's id finds it in the logs")


class BodyRefused(Exception):
    """Takes the place of an answer to a body that was refused. No Problem, for the framework would answer that too."""


class BoundedBody:
    """A request's body as it comes in; reading stops with a Problem at the first thing that is over a limit."""

    def __init__(self, scope: Scope, receive: Receive, limits: RequestLimits) -> None:
        self.refused: Problem | None = None
        """What the answer must be, whatever a parser made of the exception."""
        self._receive = receive
        self._limits = limits
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        self._declared = int(declared[:20]) if declared.isdigit() else 0  # Python reads no endless number
        self._seen = 0
        self._chunks: list[bytes] = []

    async def receive(self) -> Message:
        """The next message. Raises TooLarge, BadRequest."""
        self._require(self._declared)
        message = await self._receive()
        chunk = message.get("body", b"")
        self._seen += len(chunk)
        self._require(self._seen)
        if chunk:
            self._chunks.append(chunk)
            if not message.get("more_body", False):
                self._look_into(b"".join(self._chunks))
        return message

    def _require(self, size: int) -> None:
        limit = self._limits.body_bytes
        if size > limit:
            self.refused = TooLarge(f"the body may have {limit:,} bytes at most")
            raise self.refused

    def _look_into(self, body: bytes) -> None:
        try:
            self._limits.check_json(body)
        except Problem as problem:
            self.refused = problem
            raise


class Edge:
    """Gives each request an id, bounds it, counts it, and turns what nobody caught into a 500 without details."""

    def __init__(self, app: ASGIApp, requests: RequestWatch, limits: RequestLimits, sealing: Headers) -> None:
        """`sealing`: headers of every answer that does not set them itself."""
        self.app = app
        self._requests = requests
        self._limits = limits
        self._sealing = sealing
        self._ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other scopes pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = client_request_id(scope) or self._ids.new()
        notes = RequestNotes()
        scope.setdefault("state", {}).update(request_id=request_id, notes=notes)
        started = time.perf_counter()
        status = 0
        body = BoundedBody(scope, receive, self._limits)
        refusing = False

        async def sending(message: Message) -> None:
            nonlocal status
            if body.refused is not None and not status and not refusing:
                raise BodyRefused  # FastAPI answers whatever breaks a body off with a 400 of its own
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._sealed(scope, message.get("headers", ()), request_id)
            await send(message)

        try:
            self._limits.check(scope)
            await self.app(scope, body.receive, sending)
        except (Problem, BodyRefused) as error:
            refusing = True
            problem = body.refused or error
            assert isinstance(problem, Problem)
            await problem.response(request_id)(scope, receive, sending)
        except Exception as error:
            problem = unexpected(error, request_id, scope["path"], notes)
            if status:  # the answer had begun: all that is left is to break it off
                raise
            await problem.response(request_id)(scope, receive, sending)
        finally:
            self._requests.answered(scope, route_of(scope), status, request_id, started, notes)

    def _sealed(self, scope: Scope, own: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
        headers = list(own)
        names = {name for name, _ in headers}
        headers += [header for header in self._sealing if header[0] not in names]
        standing: Standing | None = scope["state"].get("standing")
        if standing is not None:
            headers += standing.headers()
        return [*headers, (b"x-request-id", request_id.encode())]


def route_of(scope: Scope) -> str:
    """The route's template for metrics: bounded in number, and without ids."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", "unmatched") if endpoint is not None else "unmatched"
