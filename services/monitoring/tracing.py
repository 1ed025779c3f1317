"""OpenTelemetry traces to an OTLP/HTTP receiver. Imported only where an endpoint is configured.

Spans are made when a request has been answered, from times that are measured anyway: a request that is not traced pays
for the decision alone, and the hot path has no second form. A span holds the request's id, market and model version,
nothing about the diner, and no query.
"""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from services.monitoring.requests import RequestNotes

_TRACEPARENT: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_SAMPLED: Final = 1
_SERVER_ERROR: Final = 500
_SECOND: Final = 1_000_000_000
_PATIENCE_SECONDS: Final = 2.0
"""For the receiver, retries included: the end of the process waits for it."""


class Tracing:
    """Turns answered requests into spans: one for the request, one below it for each of its stages."""

    def __init__(self, tracer: Tracer, share: float) -> None:
        self._tracer = tracer
        self._share = share
        self._propagator = TraceContextTextMapPropagator()
        self._random = random.Random()

    def answered(
        self, scope: Scope, route: str, status: int, request_id: str, seconds: float, notes: RequestNotes
    ) -> None:
        """Record a request that has just been answered, if its caller traces it, or by chance if it does not say."""
        parent = _header(scope, b"traceparent")
        if _TRACEPARENT.fullmatch(parent) is None:  # a broken one counts as none (W3C Trace Context, 3.2)
            parent = b""
        if not (int(parent[53:55], 16) & _SAMPLED if parent else self._random.random() < self._share):
            return
        ended = time.time_ns()
        started = ended - round(seconds * _SECOND)
        carrier = {"traceparent": parent.decode(), "tracestate": _header(scope, b"tracestate").decode("latin-1")}
        span = self._tracer.start_span(
            f"{scope['method']} {route}",
            context=self._propagator.extract(carrier) if parent else None,
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "http.route": route,
                "http.response.status_code": status,
                "tablestakes.request_id": request_id,
                **{f"tablestakes.{name}": value for name, value in notes.about().items()},
            },
            start_time=started,
        )
        within = set_span_in_context(span)
        at = started
        for stage, spent in notes.stages.items():
            child = self._tracer.start_span(stage, context=within, start_time=at)
            at = min(at + round(spent * _SECOND), ended)
            child.end(end_time=at)
        if status >= _SERVER_ERROR or not status:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=ended)


@contextmanager
def open_tracing(endpoint: str, share: float) -> Iterator[Tracing]:
    """Send spans to `endpoint`/v1/traces in batches, from a thread; the last ones go out when the block is left."""
    provider = TracerProvider(
        sampler=ALWAYS_ON, resource=Resource.create({"service.name": "tablestakes"}), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_PATIENCE_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Tracing(provider.get_tracer("tablestakes"), share)
    finally:
        provider.shutdown()


def _header(scope: Scope, wanted: bytes) -> bytes:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return b""
