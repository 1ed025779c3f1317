"""`GET /v1/recommendations` as plain ASGI in front of the application's middleware and router.

Routing, dependency injection and response models cost several times what the ranking does. This class answers the one
path on which latency costs orders. It validates with the pydantic model from which the OpenAPI is generated and answers
with the same problems; the documented FastAPI route calls the same `answer` (a test holds both against each other).
"""

import time
from dataclasses import replace
from math import inf
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from services.api.asking import ask_for
from services.api.deadlines import deadline_of
from services.api.edge import Headers, client_request_id, unexpected
from services.api.limits import RequestLimits
from services.api.problems import BadRequest, Problem, unprocessable
from services.api.schemas import RecommendationQuery
from services.api.security import READERS_OF_DINERS, charge, role_of
from services.bootstrap import Services
from services.identifiers import RequestIds
from services.monitoring.requests import RequestNotes, RequestWatch
from services.serving.present import body
from services.serving.recommender import Ask
from services.serving.replay_inputs import Explain

PATH: Final = "/v1/recommendations"
ROUTE: Final = "recommendations"
_log = structlog.get_logger(__name__)


async def answer(
    services: Services, query: RecommendationQuery, notes: RequestNotes, deadline: float = inf
) -> tuple[str, bytes, bytes]:
    """The list's request id, the JSON body, and the value of `Server-Timing`."""
    return await answered(services, await ask_for(services, query, deadline), query.explain, notes)


async def answered(
    services: Services,
    ask: Ask,
    explain: Explain,
    notes: RequestNotes,
    assigned: bool = True,
    started: float | None = None,
) -> tuple[str, bytes, bytes]:
    """The same for a question that is understood; counted for the model that answers, or fails to.

    Where a canary fails, that counts against it, and the champion answers. `assigned`: the diner's id chose the model.
    `started` by `time.perf_counter`; None: now.
    """
    started = time.perf_counter() if started is None else started
    notes.market, notes.model_version = ask.snapshot.info.market, ask.snapshot.artifact.version
    assigned = assigned and ask.personalised
    try:
        made = await services.recommender.recommend(ask)
        ranked = time.perf_counter()
        sent = body(made, explain)
        services.recommender.log(made, explain, sent)
    except Exception as error:
        services.counts.count(ask.snapshot, time.perf_counter() - started, assigned=assigned, failed=True)
        if ask.instead is None:
            raise
        _log.error("canary_failed", version=ask.snapshot.artifact.version, exc_info=error)
        instead = replace(ask, snapshot=ask.instead, instead=None)
        return await answered(services, instead, explain, notes, False, started)
    done = time.perf_counter()
    services.counts.count(ask.snapshot, done - started, assigned=assigned)
    notes.stages = stages = {**made.stages, "presentation": done - ranked}
    timing = ", ".join([f"{stage};dur={seconds * 1000:.3f}" for stage, seconds in stages.items()])
    return made.request_id, sent, timing.encode()


def parse_query(query_string: bytes) -> RecommendationQuery:
    """The query as FastAPI would read it: a repeated `exclude` is a list, of anything else the last one counts."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise BadRequest("the query is not valid percent-encoded UTF-8") from None
    values: dict[str, Any] = dict(pairs)
    # Also where nobody is left out: a list that is a default is copied, which takes longer than all else here.
    values["exclude"] = [value for name, value in pairs if name == "exclude"] if "exclude" in values else []
    try:
        return RecommendationQuery.model_validate(values)
    except ValidationError as error:
        raise unprocessable(error.errors(include_url=False, include_input=False), "query") from None


class HotPath:
    """Answers `GET /v1/recommendations`."""

    def __init__(self, api: FastAPI, requests: RequestWatch, limits: RequestLimits, sealing: Headers) -> None:
        """`sealing`: headers of every answer."""
        self._api = api
        self._requests = requests
        self._limits = limits
        self._sealing = sealing
        self._ids = RequestIds()

    @staticmethod
    def matches(scope: Scope) -> bool:
        """Whether this is a request for the hot path."""
        return bool(scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request that matches."""
        started = time.perf_counter()
        request_id = client_request_id(scope)
        notes = RequestNotes()
        status = 200
        try:
            self._limits.check(scope)
            services: Services = self._api.state.services
            role = role_of(_authorization(scope), services.keys, READERS_OF_DINERS)
            standing = charge(services.rates, role)
            list_id, sent, timing = await answer(
                services, parse_query(scope["query_string"]), notes, deadline_of(scope)
            )
            request_id = request_id or list_id
        except Exception as error:  # noqa: BLE001 - nothing stands outside of this to answer instead
            request_id = request_id or self._ids.new()
            problem = error if isinstance(error, Problem) else unexpected(error, request_id, scope["path"], notes)
            status = problem.status
            response = problem.response(request_id)
            response.headers["X-Request-ID"] = request_id
            response.raw_headers.extend(self._sealing)
            await response(scope, receive, send)
        else:
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(sent)).encode()),
                (b"server-timing", timing),
                (b"x-request-id", request_id.encode()),
                (b"cache-control", b"no-store"),
                *self._sealing,
            ]
            if standing is not None:
                headers.extend(standing.headers())
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": sent})
        finally:
            self._requests.answered(scope, ROUTE, status, request_id or "", started, notes)


def _authorization(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bytes(value)
    return b""
