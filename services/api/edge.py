"""The outermost layer around the routes, one plain ASGI class: ids, body limit, metrics, the last word on errors."""

import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import Problem, TooLarge
from services.identifiers import RequestIds
from services.monitoring.requests import RequestNotes, RequestWatch

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


class BodyTooLarge(Exception):
    """Raised inside `receive`, so that reading stops at the limit."""


class Edge:
    """Gives each request an id, bounds its body, counts it, and turns what nobody caught into a 500 without details."""

    def __init__(self, app: ASGIApp, requests: RequestWatch, max_body_bytes: int) -> None:
        self.app = app
        self._requests = requests
        self._max_body_bytes = max_body_bytes
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

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, self._bounded(scope, receive), sending)
        except BodyTooLarge:
            large = TooLarge(f"the body may have {self._max_body_bytes:,} bytes at most")
            await large.response(request_id)(scope, receive, sending)
        except Exception as error:
            problem = unexpected(error, request_id, scope["path"], notes)
            if status:  # the answer had begun: all that is left is to break it off
                raise
            await problem.response(request_id)(scope, receive, sending)
        finally:
            self._requests.answered(scope, route_of(scope), status, request_id, started, notes)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        limit = self._max_body_bytes
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        seen = int(declared) if declared.isdigit() else 0
        too_large = seen > limit
        seen = 0

        async def receiving() -> Message:
            nonlocal seen
            if too_large:
                raise BodyTooLarge
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge
            return message

        return receiving


def route_of(scope: Scope) -> str:
    """The route's template for metrics: bounded in number, and without ids."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", "unmatched") if endpoint is not None else "unmatched"
