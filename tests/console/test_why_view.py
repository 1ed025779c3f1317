"""The view of reasons: sums that are the scores as listed, contrasts that are differences, and what would have been."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import Served, Visit
from tests.console.reading_views import CONTEXTS, amiss, filled, first_number, take_seat

pytestmark = pytest.mark.xdist_group("browser")

DINER = "d0-000003"


def panel(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def sums(where: Locator) -> list[tuple[float, float]]:
    """What was added up, and what it should be, of each sum of a panel."""
    told = where.locator(".sum-check").evaluate_all(
        "lines => lines.map((line) => [line.dataset.sum, line.dataset.listed])"
    )
    return [(float(total), float(listed)) for total, listed in told]


def total_of(page: Page, title: str) -> float:
    """The total of a waterfall, read from the figure's own table."""
    figure = page.locator("figure", has=page.get_by_role("heading", name=title, exact=True))
    figure.get_by_role("button", name="Table").click()
    last = figure.locator("table tr").last.locator("th, td").all_text_contents()
    figure.get_by_role("button", name="Table").click()
    return first_number(last[-1])


def scores(page: Page) -> dict[str, float]:
    return {
        row["id"]: float(row["score"])
        for row in page.locator(".why-choice").evaluate_all(
            "rows => rows.map((row) => ({id: row.dataset.id, score: row.querySelector('[data-score]').dataset.score}))"
        )
    }


@pytest.fixture
def why(visit: Visit) -> Page:
    """The view of a diner's list, filled."""
    return filled(visit.view(f"/why?user={DINER}"))


def test_the_waterfall_adds_up_to_the_score_as_listed(why: Page, served: Served) -> None:
    listed = scores(why)
    assert list(listed) == served.ranked(user_id=DINER, k=12)
    for restaurant in list(listed)[:3]:
        why.locator(f".why-choice[data-id='{restaurant}'] input").check()
        ledger = panel(filled(why), "Why it stands there")
        expect(ledger.locator(".sum-check").first).to_contain_text("The same to the last bit")
        (score, as_listed), (taste, term) = sums(ledger)
        assert score == as_listed == listed[restaurant]
        assert taste == term
        name = why.locator(f".why-choice[data-id='{restaurant}'] .why-choice-name").text_content()
        assert total_of(why, f"The score of {name}, term by term") == pytest.approx(score, rel=0.01)


def test_a_contrast_adds_up_to_the_difference_of_two_listed_scores(why: Page) -> None:
    listed = scores(why)
    first, _, _, other = list(listed)[:4]
    why.get_by_label("Compare with").select_option(other)
    contrast = panel(filled(why), "Why this one and not another")
    expect(contrast.locator(".words li").first).to_be_visible()

    (apart, scored), (tastes, term) = sums(contrast)
    assert scored == listed[first] - listed[other]
    assert apart == pytest.approx(scored, abs=1e-12)
    assert tastes == pytest.approx(term, abs=1e-12)
    assert total_of(why, "The taste, feature by feature") == pytest.approx(term, rel=0.01)
    why.get_by_label("Compare with").select_option("the average candidate")
    expect(panel(filled(why), "Why this one and not another")).to_contain_text("The average candidate of that list")


def test_what_would_have_been_is_what_the_api_says(why: Page, served: Served) -> None:
    second = list(scores(why))[1]
    why.locator(f".why-choice[data-id='{second}'] input").check()
    filled(why)
    request = why.evaluate("new URLSearchParams(location.search).get('request_id')")
    why.get_by_role("button", name="Make the list again").click()
    rows = panel(why, "What would have been").locator("table").first.locator("tbody tr")
    rows.first.wait_for(timeout=60_000)

    query = {"request_id": request, "restaurant_id": second, "rank": 1}
    found = served.call("GET", "/v1/explanations/counterfactuals", params=query)
    cells = {row[0]: row[1] for row in (each.locator("th, td").all_text_contents() for each in rows.all())}
    for what, place in (("Without payment", "without_payment"), ("Without personalisation", "without_personalisation")):
        rank = found[place]["rank"]
        assert cells[what].split()[0] == ("not" if rank is None else str(rank))
    assert cells["As it was served"] == "2"
    assert len(cells) == 3 + len(found["without_terms"])


def test_what_the_model_leans_on_is_what_its_card_says(why: Page, served: Served) -> None:
    card = served.call("GET", "/v1/model-card", "auditor")
    audit = why.get_by_role("region", name="The audit for over-indexing").locator("tbody tr")
    expect(audit).to_have_count(len(card["over_indexing"]))
    for row, one in zip(audit.all(), card["over_indexing"], strict=True):
        cells = row.locator("th, td").all_text_contents()
        assert (cells[1], cells[5]) == (one["feature"], one["sentence"])
        assert first_number(cells[2]) == pytest.approx(one["value"], rel=0.01, abs=1e-9)
    measures = {one["measure"] for one in card["importance"]}
    expect(panel(why, "What matters to the model").locator("figure")).to_have_count(len(measures))
    expect(panel(why, "The map of cuisines").locator("figure")).to_have_count(1 if card["embedding_map"] else 0)
    if card["worst_slices"]:
        slices = why.get_by_role("region", name="Worst slices").locator("tbody tr")
        expect(slices).to_have_count(len(card["worst_slices"]))


@pytest.mark.parametrize("roles", [("app",), ("app", "auditor")])
def test_a_link_leads_to_an_entry_of_a_past_list(visit: Visit, served: Served, roles: tuple[str, ...]) -> None:
    made = served.call("GET", "/v1/recommendations", params={"user_id": DINER, "k": 10})
    item = made["items"][4]
    page = filled(visit.view(f"/why?request_id={made['request_id']}&restaurant_id={item['restaurant_id']}", *roles))

    ledger = panel(page, "Why it stands there")
    expect(ledger).to_contain_text("Number 5 of the list")
    assert sums(ledger)[0] == (item["score"], item["score"])
    expect(page.locator(".why-choice:has(:checked) .why-choice-name")).to_have_text(item["name"])
    assert len(scores(page)) == (10 if "auditor" in roles else 1)


def test_everything_works_from_the_keyboard(visit: Visit, served: Served) -> None:
    page = filled(visit.view("/why"))
    keys = page.keyboard
    page.get_by_label("Diner", exact=True).focus()
    keys.type(DINER)
    expect(page.locator("#diner-options [role=option]").first).to_contain_text(DINER)
    keys.press("Enter")
    page.wait_for_function("user => location.search.includes(user)", arg=DINER)
    filled(page)
    listed = list(scores(page))
    while page.evaluate("document.activeElement.type") != "radio":
        keys.press("Tab")
    keys.press("ArrowDown")
    page.wait_for_function("id => location.search.includes(`restaurant_id=${id}`)", arg=listed[1])
    expect(panel(filled(page), "Why it stands there")).to_contain_text("Number 2 of the list")

    while page.evaluate("document.activeElement.id") != "why-against":
        keys.press("Tab")
    keys.press("End")
    expect(panel(page, "Why this one and not another")).to_contain_text("The average candidate of that list")
    expect(page.locator("#why-against")).to_be_focused()


def test_a_list_that_comes_late_does_not_cover_a_newer_one(why: Page) -> None:
    late, held = "d0-000005", list[Route]()
    why.route(f"**/v1/recommendations*user_id={late}*", lambda route: held.append(route))
    for user in (late, "d0-000007"):
        why.get_by_label("Diner", exact=True).fill(user)
        expect(why.locator("#diner-options [role=option]").first).to_contain_text(user)
        why.keyboard.press("Enter")
    why.wait_for_function("() => location.search.includes('d0-000007')")
    shown = scores(filled(why))
    with why.expect_response(f"**/v1/recommendations*user_id={late}*"):
        held[0].continue_()
    why.wait_for_timeout(200)

    assert scores(why) == shown
    assert "d0-000007" in why.url
    expect(why.locator("#spoken")).to_contain_text("The list of d0-000007: ")


def test_without_a_readers_key_lists_are_explained_and_the_model_asks_for_a_seat(visit: Visit, served: Served) -> None:
    page = filled(visit.view(f"/why?user={DINER}", "app"))
    expect(page.get_by_role("button", name="Take the seat")).to_have_count(4)
    assert sums(panel(page, "Why it stands there"))[0][0] in scores(page).values()
    page.get_by_role("button", name="Take the seat").first.click()
    take_seat(page, served.keys["interpretability"])
    expect(panel(page, "What matters to the model").locator("figure").first).to_be_visible()


def test_a_list_that_is_not_on_record_says_so(visit: Visit) -> None:
    visit.may_complain_of = "404"
    page = filled(visit.view(f"/why?request_id={'0' * 32}&restaurant_id=r0-00001"))

    expect(panel(page, "The list")).to_contain_text("is on record")


@pytest.mark.parametrize("context", CONTEXTS)
def test_it_can_be_read_on_any_screen_in_any_light(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    page = filled(visiting(**context).view(f"/why?user={DINER}"))
    page.evaluate("() => document.querySelectorAll('#view details').forEach((one) => { one.open = true; })")
    page.get_by_role("button", name="Make the list again").click()
    panel(page, "What would have been").locator("table").first.wait_for(timeout=60_000)

    assert amiss(page) == {}
