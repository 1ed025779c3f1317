"""Model cards and the ranking policy in a browser: small screens, both themes, contrast, on paper, from a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page

from tests.console.conftest import Served, Visit
from tests.console.test_console_page import BROKEN_REFERENCES, FAINT_TEXT, NAMELESS

pytestmark = pytest.mark.xdist_group("browser")

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
CLIPPED = """() => [...document.querySelectorAll('body *')].filter((node) => node.checkVisibility()
    && node.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !node.closest('.wide')).map((node) => node.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def pages(served: Served) -> dict[str, str]:
    """The page of each route as the server gives it; some lists have been served."""
    for number in range(1, 41):
        served.ranked(user_id=f"d0-{number:06d}", k=10)
    found = {}
    for path in ("model-card", "ranking-policy"):
        bearer = {"Authorization": f"Bearer {served.keys['auditor']}", "Accept": "text/html"}
        answer = httpx2.get(f"{served.origin}/v1/{path}", headers=bearer, timeout=30)
        assert answer.headers["content-type"].startswith("text/html")
        found[path] = answer.text
    return found


@pytest.mark.parametrize("path", ["model-card", "ranking-policy"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_is_read_on_any_screen(
    visiting: Callable[..., Visit], pages: dict[str, str], tmp_path: Path, path: str, viewport: Any, theme: str
) -> None:
    page = opened(visiting(viewport=viewport, color_scheme=theme), pages[path], tmp_path)

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(FAINT_TEXT) == []
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(BROKEN_REFERENCES) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(251, 250, 247)", "dark": "rgb(21, 24, 27)"}[theme]


def test_contents_lead_to_their_sections_by_keyboard(
    visiting: Callable[..., Visit], pages: dict[str, str], tmp_path: Path
) -> None:
    page = opened(visiting(viewport=PHONE), pages["model-card"], tmp_path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_role("link", name="What it does not know").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#limits'")
    assert page.evaluate("Math.abs(document.querySelector('#limits').getBoundingClientRect().top) < 60")


def test_paper_is_white_and_has_no_contents(
    visiting: Callable[..., Visit], pages: dict[str, str], tmp_path: Path
) -> None:
    page = opened(visiting(viewport=WIDE, color_scheme="dark"), pages["ranking-policy"], tmp_path)
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator("h1").is_visible()


def opened(visit: Visit, text: str, folder: Path) -> Page:
    """The page from a file, with no server behind it."""
    file = folder / "page.html"
    file.write_text(text)
    visit.served = Served(folder.as_uri(), visit.served.market, visit.served.keys)  # no other address may be asked for
    visit.page.goto(file.as_uri())
    return visit.page
