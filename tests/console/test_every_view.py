"""What holds for every view: no serious barrier by axe-core, both themes, no sideways scrolling, a light start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import Visit

pytestmark = pytest.mark.xdist_group("browser")

VIEWS = ["/", "/table", "/models", "/why", "/fairness", "/operations", "/lessons", "/lessons/1"]
STATIC = Path(__file__).parent.parent.parent / "services" / "console" / "static"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def settled(page: Page) -> Page:
    """A view whose panels have all been filled."""
    page.locator("#view h1").first.wait_for()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", VIEWS)
def test_axe_finds_no_serious_barrier(visiting: Callable[..., Visit], address: str, scheme: str) -> None:
    page = settled(visiting(color_scheme=scheme).view(address))
    found = Axe().run(page, options=RULES).response["violations"]
    serious = [
        (one["id"], one["help"], [node["target"] for node in one["nodes"]][:5])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("address", VIEWS)
def test_on_a_phone_nothing_scrolls_sideways(visiting: Callable[..., Visit], address: str) -> None:
    page = settled(visiting(viewport={"width": 390, "height": 844}, has_touch=True).view(address))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#views a[aria-current=page]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize("address", VIEWS)
def test_a_view_has_one_heading_and_its_name_in_the_navigation(visiting: Callable[..., Visit], address: str) -> None:
    page = settled(visiting().view(address))
    expect(page.locator("#view h1")).to_have_count(1)
    expect(page.locator("#views a[aria-current=page]")).to_have_count(1)


def test_the_back_button_goes_from_view_to_view(visit: Visit) -> None:
    page = settled(visit.view("/operations"))
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Lessons").click()
    page.wait_for_url("**/lessons")
    expect(page.get_by_role("link", name="Lessons")).to_have_attribute("aria-current", "page")
    page.go_back()
    page.wait_for_url("**/operations")
    expect(page.get_by_role("link", name="Operations")).to_have_attribute("aria-current", "page")


def test_an_address_that_names_no_view_is_not_found(visit: Visit) -> None:
    visit.may_complain_of = "404"
    answer = visit.page.goto(f"{visit.served.origin}/no-such-view")
    assert answer is not None
    assert answer.status == 404


def test_the_first_view_needs_little_script(visit: Visit) -> None:
    settled(visit.view("/"))
    asked = [url.split("/static/")[1].split("?")[0] for url in visit.requests if "/static/js/" in url]
    assert sum((STATIC / name).stat().st_size for name in asked) < 100_000
    assert not any(name.startswith("js/views/") and "diner" not in name for name in asked)


def entries(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("performance.getEntriesByType('navigation').map(one => one.toJSON())")
    return found


def test_the_first_view_waits_for_nothing_that_it_does_not_need(visit: Visit) -> None:
    """No timing here (`loadtests.first_view` has it): what makes it slow is requests that wait for one another."""
    page = settled(visit.view("/"))
    assert entries(page)[0]["transferSize"] < 40_000
    assert len([url for url in visit.requests if "/v1/" in url]) <= 6
