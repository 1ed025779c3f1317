"""A running application over a copy of the small city's home, with a real Redis and a real database."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from services.api.app import create_app
from services.settings import Settings
from services.simulation.walk_in import ApiClient, ApiError
from tests.commands import tablestakes
from tests.conftest import SmallCity

if TYPE_CHECKING:
    from tests.api.release_caller import Caller

Client = httpx2.Client


@contextmanager
def running(home: Path, hot_path: bool = True, **overrides: Any) -> Iterator[TestClient]:
    """The application over this home, started and warm."""
    # Patient with Redis: on a machine that is busy with other tests an answer in time is not what is tested.
    settings = Settings(home=home, **{"redis_timeout_ms": 2_000, **overrides})
    app = create_app(settings, hot_path=hot_path)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def serving(home: Path) -> Iterator[tuple[int, int]]:
    """A server over this home in a process of its own, ready: its port and its process's id.

    Its gate is off: a server that is starved by other tests refuses some requests.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "services.cli", "serve", "--port", str(port)]
    environment = {**os.environ, "TABLESTAKES_OVERLOAD_LAG_MS": "0", "TABLESTAKES_HOME": str(home)}
    log = home / "serve.log"
    with log.open("wb") as stream, subprocess.Popen(command, env=environment, stderr=stream) as process:
        with closing(ApiClient("127.0.0.1", port, "")) as api:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with suppress(ApiError):
                    api.call("GET", "/health/ready")
                    break
                time.sleep(0.1)
        try:
            yield port, process.pid
        finally:  # else a test that fails waits for the server for ever
            process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="session")
def api_home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of this test process's own."""
    home = tmp_path_factory.mktemp("api") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    return home


@pytest.fixture(scope="session")
def server(api_home: Path) -> Iterator[TestClient]:
    """The application without a key."""
    with running(api_home) as client:
        yield client


@pytest.fixture(scope="session")
def as_role(server: TestClient, small_city: SmallCity) -> Callable[[str], Callable[..., httpx2.Response]]:
    """`as_role("app")("GET", "/v1/markets")`."""

    def of(role: str) -> Callable[..., httpx2.Response]:
        bearer = {"Authorization": f"Bearer {small_city.keys[role]}"}

        def call(method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx2.Response:
            return server.request(method, path, headers={**bearer, **(headers or {})}, **options)

        return call

    return of


@pytest.fixture(scope="session")
def app(as_role: Callable[[str], Callable[..., httpx2.Response]]) -> Callable[..., httpx2.Response]:
    """A diners' app: `app("GET", "/v1/recommendations", params={...})`."""
    return as_role("app")


@pytest.fixture
def fresh_home(small_city: SmallCity, tmp_path: Path) -> Path:
    """A home that one test may damage."""
    home = tmp_path / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    return home


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opens."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="session")
def three_versions(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion and two challengers."""
    home = tmp_path_factory.mktemp("releases") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    tablestakes("train", str(small_city.dataset), "--model", "popular", home=home)
    tablestakes("train", str(small_city.dataset), "--seed", "3", "--parameter", "epochs=2", home=home)
    return home


@pytest.fixture
def release_home(three_versions: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(three_versions, copy, ignore=shutil.ignore_patterns("redis"))
    # Paths of artifacts are absolute: these lie in the first home, and no test here writes to them.
    return copy


@pytest.fixture
def call(release_home: Path, small_city: SmallCity) -> Iterator["Caller"]:
    from tests.api.release_caller import Caller

    with running(release_home, follow_releases_seconds=0.05) as client:
        yield Caller(client, small_city.keys)
