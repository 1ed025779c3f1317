"""Errors as RFC 9457 problem details: each class fixes status, type and title. Unexpected ones never show their text.

Problem
  + BadRequest           400  the request cannot be read
  + Unauthorized         401  no key, or one that is not known
  + Forbidden            403  another seat's lever
  + NotFound             404
  + MethodNotAllowed     405
  + RequestTimeout       408  it did not arrive in time
  + Conflict             409
  + Gone                 410
    + MarketRetired      410  it was served, and its data is kept
    + MarketMoved        410  it is served elsewhere; `moved_to` says where
  + PreconditionFailed   412  somebody else has written since the caller read
  + TooLarge             413
  + UriTooLong           414
  + Unprocessable        422  readable, but outside the schema
  + PreconditionRequired 428  a write to what exists must say which version it has seen
  + TooManyRequests      429  with Retry-After
  + HeadersTooLarge      431
  + Unavailable          503  with Retry-After
  + Overloaded           503  with Retry-After, before any work was done
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from services.audit.trail import MarketHasMoved
from services.database.errors import StorageUnavailable

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An error with an HTTP answer. `detail` is for people: what, where, and the mend."""

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self, request_id: str) -> bytes:
        """The answer's body; `request_id` finds it in the logs."""
        return orjson.dumps(
            {
                "type": f"urn:tablestakes:problem:{self.kind}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "request_id": request_id,
                **self.extra,
            }
        )

    def response(self, request_id: str) -> Response:
        """The answer."""
        return Response(self.body(request_id), self.status, self.headers, MEDIA_TYPE)


class BadRequest(Problem):
    """The request cannot be read."""

    status, kind, title = 400, "bad-request", "The request cannot be read"


class Unauthorized(Problem):
    """No key, or one that is not known."""

    status, kind, title = 401, "unauthorized", "A key is needed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """The key belongs to a role that may not do this."""

    status, kind, title = 403, "forbidden", "Not this role's to do"


class NotFound(Problem):
    """There is no such thing."""

    status, kind, title = 404, "not-found", "Not found"


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    status, kind, title = 405, "method-not-allowed", "Method not allowed"


class RequestTimeout(Problem):
    """The request did not arrive in time."""

    status, kind, title = 408, "request-timeout", "The request did not arrive in time"


class Conflict(Problem):
    """It contradicts what is stored."""

    status, kind, title = 409, "conflict", "It contradicts what is stored"


class Gone(Problem):
    """It was here and has been erased."""

    status, kind, title = 410, "gone", "It has been erased"


class MarketRetired(Gone):
    """The market was served, and is no more; its data is kept."""

    kind, title = "market-retired", "The market is retired"


class MarketMoved(Gone):
    """The market is served elsewhere."""

    kind, title = "market-moved", "The market has moved"

    def __init__(self, market: str, moved_to: str) -> None:
        super().__init__(f"market {market!r} has moved to {moved_to}: ask there", moved_to=moved_to)


class PreconditionFailed(Problem):
    """Somebody else has written since the caller read."""

    status, kind, title = 412, "precondition-failed", "It is not what you have seen"


class PreconditionRequired(Problem):
    """A write to what exists must say which version it has seen."""

    status, kind, title = 428, "precondition-required", "Say which version you have seen"


class TooLarge(Problem):
    """The body is larger than is accepted."""

    status, kind, title = 413, "too-large", "The body is too large"


class UriTooLong(Problem):
    """The address is longer than is accepted."""

    status, kind, title = 414, "uri-too-long", "The address is too long"


class HeadersTooLarge(Problem):
    """The headers are more, or larger, than is accepted."""

    status, kind, title = 431, "headers-too-large", "The headers are too large"


class TooManyRequests(Problem):
    """The key has used up what it may ask for now."""

    status, kind, title = 429, "too-many-requests", "Too many requests for this key"


class Unprocessable(Problem):
    """Readable, but outside the schema."""

    status, kind, title = 422, "unprocessable", "The request does not fit the schema"


class Unavailable(Problem):
    """Something that is needed is away for now."""

    status, kind, title = 503, "unavailable", "Not available for the moment"

    def __init__(self, detail: str, retry_after_seconds: int = 1) -> None:
        super().__init__(detail, {"Retry-After": str(retry_after_seconds)})


class Overloaded(Problem):
    """More is asked for than can be answered; refused before any work was done."""

    status, kind, title = 503, "overloaded", "Too much is asked for at the moment"


_BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind for kind in (BadRequest, Forbidden, NotFound, MethodNotAllowed, Conflict, TooLarge)
}


class FieldError(BaseModel):
    """One thing that is wrong with the request."""

    where: str = Field(examples=["query.k"])
    problem: str = Field(examples=["Input should be less than or equal to 100"])


class ProblemBody(BaseModel):
    """RFC 9457 problem details, as every error answers."""

    type: str = Field(examples=["urn:tablestakes:problem:unprocessable"])
    title: str = Field(examples=["The request does not fit the schema"])
    status: int = Field(examples=[422], ge=400, le=599)
    detail: str = Field(examples=["query.k: Input should be less than or equal to 100"])
    request_id: str
    errors: list[FieldError] | None = None


def field_errors(errors: list[ErrorDetails], where: str = "") -> list[dict[str, str]]:
    """Validation errors as place and problem. The refused input is left out: it may be secret, huge, or not JSON."""
    return [
        {
            "where": ".".join(str(part) for part in ((where,) if where else ()) + tuple(error["loc"]))[:200],
            "problem": str(error["msg"])[:300],
        }
        for error in errors[:20]
    ]


def unprocessable(errors: list[ErrorDetails], where: str = "") -> Unprocessable:
    """The problem for failed validation."""
    listed = field_errors(errors, where)
    return Unprocessable("; ".join(f"{error['where']}: {error['problem']}" for error in listed[:3]), errors=listed)


def elsewhere(market: str, moved_to: str) -> Problem:
    """Why nothing is done in a market that is not here: it has moved, or, where `moved_to` is empty, is yet to come."""
    if moved_to:
        return MarketMoved(market, moved_to)
    return Unavailable(f"market {market!r} is on its way to here: ask again in a moment", retry_after_seconds=5)


def request_id_of(request: Request) -> str:
    """The id that the edge gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def _methods_of(app: FastAPI, path: str) -> str:
    """The methods that are described for a path, as RFC 9110 wants them in `Allow`; empty for one that is not."""
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)), path):
            return ", ".join(sorted(method.upper() for method in operations))
    return ""


def install(app: FastAPI) -> None:
    """Let every error of the application answer as a problem. Unexpected ones are answered by the edge."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response(request_id_of(request))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = error.errors()
        if any(item["type"] == "json_invalid" for item in errors):
            return BadRequest("the body is not JSON").response(request_id_of(request))
        return unprocessable(list(errors)).response(request_id_of(request))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = _BY_STATUS.get(error.status_code, BadRequest if error.status_code < 500 else Unavailable)
        detail = f"{request.method} {request.url.path[:200]}: {error.detail}"
        response = kind(detail).response(request_id_of(request))
        response.headers.update(error.headers or {})
        if kind is MethodNotAllowed and (methods := _methods_of(app, request.url.path)):
            response.headers["Allow"] = methods  # the router's own header names the methods of one route alone
        return response

    async def on_storage(request: Request, _: Exception) -> Response:
        return Unavailable("the database does not answer; try again").response(request_id_of(request))

    async def on_moved(request: Request, error: Exception) -> Response:
        assert isinstance(error, MarketHasMoved)
        return elsewhere(error.market, error.moved_to).response(request_id_of(request))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(StorageUnavailable, on_storage)
    app.add_exception_handler(MarketHasMoved, on_moved)
