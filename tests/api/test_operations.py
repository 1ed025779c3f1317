"""The route of operations: metrics of the API and of a worker, real ones, and a worker that is not there."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from services.monitoring import worker_scrape
from services.monitoring.worker_metrics import WorkerMetrics
from services.monitoring.worker_scrape import WorkerAway, scrape
from services.settings import Settings
from tests.api.conftest import running
from tests.conftest import SmallCity


@pytest.fixture
def auditor(small_city: SmallCity) -> dict[str, str]:
    return {"Authorization": f"Bearer {small_city.keys['auditor']}"}


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_apis_metrics_stand_beside_the_workers(fresh_home: Path, auditor: dict[str, str]) -> None:
    worker = WorkerMetrics()
    worker.round("pacing", 0.02, at=1_700_000_000.0, failed=False)
    port = worker.serve("127.0.0.1", 0)
    with running(fresh_home, worker_metrics_port=port) as server:
        told = server.get("/v1/operations", headers=auditor).json()

    assert told["worker"] == "watched"
    assert 'tablestakes_worker_rounds_total{job_name="pacing",outcome="done"} 1.0' in told["worker_metrics"]
    assert told["checks"] == {"feature_cache": "ok", "database": "ok", "markets": "ok"}
    lines = dict(line.rsplit(" ", 1) for line in told["metrics"].splitlines() if not line.startswith("#"))
    assert float(lines["tablestakes_processes"]) == 1
    assert float(lines["tablestakes_process_resident_bytes"]) > 30e6
    assert float(lines["tablestakes_process_cpu_seconds"]) > 0.1
    assert float(lines["tablestakes_process_start_timestamp_seconds"]) > 1.7e9


def test_a_worker_that_does_not_answer_is_away_and_the_rest_is_told(fresh_home: Path, auditor: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{free_port()}/metrics"
    with running(fresh_home, worker_metrics_url=url) as server:
        told = server.get("/v1/operations", headers=auditor).json()

    assert (told["worker"], told["worker_metrics"]) == ("away", "")
    assert "tablestakes_processes 1.0" in told["metrics"]


def test_without_a_port_no_worker_is_looked_for(server: TestClient, auditor: dict[str, str]) -> None:
    assert server.get("/v1/operations", headers=auditor).json()["worker"] == "not_watched"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, ""),
        ({"worker_metrics_port": 9101}, "http://127.0.0.1:9101/metrics"),
        ({"worker_metrics_port": 9101, "worker_metrics_host": "0.0.0.0"}, "http://127.0.0.1:9101/metrics"),
        ({"worker_metrics_port": 9101, "worker_metrics_host": "10.0.0.7"}, "http://10.0.0.7:9101/metrics"),
        ({"worker_metrics_port": 9101, "worker_metrics_url": "http://worker/m"}, "http://worker/m"),
    ],
)
def test_the_worker_is_found_where_the_settings_say(settings: dict[str, object], url: str) -> None:
    assert Settings(**settings).resolved_worker_metrics_url == url  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "worker:9101", "http://a b"])
def test_only_an_address_of_the_web_is_taken(url: str) -> None:
    with pytest.raises(ValidationError, match="worker_metrics_url"):
        Settings(worker_metrics_url=url)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/metrics"
        finally:
            server.shutdown()


def test_an_answer_that_is_no_success_or_has_no_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(500, b"x") as url, pytest.raises(WorkerAway, match="500"):
        scrape(url)
    monkeypatch.setattr(worker_scrape, "MAX_BYTES", 10)
    with answering(200, b"x" * 11) as url, pytest.raises(WorkerAway, match="longer than 10 bytes"):
        scrape(url)
    with answering(200, b"x" * 10) as url:
        assert scrape(url) == "x" * 10


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(200, b"well") as url:
        assert scrape(url) == "well"
