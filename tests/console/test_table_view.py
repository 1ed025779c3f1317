"""The table in a browser, with the real server: place cards, levers, the negotiation, the sign-off, the export."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from services.console.measure_surface import measured, missed_by_kriging, values_of
from services.simulation.recorded_front import recorded_front
from services.stakeholders.seats import SEATS, signing
from tests.api.test_negotiations import kept
from tests.api.test_seats import ROOT, SEVENTH
from tests.commands import tablestakes
from tests.conftest import SmallCity
from tests.console.conftest import Served, Visit, serving_copy
from tests.console.test_console_page import FAINT_TEXT, NAMELESS, OBSERVE_SHIFTS, PHONE

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def served(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own, with the front that comes with the program: here policies are signed."""

    def prepare(home: Path) -> None:
        kept(home, small_city.market, recorded_front())

    with serving_copy(small_city, tmp_path_factory.mktemp("table"), prepare) as served:
        yield served


def at_table(visit: Visit, *roles: str) -> Page:
    page = visit.view("/table", *roles)
    page.locator(".place").first.wait_for()
    page.locator(".effect").first.wait_for()
    page.locator(".player .dot").first.wait_for()
    return page


def number_of(page: Page, seat: str) -> float:
    return float(page.locator(f'.effect[data-seat="{seat}"]').get_attribute("data-value") or "nan")


def lever(page: Page, path: str) -> Any:
    return page.locator(f'input[data-path="{path}"]')


def demand(page: Page, seat: str, value: str) -> None:
    with page.expect_response("**/v1/negotiations?*"):
        page.locator(f"#demand-{seat}").fill(value)


# -- place cards


def test_every_seat_of_the_registry_has_a_card_and_guests_their_floors(visit: Visit) -> None:
    page = at_table(visit)
    cards = page.locator(".place")
    assert cards.evaluate_all("all => all.map((card) => card.dataset.seat).sort()") == sorted(one.name for one in SEATS)
    assert page.locator(".place.guest").count() == len(SEATS) - len(signing())
    for seat in SEATS:
        card = page.locator(f'.place[data-seat="{seat.name}"]')
        expect(card.get_by_role("heading")).to_have_text(seat.title)
        expect(card.locator(".wants")).to_have_text(seat.wants)
        expect(card.locator(".measure")).to_have_text(seat.number.title)
        assert card.locator(".mood").inner_text().split(maxsplit=1)[1] != ""
        if seat.limits:
            expect(card.locator(".target")).to_contain_text(f"floor at least {seat.limits[0].at_least:g}")
    ml = page.locator('.place[data-seat="ml"]')
    expect(ml.locator(".interval")).to_contain_text("[")
    ml.locator("summary").click()
    expect(ml.locator("dl")).to_contain_text("orders off what was promised")


def test_a_seventh_seat_sits_down_without_another_change(
    small_city: SmallCity, browser: Browser, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT / "services", source / "services", ignore=shutil.ignore_patterns("__pycache__"))
    for other in ("models", "data"):
        (source / other).symlink_to(ROOT / other)
    registry = source / "services" / "stakeholders" / "seats.py"
    registry.write_text(registry.read_text().replace("\n)\n\n\ndef signing(", SEVENTH))
    with serving_copy(small_city, tmp_path, source=source) as served:
        page = browser.new_context().new_page()
        page.goto(f"{served.origin}/table#key={served.keys['auditor']}")
        card = page.locator('.place[data-seat="couriers"]')
        expect(card.get_by_role("heading")).to_have_text("Couriers", timeout=20_000)
        expect(card.locator(".target")).to_contain_text("floor at least 0.25")
        assert page.locator(".places.far .place").count() == page.locator(".places.near .place").count() + 1
        # This city has no front: nothing to turn yet, and the page says what makes it so.
        expect(page.locator("pre code").first).to_have_text(f"tablestakes negotiate --market {served.market}")
        page.context.close()


# -- levers


@pytest.mark.parametrize(
    ("path", "seat", "sign"),
    [("ads.money", "sales", 1), ("shortlist", "infra", 1), ("fairness.gain", "fairness", 1), ("exploration", "ml", -1)],
)
def test_a_lever_moves_the_numbers_the_right_way(visit: Visit, path: str, seat: str, sign: int) -> None:
    page = at_table(visit)
    slider = lever(page, path)
    slider.focus()
    page.keyboard.press("Home")
    low = number_of(page, seat)
    page.keyboard.press("End")
    high = number_of(page, seat)
    assert sign * (high - low) > 0


def test_it_says_what_was_tried_and_what_is_in_between(visit: Visit) -> None:
    page = at_table(visit)
    basis = page.locator(".basis")
    expect(basis).to_contain_text("As tried: balanced")
    expect(page.locator(".effect-summary")).to_have_text("Nobody gains or loses against the current policy.")
    slider = lever(page, "ads.money")
    slider.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(basis).to_contain_text("Between tried policies")
    expect(page.locator(".effect-summary")).to_contain_text("Sales")
    tried = [one.policy.name for one in recorded_front().wide.policies]
    assert any(name in basis.inner_text() for name in tried)
    page.get_by_role("button", name="Go to the nearest tried policy").click()
    expect(basis).to_contain_text("As tried")
    page.get_by_role("button", name="Current policy", exact=True).click()
    expect(basis).to_contain_text("As tried: balanced")


def test_as_tried_is_what_was_measured(visit: Visit) -> None:
    page = at_table(visit)
    [active] = [one for one in recorded_front().wide.policies if one.policy.name == "balanced"]
    for seat in signing():
        assert number_of(page, seat.name) == active.outcomes[seat.number.key].mean


def test_the_settlement_and_the_favourites_are_settings_too(visit: Visit) -> None:
    page = at_table(visit)
    page.get_by_role("button", name="Settlement", exact=True).click()
    expect(page.get_by_role("button", name="Settlement", exact=True)).to_have_attribute("aria-pressed", "true")
    settled = number_of(page, "sales")
    page.get_by_label("The favourite of a seat").select_option("Sales")
    assert number_of(page, "sales") >= settled
    page.get_by_label("Across").select_option("Sales")
    expect(page.locator(".tradeoff .figure-sentence")).to_contain_text("fees per 1,000 requests")


SURFACE = """async (seed) => {
  const { surfaceOf } = await import('/static/js/table/surface.js');
  const dials = ['a', 'b', 'c'].map((path) => ({ path, low: 0, high: 1, scale: 'linear', whole: false }));
  let state = seed;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const of = (p) => TRUTH;
  const policies = Array.from({ length: 40 }, (_, n) => {
    const policy = { name: `p${n}`, a: random(), b: random(), c: random() };
    const value = of(policy);
    return { policy, model: n % 2 ? 'x' : 'y', outcomes: { number: { value, low: value, high: value } } };
  });
  const surface = surfaceOf(policies, dials, ['number']);
  const at = (values, model) => surface.at({ model, values });
  const [first] = policies;
  const exact = at({ a: first.policy.a, b: first.policy.b, c: first.policy.c }, first.model);
  const near = at({ a: first.policy.a + 1e-6, b: first.policy.b, c: first.policy.c }, first.model);
  const middle = { a: 0.4, b: 0.6, c: 0.5 };
  const between = at(middle, 'x');
  const values = policies.map(({ outcomes }) => outcomes.number.value);
  return {
    exact: [exact.kind, exact.outcomes.number.value, first.outcomes.number.value],
    near: [near.kind, near.outcomes.number.value],
    between: [between.kind, between.near.length, between.outcomes.number.value, of(middle)],
    interval: between.outcomes.number.high - between.outcomes.number.low,
    missed: surface.missed('number'),
    range: [Math.min(...values), Math.max(...values)],
    far: at({ a: 1, b: 1, c: 1 }, 'x').outcomes.number.value,
  };
}"""


@pytest.mark.parametrize("truth", ["3 * p.a - p.b + 2 * p.a * p.c", "p.a * p.a - p.b", "Math.sin(5 * p.a) + p.b"])
def test_the_surface_is_what_it_says(visit: Visit, truth: str) -> None:
    """As measured at a tried policy and close beside it, near the truth between them, never beyond what was tried."""
    page = at_table(visit)
    found = page.evaluate(SURFACE.replace("TRUTH", truth), 11)
    assert found["exact"][0] == "tried"
    assert found["exact"][1] == found["exact"][2]
    assert found["near"][0] == "between"
    assert found["near"][1] == pytest.approx(found["exact"][1], abs=0.1)
    kind, near, told, true = found["between"]
    assert (kind, near) == ("between", 3)
    assert abs(told - true) < 3.0 * found["missed"] + 1e-6
    assert found["interval"] > 0.0
    assert found["missed"] < 0.15 * (found["range"][1] - found["range"][0])
    assert found["range"][0] <= found["far"] <= found["range"][1]


MISSED = """async ({policies, seats, keys}) => {
  const { surfaceOf } = await import('/static/js/table/surface.js');
  const { dialsOf } = await import('/static/js/table/dials.js');
  const surface = surfaceOf(policies, dialsOf(seats), keys);
  return keys.map((key) => surface.missed(key));
}"""


def test_what_the_surface_misses_is_what_the_command_prints(visit: Visit) -> None:
    """Beside the same in numpy, over the front that comes with the program."""
    page = at_table(visit)
    policies = recorded_front().wide.policies
    numbers = measured(policies)
    [about] = visit.served.call("GET", "/v1/fronts", "auditor")["items"]
    front = visit.served.call("GET", f"/v1/fronts/{about['front_id']}", "auditor")
    given = {
        "policies": front["wide"]["policies"],
        "seats": visit.served.call("GET", "/v1/seats", "auditor")["items"],
        "keys": [one.key for one in numbers],
    }
    expected = [missed_by_kriging(policies, values_of(policies, one)) for one in numbers]
    assert page.evaluate(MISSED, given) == pytest.approx(expected, rel=1e-4, abs=1e-9)


# -- negotiating


def test_a_negotiation_is_played_and_ends_in_a_settlement(visit: Visit) -> None:
    page = at_table(visit)
    player = page.locator(".player")
    expect(page.locator(".verdict")).to_contain_text("Everyone gets at least")
    for _ in range(30):
        if player.get_by_role("button", name="Back").is_disabled():
            break
        player.get_by_role("button", name="Back").click()
    expect(player.locator(".step-title")).to_have_text("What is on the table")
    assert player.locator(".dot.out").count() == 0
    gone, titles = 0, []
    while player.get_by_role("button", name="Next").is_enabled():
        player.get_by_role("button", name="Next").click()
        titles.append(player.locator(".step-title").inner_text())
        now = player.locator(".dot.out").count()
        assert now >= gone
        gone = now
    assert titles[0] == "Limits"
    assert titles[-2:] == ["The settlement", "Nash beside it"]
    assert "Raising the least share" in titles
    assert player.locator(".dot.settled").count() == len(signing())
    expect(page.locator(".outcome tbody tr")).to_have_count(len(signing()))
    expect(page.locator(".rates li").first).to_contain_text("costs")


def test_demands_that_do_not_fit_name_who_blocks_whom_and_a_way_out_settles(visit: Visit) -> None:
    page = at_table(visit)
    wide = recorded_front().wide
    fees = max(one.outcomes["fee_revenue_per_1000"].mean or 0.0 for one in wide.policies)
    orders = max(one.outcomes["orders_per_1000"].mean or 0.0 for one in wide.policies)
    demand(page, "sales", f"{0.98 * fees / 100:.2f}")
    demand(page, "product", f"{orders - 1:.1f}")
    blocked = page.locator(".blocked")
    expect(blocked).to_be_visible()
    asked = {"sales": {"limits": [{"measure": "fee_revenue_per_1000", "at_least": round(0.98 * fees, 0)}]}}
    asked["product"] = {"limits": [{"measure": "orders_per_1000", "at_least": round(orders - 1, 1)}]}
    answer = visit.served.call("POST", "/v1/negotiations", "auditor", json={"demands": asked})
    names = {seat.name: seat.title for seat in SEATS}
    assert blocked.locator(".blocker").all_inner_texts() == [names[one] for one in answer["infeasible"]["blocking"]]
    expect(page.locator(".step-title")).to_have_text("Blocked")
    blocked.get_by_role("button", name="Take it").first.click()
    expect(page.locator(".verdict")).to_contain_text("Everyone gets at least")
    expect(blocked).to_have_count(0)


def test_when_everyone_insists_on_all_nothing_fits(visit: Visit) -> None:
    page = at_table(visit)
    page.get_by_label("Everyone insists on").focus()
    page.keyboard.press("End")
    expect(page.locator(".blocked")).to_be_visible()
    page.get_by_role("button", name="Demand nothing").click()
    expect(page.locator(".verdict")).to_contain_text("Everyone gets at least")


def test_a_demand_is_stored_by_its_own_seat_only(visit: Visit) -> None:
    page = at_table(visit)
    demand(page, "fairness", "0.12")
    page.get_by_role("button", name="Store the demand of Fairness, with its own key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Key").fill(visit.served.keys["sales"])
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("This is the key of sales")
    assert visit.served.call("GET", "/v1/demands", "auditor")["items"] == []
    dialog.get_by_role("textbox", name="Key").fill(visit.served.keys["fairness"])
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".settling-answer .panel-hint")).to_contain_text("stored, version 1")
    [stored] = visit.served.call("GET", "/v1/demands", "auditor")["items"]
    assert (stored["seat"], stored["limits"][0]["at_least"]) == ("fairness", 0.12)

    # The same seat stores elsewhere: what this page has not seen it does not replace unasked.
    visit.may_complain_of = "412"
    measure = stored["limits"][0]["measure"]
    elsewhere = {"limits": [{"measure": measure, "at_least": 0.2}]}
    bearer = {"Authorization": f"Bearer {visit.served.keys['fairness']}", "If-Match": '"1"'}
    httpx2.put(f"{visit.served.origin}/v1/demands/fairness", headers=bearer, json=elsewhere).raise_for_status()
    demand(page, "fairness", "0.15")
    store = page.get_by_role("button", name="Store the demand of Fairness, with its own key")
    store.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".settling-ask [role=alert]")).to_contain_text("Version 2 is stored now: at least 0.2")
    expect(store).to_be_focused()
    assert visit.served.call("GET", "/v1/demands", "auditor")["items"][0]["version"] == 2
    page.keyboard.press("Enter")
    expect(page.locator(".settling-answer .panel-hint")).to_contain_text("stored, version 3")


@pytest.mark.parametrize("text", ["0,75", "1,20", "0,750", "a lot"])
def test_a_decimal_comma_is_no_number_and_is_told_so(visit: Visit, text: str) -> None:
    page = at_table(visit)
    field = page.locator("#demand-product")
    field.fill(text)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#demand-product-about")).to_contain_text("0.75 with a point")
    demand(page, "product", "1,200")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(page.locator("#demand-product-about")).to_contain_text("from worst to best")


# -- signing


def test_a_settlement_is_signed_by_each_seat_with_its_own_key_and_makes_the_lists(visit: Visit) -> None:
    page = at_table(visit, "app", "auditor", "product")
    page.get_by_role("button", name="Negotiate for real").click()
    rows = page.locator(".signatures li")
    expect(rows).to_have_count(len(signing()))
    policy = visit.served.call("GET", "/v1/negotiations", "auditor")["items"][0]["policy"]
    expect(page.locator(".changes")).to_contain_text(policy["name"])
    expect(page.locator(".step-title")).to_have_text("What is on the table")  # it is played from the start

    page.get_by_role("button", name="Sign for Infrastructure").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Key").fill(visit.served.keys["fairness"])
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text(
        "This is the key of fairness; what you want to do takes the key of infra."
    )
    page.keyboard.press("Escape")
    state = f"/v1/policies/{policy['name']}/sign-offs"
    assert visit.served.call("GET", state, "auditor")["signed"] == []

    for number, seat in enumerate(signing(), 1):
        page.get_by_role("button", name=f"Sign for {seat.title}").click()
        if seat.name != "product":  # whose key the tab holds already
            dialog.get_by_role("textbox", name="Key").fill(visit.served.keys[seat.name])
            page.keyboard.press("Enter")
        expect(page.locator(".signatures li.signed")).to_have_count(number)
        if number < len(signing()):
            expect(page.locator(f'.signatures [data-seat="{seat.name}"] button')).to_be_focused()
    expect(page.locator(".signing-state")).to_contain_text("is signed by all and makes the city's lists")
    signed = visit.served.call("GET", state, "auditor")
    assert signed["active"]
    assert {one["reason"] for one in signed["signed"]} == {"Agreed at the table"}


# -- as a page


def test_all_of_it_works_from_the_keyboard(visit: Visit) -> None:
    page = at_table(visit)
    slider = lever(page, "ads.cap")
    slider.focus()
    before = number_of(page, "sales")
    page.keyboard.press("Home")
    assert number_of(page, "sales") < before
    reached = page.evaluate(
        """() => [...document.querySelectorAll('#view :is(button, input, select, summary, [tabindex])')]
          .filter((node) => node.checkVisibility() && !node.disabled && node.tabIndex < 0)
          .map((node) => node.outerHTML)"""
    )
    assert reached == []
    page.get_by_role("button", name="Back", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".step-number")).not_to_contain_text("policy left, ")
    play = page.get_by_role("button", name="Play")
    play.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{}, PHONE])
def test_it_is_readable_at_both_sizes_and_in_both_themes(
    visiting: Callable[..., Visit], scheme: str, size: dict[str, Any]
) -> None:
    page = at_table(visiting(color_scheme=scheme, **size))
    page.get_by_label("Everyone insists on").focus()
    page.keyboard.press("End")
    page.locator(".blocked").wait_for()
    assert page.evaluate(FAINT_TEXT) == []
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sideways = page.evaluate(
        """() => [...document.querySelectorAll('#view *')].filter((node) => node.checkVisibility()
          && !node.closest('svg') && node.getBoundingClientRect().right > innerWidth + 1)
          .map((node) => node.className)"""
    )
    assert sideways == []


def test_nothing_jumps_while_a_lever_moves(visit: Visit) -> None:
    visit.page.add_init_script(OBSERVE_SHIFTS)
    page = at_table(visit)
    page.evaluate("window.shifts.length = 0")
    slider = lever(page, "ads.money")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("PageUp")
    page.wait_for_timeout(300)
    assert sum(page.evaluate("window.shifts")) < 0.02


def test_who_holds_no_readers_key_is_told_and_can_take_a_seat(visit: Visit) -> None:
    page = visit.view("/table", "app")
    expect(page.get_by_role("button", name="Take the seat")).to_have_count(1)
    page.get_by_role("button", name="Take the seat").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Key").fill(visit.served.keys["sales"])
    page.keyboard.press("Enter")
    page.locator(".place").first.wait_for()
    page.locator(".player .dot").first.wait_for()


# -- without a server


def test_the_exported_table_works_from_a_file_without_a_network(
    small_city: SmallCity, browser: Browser, tmp_path: Path
) -> None:
    home, file = tmp_path / "home", tmp_path / "table.html"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    bare = tablestakes("export-table", str(file), home=home, check=False)
    assert (bare.returncode, "`tablestakes negotiate --market" in bare.stderr) == (2, True)
    kept(home, small_city.market, recorded_front())
    tablestakes("export-table", str(file), home=home)
    context = browser.new_context(offline=True, reduced_motion="reduce")
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    page.locator(".player .dot").first.wait_for()
    assert page.locator(".place").count() == len(SEATS)
    before = number_of(page, "sales")
    lever(page, "ads.cap").focus()
    page.keyboard.press("Home")
    assert number_of(page, "sales") < before
    expect(page.locator(".verdict")).to_contain_text("Everyone gets at least")
    assert page.locator(".dot.settled").count() == len(signing())
    assert asked == [file.as_uri()]
    assert complaints == []
    context.close()
