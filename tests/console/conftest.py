"""A real server over a copy of the small city's home, and a real browser in front of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright

from tests.conftest import SmallCity

_ROOT = Path(__file__).parent.parent.parent
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 10_000


@dataclass(frozen=True)
class Served:
    """A running server."""

    origin: str
    market: str
    keys: dict[str, str]
    home: Path = Path()

    def call(self, method: str, path: str, role: str = "app", **options: Any) -> Any:
        """The API's JSON answer; an error status fails."""
        bearer = {"Authorization": f"Bearer {self.keys[role]}"}
        answer = httpx2.request(method, f"{self.origin}{path}", headers=bearer, timeout=10, **options)
        answer.raise_for_status()
        return answer.json()

    def ranked(self, **query: Any) -> list[str]:
        """The ids that the API recommends, best first."""
        items = self.call("GET", "/v1/recommendations", params={"market": self.market, **query})["items"]
        return [item["restaurant_id"] for item in items]


@dataclass
class Visit:
    """One reader's page, with everything that the browser asked for and complained about."""

    page: Page
    served: Served
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    may_complain_of: str | None = None
    """Part of the one complaint that a test provokes."""

    def open(self, query: str = "", key: str | None = None) -> Page:
        """Open the diner's view signed in as `app` (or with another key; "" for none) and wait for the list."""
        key = self.served.keys["app"] if key is None else key
        self._go(f"/{query}", [key] if key else [])
        if key in self.served.keys.values():
            self.page.wait_for_selector(".entry, .nothing, #problem:not([hidden])")
        return self.page

    def view(self, address: str, *roles: str) -> Page:
        """Open a view, `/table` say, with the keys of these roles (app and auditor where none is named)."""
        self._go(address, [self.served.keys[role] for role in roles or ("app", "auditor")])
        self.page.wait_for_selector("#view h1, #problem:not([hidden])")
        return self.page

    def _go(self, address: str, keys: list[str]) -> None:
        fragment = "&".join(f"key={key}" for key in keys)
        self.page.goto(f"{self.served.origin}{address}{f'#{fragment}' if fragment else ''}")

    def ids(self) -> list[str]:
        """The restaurants of the list as shown."""
        return self.page.locator(".entry").evaluate_all("entries => entries.map(entry => entry.dataset.id)")

    @contextmanager
    def next_list(self) -> Iterator[None]:
        """Wait until what happens inside has led to a new list on the page."""
        before = self.page.locator("#receipt-request-id").text_content()
        yield
        self.page.wait_for_function(
            "before => document.querySelector('#receipt-request-id').textContent !== before", arg=before
        )

    def check(self) -> None:
        """Nothing but this origin was asked, and nothing was complained of."""
        elsewhere = [url for url in self.requests if not url.startswith((f"{self.served.origin}/", "data:"))]
        assert elsewhere == []
        provoked = self.may_complain_of
        assert [text for text in self.complaints if provoked is None or provoked not in text] == []


@pytest.fixture(scope="session")
def served(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`tablestakes serve` in a process of its own."""
    with serving_copy(small_city, tmp_path_factory.mktemp("console")) as served:
        yield served


@contextmanager
def serving_copy(
    city: SmallCity, folder: Path, prepare: Callable[[Path], None] = lambda _: None, source: Path = _ROOT
) -> Iterator[Served]:
    """A server over a copy of the city's home, changed by `prepare(home)` first; `source`: the program's folder."""
    home = folder / "home"
    shutil.copytree(city.home, home, ignore=shutil.ignore_patterns("redis"))
    prepare(home)
    port = free_port()
    with process(home, "serve", "--port", str(port), source=source) as (server, log):
        origin = f"http://127.0.0.1:{port}"
        wait_until_ready(origin, server, log)
        yield Served(origin, city.market, city.keys, home)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    home: Path, command: str, *options: str, source: Path = _ROOT, **settings: str
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """A command of ours over this home in a process of its own, and its log; ended by SIGTERM.

    A server's gate is off unless a setting says otherwise: one that is starved by other tests refuses some requests,
    which says nothing of the page.
    """
    log = home.parent / f"{command}.log"
    environment = {**os.environ, "TABLESTAKES_OVERLOAD_LAG_MS": "0", **settings, "TABLESTAKES_HOME": str(home)}
    if source != _ROOT:
        environment["PYTHONPATH"] = str(source)
    with log.open("a") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "services.cli", command, *options],
            env=environment,
            cwd=source,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield started, log
    finally:
        started.terminate()
        started.wait(timeout=30)


def wait_until_ready(origin: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Fails with the log where the server ends instead."""
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            if httpx2.get(f"{origin}/health/ready", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the server did not become ready:\n{log.read_text()}")


# Module and not session: while Playwright's loop is alive, asyncio tests of other modules could not run here.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield started
        started.close()


@contextmanager
def visits(browser: Browser, served: Served) -> Iterator[Callable[..., Visit]]:
    """`visit(viewport=..., color_scheme=...)`: a page in a context of its own, checked at the end."""
    open_ones: list[Visit] = []

    def visit(**context: Any) -> Visit:
        usual = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        page = browser.new_context(**{**usual, **context}).new_page()
        page.set_default_timeout(WAIT_MS)
        made = Visit(page, served)
        page.on("request", lambda request: made.requests.append(request.url))
        page.on("response", lambda response: _note_failure(made, response))
        page.on("pageerror", lambda error: made.complaints.append(f"uncaught: {error}"))
        page.on("console", lambda message: made.complaints.append(f"{message.type}: {message.text}"))
        open_ones.append(made)
        return made

    yield visit
    for made in open_ones:
        made.page.context.close()
    for made in open_ones:
        made.check()


@pytest.fixture
def visiting(browser: Browser, served: Served) -> Iterator[Callable[..., Visit]]:
    """The visits of a test."""
    with visits(browser, served) as visit:
        yield visit


@pytest.fixture
def visit(visiting: Callable[..., Visit]) -> Visit:
    """A page at 1280 x 800."""
    return visiting()


def _note_failure(visit: Visit, response: Response) -> None:
    if response.status >= 400:
        visit.complaints.append(f"{response.status}: {urlsplit(response.url).path}")
