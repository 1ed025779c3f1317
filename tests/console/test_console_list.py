"""What the console shows and what it does, in a real browser against the real server."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.console.conftest import Visit

pytestmark = pytest.mark.xdist_group("browser")


def query_of(url: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


def amended(visit: Visit, change: Callable[[dict[str, Any]], None]) -> None:
    """Let the server's real lists reach the page with a change, for what a healthy server does not say by itself."""

    def amend(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        change(body)
        route.fulfill(response=answer, json=body)

    visit.page.route("**/v1/recommendations?*", amend)


def test_the_list_is_the_apis_with_rank_cuisine_distance_and_price(visit: Visit) -> None:
    page = visit.open()
    user = query_of(page.url)["user"]

    assert visit.ids() == visit.served.ranked(user_id=user)
    assert page.locator(".rank-number").all_text_contents() == [str(rank) for rank in range(1, 21)]
    assert page.locator(".entry .cuisine").count() == 20
    assert all(text.strip() for text in page.locator(".entry .cuisine").all_text_contents())
    for text in page.locator(".entry .distance").all_text_contents():
        assert re.fullmatch(r"\d+ m|\d+(\.\d)? km", text)
    assert page.locator(".entry .distance").count() == 20
    for label in page.locator(".entry .price").evaluate_all("tags => tags.map(tag => tag.ariaLabel)"):
        assert re.fullmatch("price level [1-4] of 4", label)
    expect(page.locator("#map .marker")).to_have_count(20)


def test_the_receipt_names_request_model_policy_and_time(visit: Visit) -> None:
    page = visit.open()

    assert re.fullmatch(r"[0-9a-f]{32}", page.locator("#receipt-request-id").text_content() or "")
    expect(page.locator("#receipt-model")).to_contain_text("lightfm")
    expect(page.locator("#receipt-policy")).to_contain_text("version 1")
    expect(page.locator("#receipt-time")).to_contain_text("ms in the server")
    expect(page.locator("#receipt-stages")).to_contain_text("ranking")


def test_filters_reach_the_list_the_map_and_the_address(visit: Visit) -> None:
    page = visit.open()
    with visit.next_list():
        page.get_by_label("Cuisine").select_option("italian")
    with visit.next_list():
        page.get_by_label("Price", exact=True).select_option("2")

    assert query_of(page.url).items() >= {"cuisine": "italian", "max_price": "2"}.items()
    assert visit.ids()
    assert all("Italian" in text for text in page.locator(".entry .cuisine").all_text_contents())
    levels = page.locator(".entry .price").evaluate_all("tags => tags.map(tag => Number(tag.ariaLabel.at(12)))")
    assert max(levels) <= 2
    assert page.locator(".dots.faint").count() > 0


def test_open_now_leaves_closed_restaurants_out(visit: Visit) -> None:
    page = visit.open("?k=100")
    with visit.next_list():
        page.get_by_label("Open now").check()

    expect(page.locator(".entry .closed")).to_have_count(0)
    assert query_of(page.url)["open"] == "1"


def test_an_order_is_stored_and_changes_the_next_list_within_a_second(visiting: Callable[..., Visit]) -> None:
    visit = visiting(reduced_motion="no-preference")
    user = visit.served.call("GET", "/v1/users", params={"limit": 5})["items"][4]["user_id"]
    page = visit.open(f"?user={user}")
    before = visit.ids()
    with visit.next_list():
        page.get_by_role("button", name="Order at").nth(11).click()
        page.locator(".move").first.wait_for(timeout=1_000)

    assert visit.ids() != before
    expect(page.locator("#news")).to_contain_text("Ordered at")
    expect(page.locator("#news")).to_contain_text(f"now number {visit.ids().index(before[11]) + 1}.")
    expect(page.locator("#news")).to_contain_text("places changed")
    held = visit.served.call("GET", f"/v1/users/{user}")["events"]
    assert [event["restaurant_id"] for event in held if event["request_id"]] == [before[11]]


def test_a_look_and_a_dismissal_are_stored_too(visit: Visit) -> None:
    page = visit.open("?user=test-looker")
    first, second = visit.ids()[:2]
    with visit.next_list():
        page.locator(f".entry[data-id='{first}'] h3 button").click()
    with visit.next_list():
        page.locator(f".entry[data-id='{second}']").get_by_role("button", name="Not for me").click()

    expect(page.locator("#news")).to_contain_text("Not for this diner")
    assert visit.ids() == visit.served.ranked(user_id="test-looker")
    assert visit.ids().index(first) < [*visit.ids(), second].index(second)


def test_a_click_on_the_map_places_the_pin_and_home_takes_it_back(visit: Visit) -> None:
    page = visit.open()
    expect(page.locator("#list-place")).to_have_text("At home")
    before = page.locator(".entry .distance").all_text_contents()
    with visit.next_list():
        page.locator("#map").click(position={"x": 120, "y": 90})

    assert {"lat", "lon"} <= query_of(page.url).keys()
    expect(page.locator(".pin")).to_have_count(1)
    expect(page.locator("#list-place")).to_contain_text("At the pin")
    assert page.locator(".entry .distance").all_text_contents() != before
    with visit.next_list():
        page.get_by_role("button", name="Back home").click()
    assert "lat" not in query_of(page.url)
    expect(page.locator(".pin")).to_have_count(0)


def test_entry_and_marker_light_each_other_up(visit: Visit) -> None:
    page = visit.open()
    ids = visit.ids()
    for part in ("h3", ".reasons li", ".acts"):
        page.locator(".entry").nth(2).locator(part).first.hover()
        expect(page.locator(".marker.chosen")).to_have_attribute("data-id", ids[2])
        page.locator(".entry").nth(3).locator(part).first.hover()
        expect(page.locator(".marker.chosen")).to_have_attribute("data-id", ids[3])
    page.locator("#map").evaluate("map => { map.style.height = '300px'; }")  # it is drawn anew
    page.wait_for_timeout(200)
    expect(page.locator(".marker.chosen")).to_have_attribute("data-id", ids[3])

    page.locator(f".marker[data-id='{ids[0]}']").hover(force=True)
    expect(page.locator(".entry.chosen")).to_have_attribute("data-id", ids[0])
    page.locator(f".marker[data-id='{ids[0]}']").click(force=True)
    expect(page.locator(f".entry[data-id='{ids[0]}'] h3 button")).to_be_focused()


def test_a_link_leads_back_to_the_same_list(visit: Visit, visiting: Callable[..., Visit]) -> None:
    page = visit.open()
    page.get_by_label("Why", exact=True).select_option("full")
    with visit.next_list():
        page.get_by_label("Cuisine").select_option("pizza")
    with visit.next_list():
        page.locator("#map").click(position={"x": 300, "y": 200})

    other = visiting()
    other.open(f"?{urlsplit(page.url).query}")
    assert other.page.url == page.url
    assert other.ids() == visit.ids()
    expect(other.page.get_by_label("Cuisine")).to_have_value("pizza")
    expect(other.page.locator(".pin")).to_have_count(1)


def test_the_back_button_returns_to_the_former_diner(visit: Visit) -> None:
    page = visit.open()
    first, ids = query_of(page.url)["user"], visit.ids()
    with visit.next_list():
        page.get_by_role("button", name="A new diner").click()
    expect(page.locator("#profile")).to_contain_text("a new diner")
    assert query_of(page.url)["user"].startswith("guest-")
    with visit.next_list():
        page.go_back()

    assert query_of(page.url)["user"] == first
    assert visit.ids() == ids


def test_a_random_diner_gets_a_list_of_their_own(visit: Visit) -> None:
    page = visit.open()
    page.evaluate("Math.random = () => 0.9")
    with visit.next_list():
        page.get_by_role("button", name="A random diner").click()

    user = query_of(page.url)["user"]
    expect(page.get_by_role("heading", level=2)).to_have_text(f"A list for {user}")
    assert visit.ids() == visit.served.ranked(user_id=user)


def test_without_a_profile_everybody_gets_the_same(visit: Visit) -> None:
    users = [diner["user_id"] for diner in visit.served.call("GET", "/v1/users", params={"limit": 2})["items"]]
    lists = []
    for user in users:
        page = visit.open(f"?user={user}")
        with visit.next_list():
            page.get_by_label("Personalised").uncheck()
        lists.append(visit.ids())
        expect(page.locator(".entry .distance")).to_have_count(20)

    assert lists[0] == lists[1]


def test_reasons_and_ledger_as_asked(visit: Visit) -> None:
    page = visit.open("?explain=none")
    expect(page.locator(".reasons, .ledger")).to_have_count(0)
    with visit.next_list():
        page.get_by_label("Why", exact=True).select_option("reasons")
    assert page.locator(".reasons").count() > 0
    with visit.next_list():
        page.get_by_label("Why", exact=True).select_option("full")
    expect(page.locator(".ledger")).to_have_count(20)
    expect(page.locator(".ledger").first).to_contain_text("score")


def test_what_is_paid_for_says_so_and_by_whom(visit: Visit) -> None:
    def sponsor(body: dict[str, Any]) -> None:
        body["items"][1] |= {"sponsored": True, "sponsor": {"payer": "Old Mill Ltd", "label": "Sponsored"}}

    amended(visit, sponsor)
    page = visit.open()

    expect(page.locator(".sponsored")).to_have_count(1)
    expect(page.locator(".entry").nth(1)).to_contain_text("Sponsored · paid by Old Mill Ltd")


def test_a_degraded_answer_says_what_is_missing(visit: Visit) -> None:
    amended(visit, lambda body: body["degraded"].append({"code": "profile-away", "text": "Made without a profile."}))
    page = visit.open()

    expect(page.locator("#degraded")).to_contain_text("Made without a profile.")
    expect(page.locator("#degraded")).to_be_visible()


def test_a_name_is_text_and_never_markup(visit: Visit) -> None:
    name = "<img src=x onerror=document.body.remove()>"
    amended(visit, lambda body: body["items"][0].update(name=name))
    page = visit.open()

    expect(page.locator(".entry h3").first).to_have_text(name)
    expect(page.locator("#list img")).to_have_count(0)


def test_a_problem_is_told_in_words_with_a_way_on(visit: Visit) -> None:
    visit.may_complain_of = "422"
    page = visit.open("?user=a%20b")

    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("does not fit the schema")
    expect(page.locator("#problem")).to_contain_text("user_id")
    page.get_by_label("Diner", exact=True).fill("test-stranger")
    page.keyboard.press("Enter")
    page.locator(".entry").first.wait_for()
    expect(page.locator("#problem")).to_be_hidden()


def test_an_unknown_city_becomes_a_served_one(visit: Visit) -> None:
    page = visit.open("?market=atlantis")

    assert query_of(page.url)["market"] == visit.served.market
    assert len(visit.ids()) == 20
