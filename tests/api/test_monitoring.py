"""What is told of a running application: metrics, logs without secrets, traces to a real receiver."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.testing import capture_logs

from services.api import edge
from services.monitoring.metrics import Metrics
from services.serving.recommender import Recommender
from services.simulation.walk_in import ApiClient, ApiError
from tests.api.conftest import running
from tests.conftest import SmallCity

ROOT = Path(__file__).parents[2]
QUERY = {"user_id": "d0-000005", "k": 10}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def bearer(small_city: SmallCity) -> dict[str, str]:
    return {"Authorization": f"Bearer {small_city.keys['app']}"}


# -- metrics


def test_answers_are_counted_by_the_versions_that_they_name(server: Any, app: Callable[..., Any]) -> None:
    said = app("GET", "/v1/recommendations", params=QUERY).json()
    labels = {
        "market": said["market"],
        "model_version": said["model"]["version"],
        "policy": said["policy"]["name"],
        "policy_version": said["policy"]["version"],
    }
    written = ",".join(f'{name}="{value}"' for name, value in labels.items())
    assert f"tablestakes_answers_total{{{written}}} " in server.get("/metrics").text


def test_what_waits_in_a_process_is_told(server: Any) -> None:
    text = server.get("/metrics").text
    for name in ("served_log_waiting", "event_commit_waiting", "feature_cache_breaker_open", "served_log_dropped"):
        assert f"\ntablestakes_{name} " in text


_PROCESS = """
import sys
from services.monitoring.metrics import Metrics
metrics = Metrics()
metrics.process(
    served_waiting=5, served_dropped=2, events_waiting=7, breaker_open=True, memory_bytes=100, cpu_seconds=1.5
)
metrics.answer("aldermoor", "v1", "balanced", 1)
print("told", flush=True)
sys.stdin.read()
"""


def test_processes_are_added_up_and_one_that_is_killed_takes_its_gauges_with_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def value(name: str) -> float:
        lines = Metrics().render(str(tmp_path)).decode().splitlines()
        return float(next(line for line in lines if line.startswith(f"tablestakes_{name}")).split()[-1])

    with ExitStack() as stack:
        command = [sys.executable, "-c", _PROCESS]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        both = [stack.enter_context(subprocess.Popen(command, env=environment, cwd=ROOT, **pipes)) for _ in range(2)]
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == b"told\n"
        assert (value("served_log_waiting"), value("feature_cache_breaker_open")) == (10.0, 2.0)

        both[0].kill()
        both[0].wait()

        assert (value("served_log_waiting"), value("event_commit_waiting")) == (5.0, 7.0)
        assert value("answers_total") == 2.0, "what was counted stays"
        both[1].kill()


# -- logs


def logged(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def serving(log: Path, settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    """`tablestakes serve` with two workers as a process, its standard error in a file; ended by SIGTERM."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "services.cli", "serve", "--port", str(port), "--workers", "2"]
    environment = {**os.environ, **{f"TABLESTAKES_{name}": value for name, value in settings.items()}}
    with log.open("w") as errors, subprocess.Popen(command, env=environment, cwd=ROOT, stderr=errors) as process:
        try:
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline:
                with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield "127.0.0.1", port
        finally:
            process.terminate()
            process.wait(30)


def test_every_line_of_a_server_is_json_and_none_has_a_secret(
    fresh_home: Path, small_city: SmallCity, tmp_path: Path
) -> None:
    """Planted: a key, a stranger's key, coordinates and a diner, in all the places where a request can hold them."""
    canaries = {**small_city.keys, "stranger": f"ts_app_{'C' * 43}", "lat": "52.6329917", "diner": "d0-canary-31"}
    settings = {"LOG_JSON": "true", "SLOW_REQUEST_MS": "1", "HOME": str(fresh_home)}
    log = tmp_path / "log"
    with serving(log, settings) as address:
        query = urllib.parse.urlencode({"user_id": canaries["diner"], "lat": canaries["lat"], "lon": "-1.44"})
        for key in (canaries["app"], canaries["stranger"], "Bearer x"):
            client = ApiClient(*address, key)
            for method, path in (("GET", f"/v1/recommendations?{query}"), ("GET", f"/v1/explanations?{query}")):
                with pytest.raises(ApiError) if "explanations" in path or key != canaries["app"] else ExitStack():
                    client.call(method, path)
            client.close()

    text = log.read_text()
    records = logged(text)
    slow = [record for record in records if record.get("route") == "recommendations"]
    assert slow
    assert {"request_id", "market", "model_version", "route", "status", "milliseconds", "stages"} <= set(slow[0])
    for name, secret in canaries.items():
        assert secret not in text, name


_SPILL = """
import logging, sys, warnings
import structlog
from services.monitoring.logs import configure_logs
configure_logs("info", sys.argv[1] == "json")
key, address = "ts_admin_" + "K" * 43, "postgresql+psycopg://sarah:hunter2@db:5432/x"
try:
    raise ValueError(f"no such thing: {key} at {address}")
except ValueError as error:
    structlog.get_logger("ours").error("request_failed", request_id="q1", exc_info=error)
logging.getLogger("uvicorn.error").info("a header: Authorization: Bearer %s", "S" * 30)
warnings.warn(f"an old way to say {key}", DeprecationWarning)
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_secret_in_a_trace_a_warning_or_a_librarys_line_is_blotted_out(form: str) -> None:
    command = [sys.executable, "-W", "always", "-c", _SPILL, form]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)

    for secret in ("K" * 43, "hunter2", "sarah", "S" * 30):
        assert secret not in done.stderr
    assert done.stderr.count("[hidden]") >= 4
    if form == "json":
        records = logged(done.stderr)
        assert [record["logger"] for record in records] == ["ours", "uvicorn.error", "py.warnings"]
        assert "Traceback" in records[0]["exception"]


def test_a_request_that_fails_is_logged_with_its_id_market_and_model(
    fresh_home: Path, bearer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(Recommender, "recommend", broken)
    # A logger keeps the form that it first spoke in, which another test may have set.
    monkeypatch.setattr(edge, "_log", structlog.get_logger())
    with running(fresh_home) as client, capture_logs() as logs:
        answer = client.get("/v1/recommendations", params=QUERY, headers=bearer)

    record = next(one for one in logs if one["event"] == "request_failed")
    assert answer.status_code == 500
    assert record["request_id"] == answer.headers["x-request-id"] == answer.json()["request_id"]
    assert record["market"]
    assert record["model_version"].startswith("lightfm-")


# -- traces


class Receiver:
    """An OTLP/HTTP receiver: keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        keeper = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
                    keeper.services.add(attributes["service.name"])
                    keeper.spans += [span for scope in resource.scope_spans for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    keeper = Receiver()
    thread = threading.Thread(target=keeper.server.serve_forever)
    thread.start()
    yield keeper
    keeper.server.shutdown()
    thread.join()
    keeper.server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def test_a_request_is_a_span_below_its_callers_with_its_stages_below_it(
    fresh_home: Path, bearer: dict[str, str], receiver: Receiver
) -> None:
    with running(fresh_home, otlp_endpoint=receiver.url, trace_share=0.0) as client:
        headers = {**bearer, "traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}
        answer = client.get("/v1/recommendations", params={**QUERY, "lat": 52.6, "lon": -1.4}, headers=headers)
        client.get("/v1/restaurants/none", headers=headers)

    spans = {span.name: span for span in receiver.spans}
    request = spans["GET recommendations"]
    assert receiver.services == {"tablestakes"}
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert request.trace_state == "vendor=1"
    said = attributes(request)
    assert said["tablestakes.request_id"] == answer.json()["request_id"]
    assert said["tablestakes.model_version"] == answer.json()["model"]["version"]
    assert said["http.response.status_code"] == 200
    assert not any("52.6" in str(value) or QUERY["user_id"] == value for value in said.values())
    stages = [span for span in receiver.spans if span.parent_span_id == request.span_id]
    assert [span.name for span in stages] == ["features", "ranking", "ads", "presentation"]
    assert all(request.start_time_unix_nano <= span.start_time_unix_nano for span in stages)
    assert all(span.end_time_unix_nano <= request.end_time_unix_nano for span in stages)
    assert attributes(spans["GET restaurant"])["http.response.status_code"] == 404


@pytest.mark.parametrize(
    ("share", "traceparent", "traced"),
    [
        (1.0, f"00-{TRACE}-{PARENT}-00", False),
        (0.0, f"00-{TRACE}-{PARENT}-01", True),
        (0.0, None, False),
        (1.0, None, True),
        (1.0, f"00-{'0' * 32}-{PARENT}-00", True),
        (0.0, f"ff-{TRACE}-{PARENT}-01", False),
        (0.0, "nonsense", False),
    ],
)
def test_the_caller_decides_or_else_chance(share: float, traceparent: str | None, traced: bool) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from services.monitoring.requests import RequestNotes
    from services.monitoring.tracing import Tracing

    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    headers = [] if traceparent is None else [(b"traceparent", traceparent.encode())]
    tracing = Tracing(provider.get_tracer("test"), share)

    tracing.answered({"headers": headers, "method": "GET"}, "health", 200, "q1", 0.001, RequestNotes())

    assert len(kept.get_finished_spans()) == traced


def test_a_receiver_that_is_away_holds_up_neither_lists_nor_the_end(fresh_home: Path, bearer: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        with running(fresh_home, otlp_endpoint=nobody, trace_share=1.0) as client:
            for _ in range(3):
                assert client.get("/v1/recommendations", params=QUERY, headers=bearer).status_code == 200


_IMPORTS = """
import sys
from services.api.app import create_app
from services.settings import Settings
from fastapi.testclient import TestClient
with TestClient(create_app(Settings())) as client:
    assert client.get("/health/live").status_code == 200
ours = ("services.monitoring.tracing", "opentelemetry.exporter", "opentelemetry.sdk.trace", "google.protobuf")
print([name for name in sys.modules if name.startswith(ours)], file=sys.stderr)
"""


def test_without_an_endpoint_nothing_of_it_is_imported(fresh_home: Path) -> None:
    environment = {**os.environ, "TABLESTAKES_HOME": str(fresh_home)}
    command = [sys.executable, "-c", _IMPORTS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.stderr.splitlines()[-1:] == ["[]"], done.stderr
