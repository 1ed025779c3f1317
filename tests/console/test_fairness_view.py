"""The view of fairness: groups as the API counts them, twins that differ in one word, and what was not looked at."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from data.dataset import Dataset
from models.fairness.audit import audit
from models.fairness.flip import rank_biased_overlap
from services.measurements import MeasurementName, keep
from services.settings import Settings
from tests.api.conftest import serving
from tests.conftest import SmallCity
from tests.console.conftest import Served, Visit
from tests.console.reading_views import CONTEXTS, amiss, filled, first_number, take_seat

pytestmark = pytest.mark.xdist_group("browser")

DINERS = 80
ORGANIC = "exposure per merit at places that were not sold"


@pytest.fixture(scope="module")
def served(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of a home that was audited, and that has served some diners who ordered."""
    home: Path = tmp_path_factory.mktemp("fairness") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    dataset = Dataset.open(small_city.dataset)
    found = audit(dataset, small_city.market).document()
    keep(
        Settings(home=home).measurements, small_city.market, MeasurementName.FAIRNESS_AUDIT, dataset.snapshot, 0, found
    )
    with serving(home) as (port, _):
        running = Served(f"http://127.0.0.1:{port}", small_city.market, small_city.keys)
        for number in range(1, DINERS + 1):
            order(running, f"d0-{number:06d}", number % 3)
        yield running


def order(served: Served, user: str, place: int) -> None:
    listed = served.call("GET", "/v1/recommendations", params={"user_id": user, "k": 10})
    event = {
        "event_id": f"fair-{user}",
        "type": "order",
        "user_id": user,
        "restaurant_id": listed["items"][place]["restaurant_id"],
        "request_id": listed["request_id"],
        "at": listed["as_of"],
    }
    served.call("POST", "/v1/events", json=event)


@pytest.fixture
def fairness(visit: Visit, served: Served) -> Page:
    """The view, filled, once the log has the lists."""
    return filled(visit.view("/fairness"))


def panel(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def drawn(page: Page, title: str) -> list[list[str]]:
    """The rows of a figure's own table."""
    figure = page.locator("figure", has=page.get_by_role("heading", name=title, exact=True))
    figure.get_by_role("button", name="Table").click()
    rows = [row.locator("th, td").all_text_contents() for row in figure.locator("tbody tr").all()]
    figure.get_by_role("button", name="Table").click()
    return rows


def test_groups_are_shown_as_the_api_counts_them(fairness: Page, served: Served) -> None:
    report = served.call("GET", "/v1/fairness", "auditor")
    exposure = panel(fairness, "Exposure against merit")
    for attribute in ("district", "kind"):
        exposure.get_by_label("By", exact=True).select_option(attribute)
        found = next(one for one in report["comparisons"] if (one["measure"], one["attribute"]) == (ORGANIC, attribute))
        expect(exposure).to_contain_text(found["words"])
        expect(exposure.get_by_label("By", exact=True)).to_be_focused()
        shown = {
            row[0]: first_number(row[1]) for row in drawn(fairness, f"Looks for each order's worth, by {attribute}")
        }
        counted = {f"{group['group']} ({group['n']})": group["value"] for group in found["groups"]}
        assert shown == pytest.approx(counted, rel=0.01)
        if found["not_shown"]["groups"]:
            expect(exposure).to_contain_text(f"{found['not_shown']['members']} member")


def test_gaps_of_diners_come_with_intervals_and_with_what_is_not_shown(fairness: Page, served: Served) -> None:
    report = served.call("GET", "/v1/fairness", "auditor")
    found = [one for one in report["comparisons"] if one["side"] == "diners"]
    quality = panel(fairness, "How well groups of diners are served")
    quality.locator("summary").click()
    rows = {
        row[0]: row
        for row in (each.locator("th, td").all_text_contents() for each in quality.locator("details tbody tr").all())
    }
    assert set(rows) == {f"{one['measure']}, by {one['attribute']}" for one in found}
    for one in found:
        row = rows[f"{one['measure']}, by {one['attribute']}"]
        assert first_number(row[2]) == pytest.approx(one["gap"]["value"], rel=0.05, abs=1e-3)
        assert "[" in row[2]
        hidden = one["not_shown"]
        assert row[5] == (f"{hidden['groups']} ({hidden['members']})" if hidden["groups"] else "none")


def test_concentration_and_limits_are_the_reports(fairness: Page, served: Served) -> None:
    report = served.call("GET", "/v1/fairness", "auditor")
    shown = {row[0]: first_number(row[1]) for row in drawn(fairness, "How concentrated looks are")}

    assert shown["Gini index of looks"] == pytest.approx(report["metrics"]["gini"]["value"], abs=0.01)
    assert shown["Never shown"] == pytest.approx(1 - report["metrics"]["coverage"]["value"], abs=0.01)
    for text in report["cannot_say"]:
        expect(panel(fairness, "What the measures cannot say")).to_contain_text(text)


def test_the_audits_flips_stand_beside_their_noise(fairness: Page, served: Served) -> None:
    audited = served.call("GET", "/v1/measurements/fairness-audit", "auditor")["document"]
    flip = panel(fairness, "The flip test, as audited")
    expect(flip).to_contain_text("every score stays the same to the bit")
    flip.locator("summary").click()
    rows = [each.locator("th, td").all_text_contents() for each in flip.locator("details tbody tr").all()]

    for row, one in zip(rows, [*audited["flip_test"], *audited["words"]], strict=True):
        assert row[0] == one["attribute"]
        assert first_number(row[2]) == pytest.approx(one["overlap"]["value"], rel=0.01)
        assert first_number(row[3]) == pytest.approx(one["floor"]["value"], rel=0.01)


def twins(page: Page, word: str) -> tuple[float, list[list[str]]]:
    """Ask twins who differ in this word, by keyboard; the overlap as told, and both lists."""
    page.locator("#twin-word").select_option(label=word)
    page.locator("[data-act=twins]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('.twin-lists figure') && !document.querySelector('[data-act=twins]').disabled"
    )
    told = page.locator(".twin-lists .reading")
    rows = drawn(page, "Two lists, one word apart")
    return float(told.get_attribute("data-overlap") or "nan"), [[row[-2] for row in rows], [row[-1] for row in rows]]


def test_a_protected_word_changes_no_list_and_the_twins_are_gone_afterwards(
    fairness: Page, visit: Visit, served: Served
) -> None:
    words = fairness.locator("#twin-word option").all_text_contents()
    protected = [word for word in words if word.endswith("protected")]
    assert protected
    overlap, (first, other) = twins(fairness, protected[0])

    assert overlap == 1.0
    assert first == other
    expect(panel(fairness, "Flip a word, live")).to_contain_text("The same list, with the same scores to the bit")
    made = {url.rsplit("/", 1)[1] for url in visit.requests if "/v1/users/twin-" in url}
    assert len(made) == 3
    bearer = {"Authorization": f"Bearer {served.keys['app']}"}
    assert {httpx2.get(f"{served.origin}/v1/users/{user}", headers=bearer).status_code for user in made} == {404}


def test_a_word_of_the_profile_may_change_it_by_as_much_as_is_told(fairness: Page) -> None:
    words = fairness.locator("#twin-word option").all_text_contents()
    told = {}
    for word in [word for word in words if not word.endswith("protected")]:
        overlap, (first, other) = twins(fairness, word)
        number = {name: row for row, name in enumerate(dict.fromkeys([*first, *other]))}
        ranks = [np.array([[number[name] for name in names]]) for names in (first, other)]
        assert overlap == pytest.approx(rank_biased_overlap(*ranks)[0], abs=1e-9)
        told[word] = overlap
    assert min(told.values()) < 1.0


def test_overlap_is_counted_as_the_audit_counts_it(visit: Visit, served: Served) -> None:
    lists = [np.random.default_rng(seed).permutation(20)[:12].tolist() for seed in range(6)]
    pairs = [(one, other) for one in lists for other in lists]
    told = visit.view("/fairness").evaluate(
        """async (pairs) => {
            const { rankBiasedOverlap } = await import('/static/js/fairness/overlap.js');
            return pairs.map(([one, other]) => rankBiasedOverlap(one, other));
        }""",
        pairs,
    )
    assert told == pytest.approx(rank_biased_overlap(*(np.array(side) for side in zip(*pairs, strict=True))), abs=1e-12)


def test_a_restaurants_own_view_says_what_the_api_says(fairness: Page, served: Served) -> None:
    restaurant = served.ranked(user_id="d0-000002", k=1)[0]
    name = served.call("GET", f"/v1/restaurants/{restaurant}")["name"]
    field = fairness.get_by_label("Restaurant", exact=True)
    option = fairness.locator(f"#exposure-restaurants option[value$='{restaurant}']").get_attribute("value")
    field.fill(option or "")
    fairness.keyboard.press("Tab")
    own = panel(fairness, "A restaurant's own view")
    expect(own).to_contain_text(f"{name} beside its groups")

    for text in served.call("GET", f"/v1/restaurants/{restaurant}/exposure", "auditor")["words"]:
        expect(own).to_contain_text(text)


def test_the_days_are_those_of_every_panel(fairness: Page) -> None:
    own = panel(fairness, "A restaurant's own view")
    with fairness.expect_response("**/exposure?*days=1") as told:
        fairness.get_by_label("Lists of").select_option("1")
    since = datetime.fromisoformat(told.value.json()["since"])

    expect(own.locator(".own-view .note").first).to_contain_text(f"{since.day} {since:%b %Y}")


def test_the_control_is_the_active_versions_and_not_the_newest_ones(visit: Visit, served: Served) -> None:
    policies = served.call("GET", "/v1/policies", "auditor")
    active = next(one for one in policies["items"] if one["active"])
    dials = {**active["fairness"], "control": "mmf", "gain": 0.25}
    newest = {**policies, "items": [{**active, "active": False, "version": 9}]}
    versions = {**policies, "items": [*newest["items"], {**active, "fairness": dials}]}
    visit.page.route("**/v1/policies?*", lambda route: route.fulfill(json=newest))
    visit.page.route("**/v1/policies/*/versions?*", lambda route: route.fulfill(json=versions))
    page = filled(visit.view("/fairness"))

    expect(panel(page, "The control of exposure").locator(".facts-list")).to_contain_text("0.25 order probability")


def test_a_busy_server_is_asked_once_more(visit: Visit) -> None:
    visit.may_complain_of = "503"
    busy = list[Route]()

    def once(route: Route) -> None:
        busy.append(route)
        if len(busy) > 1:
            return route.continue_()
        return route.fulfill(status=503, headers={"Retry-After": "1"}, json={"title": "Busy", "detail": "a report"})

    visit.page.route("**/v1/fairness?*", once)
    page = filled(visit.view("/fairness"))

    expect(panel(page, "Exposure against merit").locator("figure")).to_have_count(1)
    assert len(busy) == 2
    expect(page.locator("#view [role=alert]")).to_have_count(0)


def test_twins_that_could_not_be_erased_are_named(fairness: Page, visit: Visit, served: Served) -> None:
    visit.may_complain_of = "503"

    def kept(route: Route) -> None:
        if route.request.method == "DELETE":
            return route.fulfill(status=503, json={"title": "Away", "detail": "the store rests"})
        return route.continue_()

    fairness.route("**/v1/users/twin-*", kept)
    fairness.locator("[data-act=twins]").click()
    told = panel(fairness, "Flip a word, live").get_by_role("alert")
    expect(told).to_contain_text("Twins could not be erased")
    made = {url.rsplit("/", 1)[1] for url in visit.requests if "/v1/users/twin-" in url}
    for user in made:
        expect(told).to_contain_text(user)
        served.call("DELETE", f"/v1/users/{user}")


def test_a_home_that_was_never_audited_says_what_does_it(visit: Visit) -> None:
    visit.page.route(
        "**/v1/measurements/*", lambda route: route.continue_(url=route.request.url.replace("fairness-audit", "ladder"))
    )
    page = filled(visit.view("/fairness"))

    expect(panel(page, "The flip test, as audited")).to_contain_text("`tablestakes measure DIR` measures it")


def test_an_auditor_sees_the_report_and_no_diners_words(visit: Visit, served: Served) -> None:
    page = filled(visit.view("/fairness", "auditor"))
    expect(panel(page, "Exposure against merit").locator("figure")).to_have_count(1)
    live = panel(page, "Flip a word, live")
    expect(live).to_contain_text("takes the key of app or admin")
    live.get_by_role("button", name="Take the seat").click()
    take_seat(page, served.keys["app"])
    expect(live.get_by_label("This word")).to_be_visible()


@pytest.mark.parametrize("context", CONTEXTS)
def test_it_can_be_read_on_any_screen_in_any_light(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    page = filled(visiting(**context).view("/fairness"))
    page.evaluate("() => document.querySelectorAll('#view details').forEach((one) => { one.open = true; })")
    page.get_by_role("button", name="Ask the twins").click()
    page.locator(".twin-lists figure").wait_for(timeout=30_000)

    assert amiss(page) == {}
