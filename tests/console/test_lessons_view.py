"""The lessons' view: the shelf, a recorded lesson at its address, and a run of one's own by a real worker."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Served, Visit, process

pytestmark = pytest.mark.xdist_group("browser")


def test_the_shelf_has_all_lessons_and_leads_to_them(visit: Visit) -> None:
    told = visit.served.call("GET", "/v1/lessons")["items"]
    page = visit.view("/lessons")
    expect(page.locator(".lesson-card")).to_have_count(len(told))
    page.get_by_role("link", name=told[2]["title"]).click()
    page.wait_for_url("**/lessons/3")
    expect(page.locator("#view h1")).to_contain_text(told[2]["title"])


def test_what_was_recorded_is_there_at_once_and_says_what_the_api_says(visit: Visit) -> None:
    lesson = visit.served.call("GET", "/v1/lessons/3")
    page = visit.view("/lessons/3")
    outcome = page.locator(".lesson-outcome").first
    expect(outcome.locator(".figure")).to_have_count(len(lesson["outcome"]["figures"]))
    for claim in lesson["outcome"]["claims"]:
        expect(outcome.locator(".claim", has_text=claim["sentence"])).to_be_visible()
    broken = [claim for claim in lesson["outcome"]["claims"] if not claim["holds"]]
    expect(outcome.locator(".claim.broken")).to_have_count(len(broken))


def test_a_lesson_that_is_not_there_says_so(visit: Visit) -> None:
    visit.may_complain_of = "404"
    page = visit.view("/lessons/99")
    expect(page.locator(".empty")).to_contain_text("there is no lesson 99")


def test_an_app_that_may_not_run_lessons_is_asked_for_a_seat(visit: Visit) -> None:
    page = visit.view("/lessons/3", "app")
    page.get_by_role("button", name="Short run").click()
    dialog = page.get_by_role("dialog", name="Take a seat")
    dialog.get_by_label("Key", exact=True).fill(visit.served.keys["app"])
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("the key of app")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Short run")).to_be_visible()


@pytest.fixture
def worker(served: Served) -> Iterator[None]:
    with process(served.home, "worker"):
        yield


@pytest.mark.long
def test_a_run_shows_its_progress_and_then_what_came_of_it(visit: Visit, worker: None) -> None:
    page = visit.view("/lessons/3")
    page.get_by_role("button", name="Short run").click()
    expect(page.get_by_role("progressbar", name="Progress of the run")).to_be_visible()
    expect(page.get_by_text("Your run, short")).to_be_visible(timeout=300_000)
