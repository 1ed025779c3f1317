"""The application: routes, errors, the hot path and the edge, put together."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from services.access.roles import Role
from services.api import examples, problems
from services.api.edge import Edge, Headers
from services.api.hot_path import HotPath
from services.api.limits import RequestLimits
from services.api.overload import Gate
from services.api.routes import (
    audit,
    campaigns,
    cards,
    catalogue,
    demands,
    diners,
    events,
    fairness,
    freeze,
    fronts,
    health,
    lessons,
    measurements,
    negotiations,
    operations,
    policies,
    recommending,
    releases,
    replays,
    retraining,
    scorecard,
    sign_offs,
)
from services.api.schemas import EventWrite
from services.api.security import rights_of
from services.bootstrap import open_services
from services.clock import Clock
from services.console.docs import mount_docs
from services.console.routes import mount as mount_console
from services.monitoring.metrics import Metrics
from services.monitoring.requests import RequestWatch
from services.overload import Limiter, Turns
from services.settings import Settings

if TYPE_CHECKING:
    from services.monitoring.tracing import Tracing

DESCRIPTION = """\
Restaurant recommendations in which everybody who has a stake sits at the table.

Send `Authorization: Bearer <key>`; `keys.json` in the home has a key for each role. Errors are RFC 9457 problem
details. Times are ISO 8601 with an offset, money is in integer minor units.
"""


_ROUTES: Final = (
    recommending,
    events,
    catalogue,
    campaigns,
    policies,
    sign_offs,
    demands,
    fronts,
    negotiations,
    retraining,
    releases,
    freeze,
    audit,
    scorecard,
    cards,
    measurements,
    fairness,
    replays,
    diners,
    health,
    operations,
    lessons,
)


class Application(FastAPI):
    """FastAPI with a gate and one route in front of its middleware."""

    gate: Gate | None = None
    """Also asked by the connection's protocol, before there is a scope."""
    hot_path: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or the lifespan."""
        gate = self.gate if scope["type"] == "http" else None
        if gate is not None and (refusal := gate.refusal(scope)) is not None:
            await refusal.send(send)
            return
        try:
            if self.hot_path is not None and HotPath.matches(scope):
                await self.hot_path(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
        finally:
            if gate is not None:
                gate.leave(scope["admitted"])


def create_app(
    settings: Settings, clock: Clock | None = None, hot_path: bool = True, ready: Callable[[], None] | None = None
) -> FastAPI:
    """The ASGI application. Nothing is opened before its lifespan starts.

    `hot_path=False` leaves the fast lane out, so that a test can compare it with the documented route. `ready` is
    called when all is open, before the first request.
    """
    metrics = Metrics()
    turns = Turns()
    requests = RequestWatch(metrics, settings.slow_request_ms / 1000.0)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with _tracing(settings) as requests.tracing:
            async with open_services(settings, metrics, clock or Clock(), turns) as services:
                app.state.services = services
                await run_in_threadpool(_build_routes, app)
                if ready is not None:
                    ready()
                yield

    app = Application(
        title="tablestakes",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problems.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    mount_docs(app)
    mount_console(app)
    limits, sealing = _limits(settings), _sealing(settings)
    app.add_middleware(Edge, requests=requests, limits=limits, sealing=sealing)
    if settings.overload_lag_ms:
        app.gate = Gate(Limiter(target_seconds=settings.overload_lag_ms / 1000.0), turns, metrics, sealing)
    if hot_path:
        app.hot_path = HotPath(app, requests, limits, sealing)
    if settings.cors_origins:
        open_to: dict[str, Any] = {
            "allow_origins": settings.cors_origins,
            "allow_methods": ["*"],
            "allow_headers": ["*"],
            "expose_headers": ["RateLimit", "RateLimit-Policy", "Retry-After", "Server-Timing", "X-Request-ID"],
        }
        app.add_middleware(CORSMiddleware, **open_to)
        if app.hot_path is not None:
            app.hot_path = CORSMiddleware(app.hot_path, **open_to)
    _complete_openapi(app)
    return app


def _build_routes(app: FastAPI) -> None:
    """FastAPI makes the routes of an included router when the first request comes by: 75 ms, in which lists wait.

    In a thread of the pool, so that this has begun too.
    """
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": ""})


def _limits(settings: Settings) -> RequestLimits:
    return RequestLimits(
        url_bytes=settings.max_url_bytes,
        query_fields=settings.max_query_fields,
        header_bytes=settings.max_header_bytes,
        headers=settings.max_headers,
        body_bytes=settings.max_body_bytes,
        json_levels=settings.max_json_levels,
    )


def _sealing(settings: Settings) -> Headers:
    """Headers of every answer that does not set them itself: a page has a policy of its own."""
    sealing = [
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"referrer-policy", b"no-referrer"),
    ]
    if settings.hsts_seconds:
        sealing.append((b"strict-transport-security", b"max-age=%d; includeSubDomains" % settings.hsts_seconds))
    return sealing


@contextmanager
def _tracing(settings: Settings) -> Iterator["Tracing | None"]:
    """Traces where they are configured; RuntimeError where what they need is not installed."""
    if not settings.otlp_endpoint:
        yield None
        return
    try:
        from services.monitoring.tracing import open_tracing
    except ImportError as error:
        raise RuntimeError(
            f"TABLESTAKES_OTLP_ENDPOINT is set, but traces need the extra `tracing` ({error.name} is missing): "
            "install tablestakes[tracing], or unset it"
        ) from error
    with open_tracing(settings.otlp_endpoint, settings.trace_share) as tracing:
        yield tracing


def _complete_openapi(app: FastAPI) -> None:
    """Add who may call what, examples, the schemas that routes only refer to; drop FastAPI's own validation errors."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document["components"]["schemas"]
            template = "#/components/schemas/{model}"
            for model in (EventWrite, problems.ProblemBody):
                schema = model.model_json_schema(ref_template=template)
                schemas.update(schema.pop("$defs", {}))
                schemas[model.__name__] = schema
            rights = _rights()
            for operations in document["paths"].values():
                for operation in operations.values():
                    _add_examples(operation)
                    _add_overload(operation)
                    if (roles := rights.get(operation["operationId"])) is not None:
                        operation["x-roles"] = roles
                    validation = operation["responses"].get("422", {})
                    if "application/json" in validation.get("content", {}):
                        del operation["responses"]["422"]
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _rights() -> dict[str, list[str] | None]:
    """operationId -> the roles that may call it, in the registry's order; None: no key is asked for."""
    routes = [route for module in _ROUTES for route in module.router.routes if isinstance(route, APIRoute)]
    allowed = {route.operation_id or route.name: rights_of(route) for route in routes}
    return {
        name: None if roles is None else [role.value for role in Role if role in roles]
        for name, roles in allowed.items()
    }


def _add_overload(operation: dict[str, Any]) -> None:
    """Too much may be asked of any operation but the health checks."""
    if "health" not in operation.get("tags", ()):
        operation["responses"].setdefault("503", examples.problem(503))


def _add_examples(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    if name in examples.REQUESTS:
        operation["requestBody"]["content"]["application/json"]["example"] = examples.REQUESTS[name]
    if name in examples.ANSWERS:
        success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        success["content"]["application/json"]["example"] = examples.ANSWERS[name]
