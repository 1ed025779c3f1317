"""Operations: a real server and a real worker, requests that the test makes, and numbers that move."""

import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.api.test_operations import answering
from tests.commands import tablestakes
from tests.conftest import SmallCity
from tests.console.conftest import Served, Visit, free_port, process, wait_until_ready
from tests.console.page_checks import BROKEN_REFERENCES, FAINT_MARKS, FAINT_TEXT, NAMELESS, OBSERVE_SHIFTS

pytestmark = pytest.mark.xdist_group("browser")

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
REFUSED = "ERR_CONNECTION_REFUSED"
SOON = 15_000
JOBS = 14
"""Of the worker."""
OFTEN = "/operations?every=0.5"


@dataclass
class Server:
    """A server that a test may end and start again at the same address."""

    home: Path
    port: int
    settings: dict[str, str]

    def __post_init__(self) -> None:
        self._running = ExitStack()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        server, log = self._running.enter_context(
            process(self.home, "serve", "--port", str(self.port), **self.settings)
        )
        wait_until_ready(self.origin, server, log)

    def end(self) -> None:
        self._running.close()


@pytest.fixture(scope="module")
def home(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("operations") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    tablestakes("campaigns", "import", str(small_city.dataset / "campaigns.parquet"), home=home)
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    """With a worker behind it whose metrics it knows."""
    port = str(free_port())
    made = Server(home, free_port(), {"TABLESTAKES_WORKER_METRICS_PORT": port})
    with process(home, "worker", TABLESTAKES_WORKER_METRICS_PORT=port):
        made.start()
        yield made
        made.end()


@pytest.fixture(scope="module")
def served(server: Server, small_city: SmallCity) -> Served:
    return Served(server.origin, small_city.market, small_city.keys)


def looked(page: Page, times: int = 1) -> None:
    """Wait for so many looks that begin from here on: they see all that has happened before."""
    for _ in range(times):
        with page.expect_request(lambda request: request.url.endswith(("/v1/operations", "/metrics"))) as look:
            pass
        answer = look.value.response()
        assert answer is not None
        answer.finished()


def says(page: Page, figure: str) -> Any:
    return page.locator(f"[data-figure={figure}] .figure-sentence")


def headline(page: Page, name: str) -> str:
    found = page.locator(".headline").filter(has=page.get_by_text(name, exact=True)).locator(".headline-value")
    return (found.text_content() or "").strip()


def number(text: str) -> float:
    return float(re.sub(r"[^0-9.]", "", text))


def event(served: Served, user: str, restaurant: str) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    named = {"event_id": uuid.uuid4().hex, "type": "click", "user_id": user, "restaurant_id": restaurant}
    return {**named, "market": served.market, "at": at}


def test_without_traffic_every_figure_says_so(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page, 2)

    expect(says(page, "requests")).to_contain_text("No request but this page's own looks, yet.")
    expect(says(page, "answer-time")).to_contain_text("No recommendation was asked for")
    expect(says(page, "cache")).to_contain_text("Nobody was looked up while this page was looking. Redis answers.")
    expect(says(page, "events")).to_contain_text("No event came while this page was looking.")
    expect(says(page, "degraded")).to_contain_text("None of 0 lists")
    assert number(headline(page, "Requests")) == 0
    assert headline(page, "p99 of recommendations") == "–"
    assert number(headline(page, "Memory")) > 30
    assert number(headline(page, "API processes")) == 1


def test_requests_that_are_made_are_counted_to_the_last_one(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page)
    served = visit.served
    users = [diner["user_id"] for diner in served.call("GET", "/v1/users", params={"limit": 5})["items"]]
    places = served.ranked(user_id=users[0])
    for i in range(24):
        served.ranked(user_id=users[i % 5], k=5)
    same = event(served, users[0], places[0])
    for one in (same, same, event(served, users[1], places[1]), event(served, users[1], "nowhere")):
        served.call("POST", "/v1/events", json=one)
    for _ in range(3):
        assert httpx2.get(f"{served.origin}/v1/recommendations").status_code == 401
    looked(page, 2)

    expect(says(page, "answer-time")).to_contain_text(re.compile(r"Half of 28 answers took up to [\d.]+ ms"))
    expect(says(page, "events")).to_contain_text("2 accepted, 1 known already, 1 rejected")
    expect(says(page, "errors")).to_contain_text("0 were faults of the server and 3 were refused. Most often: 401 of")
    expect(says(page, "cache")).to_contain_text(re.compile(r"[\d.]+ % of 25 look-ups"))
    expect(says(page, "degraded")).to_contain_text("None of 25 lists")
    expect(page.locator("[data-figure=versions] tbody tr")).to_contain_text(re.compile(r"aldermoor ?lightfm-\w+"))
    assert page.locator("[data-figure=stages] .figure-bar").count() > 3
    assert page.locator("[data-figure=requests] .figure-line").count() > 1


def test_a_rate_rises_with_traffic_and_falls_to_nothing_after_it(visit: Visit) -> None:
    page = visit.view("/operations")
    looked(page, 2)
    for _ in range(30):
        visit.served.ranked(k=5, user_id="test-visitor")
    looked(page)
    expect(page.locator(".headline").first).not_to_contain_text(re.compile(r"^Requests0 "))
    assert 1 <= number(headline(page, "Requests")) <= 40
    looked(page, 2)
    expect(page.locator(".headline").first.locator(".headline-value")).to_have_text("0 /s")


def test_the_worker_behind_tells_of_its_jobs_and_of_the_money(visit: Visit) -> None:
    page = visit.view(OFTEN)
    jobs = page.locator("[data-figure=jobs]")
    expect(jobs.locator("tbody tr")).to_have_count(JOBS, timeout=SOON)
    expect(jobs.locator(".figure-sentence")).to_contain_text("No round has failed.")
    settled = jobs.locator("tbody tr").filter(has_text="Settlement").locator("td").first
    before = int((settled.text_content() or "").replace(",", ""))
    page.wait_for_function(
        """(before) => [...document.querySelectorAll('[data-figure=jobs] tbody tr')].some((row) =>
             row.textContent.startsWith('Settlement')
             && Number(row.querySelector('td').textContent.replace(',', '')) > before)""",
        arg=before,
    )

    expect(says(page, "spend")).to_contain_text(re.compile(r"\d+ campaigns? runs?\. Spent so far: [\d.]+ GBP"))
    expect(page.locator("[data-figure=spend] .figure-bar")).to_have_count(3)
    expect(says(page, "drift")).to_contain_text("once an hour")
    expect(says(page, "calibration")).to_contain_text("every five minutes")


def test_a_server_that_ends_is_told_and_one_that_starts_again_is_taken_up(visit: Visit, server: Server) -> None:
    visit.may_complain_of = REFUSED
    page = visit.view(OFTEN)
    looked(page, 2)
    for _ in range(5):
        visit.served.ranked(user_id="test-visitor")
    looked(page)
    server.end()
    try:
        expect(page.locator(".operations-problem")).to_contain_text("The server does not answer", timeout=SOON)
        expect(page.locator(".operations-state")).to_have_text("Trying again every 0.5 seconds.")
        expect(page.locator("#spoken")).to_have_text("The server does not answer.")
        expect(says(page, "answer-time")).to_contain_text("Half of 5 answers")  # what was seen stays
    finally:
        server.start()
    expect(page.locator(".operations-problem")).to_be_empty(timeout=SOON)
    expect(page.locator("#spoken")).to_have_text("The server answers again.")
    looked(page)
    for _ in range(3):
        visit.served.ranked(user_id="test-visitor")
    looked(page, 2)

    expect(says(page, "answer-time")).to_contain_text("Half of 8 answers")
    page.locator("[data-figure=requests]").get_by_role("button", name="Table").click()
    shown = page.locator("[data-figure=requests] tbody td:nth-child(2)").all_text_contents()
    first = next(i for i, text in enumerate(shown) if text != "–")
    assert "–" in shown[first:], "the time without a server is a gap"
    assert shown[-1] != "–"
    assert not any(text.startswith("−") for text in shown), "a new start is no negative rate"


def test_nobody_is_asked_while_the_tab_is_hidden_or_the_reader_has_paused(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page)

    def looks() -> int:
        return sum(url.endswith("/v1/operations") for url in visit.requests)

    def hide(state: str) -> None:
        page.evaluate(
            """(state) => {
              Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
              document.dispatchEvent(new Event('visibilitychange'));
            }""",
            state,
        )

    hide("hidden")
    before = looks()
    page.wait_for_timeout(2_000)
    assert looks() <= before + 1  # one may have been on its way
    hide("visible")
    looked(page)

    pause = page.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".operations-state")).to_have_text("Paused.")
    before = looks()
    page.wait_for_timeout(2_000)
    assert looks() <= before + 1
    pause.click()
    looked(page)
    expect(page.locator(".operations-state")).to_contain_text("Looked at")


def test_another_view_ends_the_looks(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page)
    page.get_by_role("link", name="Diner", exact=True).click()
    page.locator(".entry").first.wait_for()
    before = len([url for url in visit.requests if url.endswith("/v1/operations")])
    page.wait_for_timeout(2_000)

    assert len([url for url in visit.requests if url.endswith("/v1/operations")]) == before


def test_the_key_of_an_app_sees_what_machines_see_and_is_offered_a_seat(visit: Visit) -> None:
    page = visit.view(OFTEN, "app")
    looked(page, 2)
    visit.served.ranked(user_id="test-visitor")
    looked(page)
    expect(says(page, "answer-time")).to_contain_text("Half of 1 answer")
    assert not any("/v1/operations" in url for url in visit.requests)

    page.get_by_role("button", name="Take the seat").click()
    page.get_by_label("Key").last.fill(visit.served.keys["sales"])
    page.keyboard.press("Enter")
    expect(page.locator("[data-figure=jobs] tbody tr")).to_have_count(JOBS, timeout=SOON)


def test_a_worker_that_is_not_there_is_missed(visit: Visit, home: Path, small_city: SmallCity) -> None:
    port = str(free_port())
    away = Server(home, free_port(), {"TABLESTAKES_WORKER_METRICS_PORT": port})
    away.start()
    try:
        visit.served = Served(away.origin, small_city.market, small_city.keys)
        page = visit.view(OFTEN)
        expect(page.get_by_text("No worker answers.")).to_be_visible(timeout=SOON)
        expect(page.get_by_text("tablestakes worker", exact=True)).to_be_visible()
        with process(home, "worker", TABLESTAKES_WORKER_METRICS_PORT=port):
            expect(page.locator("[data-figure=jobs]")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("No worker answers.")).to_be_visible(timeout=SOON)
        expect(page.locator("[data-figure=jobs]")).to_have_count(0)
    finally:
        page.goto("about:blank")
        away.end()


def test_metrics_that_cannot_be_read_are_a_problem_and_no_blank_page(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page)
    page.route("**/v1/operations", lambda route: route.fulfill(json={"metrics": "what is this?", "worker": "away"}))

    expect(page.locator(".operations-problem")).to_contain_text("line 1 is no sample", timeout=SOON)
    page.unroute("**/v1/operations")
    expect(page.locator(".operations-problem")).to_be_empty(timeout=SOON)


def test_values_are_reached_by_keyboard(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page)
    for _ in range(10):
        visit.served.ranked(user_id="test-visitor")
    looked(page, 2)
    page.get_by_role("button", name="Pause").focus()
    keys = page.keyboard
    keys.press("Enter")
    keys.press("Tab")  # the first figure's table
    keys.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-roledescription')") == "chart"
    keys.press("End")
    heard = page.locator("[data-figure=requests] [role=status]")
    expect(heard).to_contain_text(re.compile(r"Requests [\d.]+ /s; Time from now 0 s"))
    keys.press("ArrowLeft")
    expect(heard).to_contain_text(re.compile(r"Time from now −[\d.]+ s"))
    for _ in range(8):
        keys.press("Shift+Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"


@pytest.mark.parametrize("context", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_it_can_be_read(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    visit = visiting(**context)
    page = visit.view(OFTEN)
    looked(page)
    for _ in range(10):
        visit.served.ranked(user_id="test-visitor")
    looked(page, 2)
    expect(page.locator("[data-figure=jobs] tbody tr")).to_have_count(JOBS, timeout=SOON)

    assert page.evaluate(FAINT_TEXT) == []
    assert page.evaluate(FAINT_MARKS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= context.get("viewport", {"width": 1280})["width"]


def test_everything_has_a_name(visit: Visit) -> None:
    page = visit.view(OFTEN)
    looked(page, 2)

    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(BROKEN_REFERENCES) == []
    expect(page.locator("h1").filter(visible=True)).to_have_text("Operations")
    levels = page.locator("#view :is(h1, h2, h3)").evaluate_all("nodes => nodes.map((node) => Number(node.tagName[1]))")
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("context", [{}, PHONE])
def test_nothing_jumps_at_a_look(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    visit = visiting(**context)
    page = visit.view(OFTEN)
    expect(page.locator("[data-figure=jobs] tbody tr")).to_have_count(JOBS, timeout=SOON)
    visit.served.ranked(user_id="test-visitor")
    looked(page, 2)
    page.evaluate(OBSERVE_SHIFTS.replace("buffered: true", "buffered: false"))
    for _ in range(12):
        visit.served.ranked(user_id="test-visitor")
    looked(page, 3)

    assert sum(page.evaluate("window.shifts")) < 0.005


def test_behind_a_proxy_that_keeps_the_metrics_the_page_says_so(visit: Visit) -> None:
    """`answering` is an HTTP server of the test's own; the route sends what the proxy would answer."""
    visit.may_complain_of = "404"
    with answering(404, b"not here") as url:
        visit.page.route("**/metrics", lambda route: route.fulfill(response=route.fetch(url=url)))
        page = visit.view(OFTEN, "app")
        expect(page.locator(".operations-problem")).to_contain_text(
            "The proxy keeps the metrics to itself", timeout=SOON
        )
        page.goto("about:blank")
