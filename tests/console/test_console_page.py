"""The console as a page: signing in, keyboard, themes, small screens, names for what is on it, contrast, calm."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Visit
from tests.console.page_checks import BROKEN_REFERENCES, FAINT_TEXT, NAMELESS, OBSERVE_SHIFTS
from tests.console.test_console_list import query_of

pytestmark = pytest.mark.xdist_group("browser")

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def is_dark(page: Page) -> bool:
    return bool(page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)[0] > 128"))


def test_the_key_leaves_the_address_and_lasts_for_the_tab(visit: Visit) -> None:
    page = visit.open()
    assert "#" not in page.url
    assert not any(visit.served.keys["app"] in url for url in visit.requests)
    page.reload()

    page.locator(".entry").first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key")).to_be_focused()
    page.reload()
    expect(page.get_by_label("Key")).to_be_visible()


def test_a_wrong_key_is_told_and_a_right_one_opens(visit: Visit) -> None:
    visit.may_complain_of = "401"
    page = visit.open(key="ts_app_wrong")
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("not accepted")
    expect(page.locator("#view")).to_be_hidden()
    assert "#" not in page.url

    page.get_by_label("Key").fill(visit.served.keys["app"])
    page.keyboard.press("Enter")
    expect(page.locator(".entry")).to_have_count(20)


def test_without_a_key_the_form_asks_for_one(visit: Visit) -> None:
    page = visit.open(key="")

    expect(page.get_by_label("Key")).to_be_focused()
    assert not any("/v1/" in url for url in visit.requests)


def test_who_may_only_read_is_asked_for_the_apps_key_when_they_order(visit: Visit) -> None:
    visit.may_complain_of = "401"
    page = visit.open(key=visit.served.keys["auditor"])
    page.get_by_role("button", name="Order at").first.click()
    dialog = page.get_by_role("dialog", name="Take a seat")
    field = dialog.get_by_label("Key", exact=True)
    expect(field).to_be_focused()

    field.fill(visit.served.keys["infra"])
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("the key of infra")
    field.fill("ts_app_" + "x" * 43)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("not accepted")
    field.fill(visit.served.keys["app"])
    with visit.next_list():
        page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#news")).to_contain_text("Ordered at")


def test_everything_works_from_the_keyboard(visit: Visit) -> None:
    page = visit.open()
    keys = page.keyboard
    wanted = visit.served.call("GET", "/v1/users", params={"limit": 3})["items"][2]["user_id"]
    page.get_by_label("Diner", exact=True).focus()
    keys.type(wanted)
    expect(page.locator("#diner-options [role=option]")).to_have_count(1)  # half an id finds others too
    keys.press("ArrowDown")
    expect(page.locator("#diner-options [aria-selected=true]")).to_contain_text(wanted)
    with visit.next_list():
        keys.press("Enter")
    assert query_of(page.url)["user"] == wanted

    while page.evaluate("document.activeElement.id") != "map":
        keys.press("Tab")
    for _ in range(3):
        keys.press("ArrowRight")
    with visit.next_list():
        keys.press("Shift+ArrowUp")
    expect(page.locator("#list-place")).to_contain_text("north-east of home")
    with visit.next_list():
        keys.press("Escape")
    assert "lat" not in query_of(page.url)

    while page.evaluate("document.activeElement.dataset.act") != "order":
        keys.press("Tab")
    ordered = page.evaluate("document.activeElement.closest('li').dataset.id")
    expect(page.locator(".marker.chosen")).to_have_attribute("data-id", ordered)
    with visit.next_list():
        keys.press("Enter")
    expect(page.locator(f".entry[data-id='{ordered}'] [data-act=order]")).to_be_focused()


def test_the_focus_can_be_seen_everywhere(visit: Visit) -> None:
    page = visit.open()
    page.locator(".skip").focus()
    for _ in range(16):
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


@pytest.mark.parametrize("query", ["", "?explain=full"])
def test_a_phone_needs_no_sideways_scrolling(visiting: Callable[..., Visit], query: str) -> None:
    page = visiting(**PHONE).open(query)
    page.locator("#legend li").first.wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".entry h3").first.bounding_box()["width"] > 100
    page.locator("#map").tap(position={"x": 60, "y": 60})
    expect(page.locator(".pin")).to_have_count(1)


def test_the_theme_follows_the_system_until_the_reader_chooses(visiting: Callable[..., Visit]) -> None:
    visit = visiting(color_scheme="dark")
    page = visit.open()
    toggle = page.get_by_role("button", name="Dark theme")
    assert is_dark(page)
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    assert not is_dark(page)
    page.reload()

    page.locator(".entry").first.wait_for()
    assert not is_dark(page)
    expect(toggle).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("context", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_text_can_be_read(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    visit = visiting(**context)
    page = visit.open("?explain=full&k=100")
    with visit.next_list():
        page.get_by_role("button", name="Order at").nth(9).click()
    page.mouse.move(0, 0)
    page.locator(".entry .closed, .entry .move").first.wait_for()

    assert page.evaluate(FAINT_TEXT) == []


def test_the_sign_in_form_can_be_read(visiting: Callable[..., Visit]) -> None:
    for scheme in ("light", "dark"):
        visit = visiting(color_scheme=scheme)
        visit.may_complain_of = "401"
        page = visit.open(key="ts_app_wrong")
        expect(page.locator("#sign-in-message")).not_to_be_empty()

        assert page.evaluate(FAINT_TEXT) == []
        assert page.evaluate(NAMELESS) == []


def test_everything_has_a_name(visit: Visit) -> None:
    page = visit.open()
    page.get_by_label("Diner", exact=True).click()
    page.get_by_role("option").first.wait_for()

    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(BROKEN_REFERENCES) == []
    ids = page.locator("[id]").evaluate_all("nodes => nodes.map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator("h1").filter(visible=True)).to_have_count(1)
    expect(page.locator("#news")).to_have_role("status")
    expect(page.get_by_role("list", name=re.compile("A list for"))).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("context", [{}, PHONE])
def test_nothing_jumps_while_the_page_fills(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    visit = visiting(**context)
    visit.page.add_init_script(OBSERVE_SHIFTS)
    page = visit.open()
    page.locator("#legend li").first.wait_for()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")

    assert sum(page.evaluate("window.shifts")) < 0.005


def test_the_skip_link_leaves_the_view_as_it_is(visit: Visit) -> None:
    page = visit.open()
    asked = len(visit.requests)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'view'")

    assert len(visit.requests) == asked
    expect(page.locator(".entry")).to_have_count(20)


def test_a_view_that_is_left_while_it_loads_leaves_the_next_one_alone(visit: Visit) -> None:
    page = visit.page
    held: list[Route] = []
    visit.view("/lessons")
    page.route("**/v1/restaurants**", lambda route: held.append(route))
    page.get_by_role("link", name="Diner", exact=True).click()
    page.locator("#controls").wait_for()
    page.get_by_role("link", name="Lessons", exact=True).click()
    page.locator(".lesson-card").first.wait_for()
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)

    assert held
    expect(page.locator(".lesson-card").first).to_be_visible()
    assert page.locator("#problem").count() == 0
    assert "/lessons?" in page.url
    assert "user=" not in page.url


def test_a_refused_key_is_said_where_another_one_still_opens_the_page(visit: Visit) -> None:
    visit.may_complain_of = "401"
    page = visit.page
    page.goto(f"{visit.served.origin}/#key=ts_app_{'x' * 43}&key={visit.served.keys['auditor']}")

    expect(page.locator("#notice")).to_contain_text("The key of app is not accepted")
    expect(page.locator(".entry")).to_have_count(20)


def test_whoever_forgets_the_last_key_signs_in_again(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("button", name="Forget the key of app").click()
    page.keyboard.press("Escape")

    expect(page.locator("#sign-in")).to_be_visible()


def test_a_double_click_is_one_order(visit: Visit) -> None:
    page = visit.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.url.endswith("/v1/events") else None)
    with visit.next_list():
        page.get_by_role("button", name="Order at").first.dblclick()
    page.wait_for_timeout(300)

    assert sent == ["POST"]
