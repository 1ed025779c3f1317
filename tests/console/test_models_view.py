"""The view of models: the ladder, the release lane and its levers, the freeze, retraining, the card."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from data.dataset import Dataset
from services.measurements import MeasurementName, keep
from services.serving.measure_ladder import measure_ladder
from services.settings import Settings
from tests.api.conftest import serving
from tests.commands import tablestakes
from tests.conftest import SmallCity
from tests.console.conftest import Served, Visit
from tests.console.reading_views import CONTEXTS, amiss, filled, first_number, take_seat

pytestmark = pytest.mark.xdist_group("browser")

RUNGS = ("popular", "ease", "lightfm")


@pytest.fixture(scope="module")
def served(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of a home with a champion, two challengers and a measured ladder, that the tests of this file move."""
    home: Path = tmp_path_factory.mktemp("models") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    tablestakes("train", str(small_city.dataset), "--model", "popular", home=home)
    tablestakes("train", str(small_city.dataset), "--model", "ease", home=home)
    dataset = Dataset.open(small_city.dataset)
    rungs = [asdict(rung) for rung in measure_ladder(dataset, small_city.market, RUNGS, 0, lambda *_: None)]
    root = Settings(home=home).measurements
    keep(root, small_city.market, MeasurementName.LADDER, dataset.snapshot, 0, {"rungs": rungs})
    with serving(home) as (port, _):
        yield Served(f"http://127.0.0.1:{port}", small_city.market, small_city.keys)


@pytest.fixture
def models(visit: Visit) -> Page:
    """The view, filled."""
    page = filled(visit.view("/models"))
    page.set_default_timeout(30_000)
    return page


def states(served: Served) -> dict[str, str]:
    return {item["version"]: item["state"] for item in served.call("GET", "/v1/releases", "auditor")["items"]}


def named(served: Served, model: str) -> str:
    return next(version for version in states(served) if version.startswith(f"{model}-"))


def lane(page: Page, title: str) -> list[str]:
    return (
        page.get_by_role("region", name=title, exact=True)
        .locator(".release")
        .evaluate_all("cards => cards.map((card) => card.dataset.version)")
    )


def press(page: Page, version: str, act: str) -> None:
    """A button of a version's card, by keyboard."""
    page.locator(f"[data-version='{version}'] [data-act={act}]").focus()
    page.keyboard.press("Enter")


def confirm(page: Page, reason: str = "") -> None:
    """Say why in the dialog, and go on, by keyboard alone."""
    page.locator("dialog.decide").wait_for()
    page.locator("#decide-reason").focus()
    page.keyboard.type(reason)
    while page.evaluate("document.activeElement.className") != "primary-button":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def move(served: Served, version: str, act: str, **body: Any) -> None:
    served.call("POST", f"/v1/releases/{version}/{act}", "infra", json=body)


def test_the_ladder_shows_what_was_measured(models: Page, served: Served) -> None:
    measured = served.call("GET", "/v1/measurements/ladder", "auditor")["document"]["rungs"]
    rows = models.get_by_role("region", name="All rungs of the ladder").locator("tbody tr")
    expect(rows).to_have_count(len(RUNGS))
    for rung, row in zip(measured, rows.all(), strict=True):
        cells = row.locator("th, td").all_text_contents()
        assert cells[0].split()[0] == rung["model"]
        assert first_number(cells[1]) == pytest.approx(rung["figures"]["ndcg@10"]["value"], rel=0.01)
        assert first_number(cells[2]) == pytest.approx(rung["figures"]["requests_ndcg@10"]["value"], rel=0.01)
        assert first_number(cells[3]) == pytest.approx(rung["request_microseconds"]["median"], rel=0.01)
        assert first_number(cells[4]) == pytest.approx(rung["serving_bytes"] / 1e6, rel=0.01)
        assert cells[6] == rung["explained"]
    expect(models.get_by_text("the data that the champion has learnt from")).to_be_visible()
    best = max(measured, key=lambda rung: rung["figures"]["requests_ndcg@10"]["value"])
    expect(models.get_by_text(f"What to see: {best['model']} ranks best")).to_be_visible()


def test_promotion_by_infra_moves_the_lane(models: Page, served: Served) -> None:
    before, other = (
        next(version for version, state in states(served).items() if state == "champion"),
        named(served, "popular"),
    )
    press(models, other, "promote")
    take_seat(models, served.keys["infra"])
    expect(models.locator("dialog.decide")).to_contain_text(f"{before} is retired")
    confirm(models, "a trial of the lane")

    expect(models.locator("#spoken")).to_contain_text(f"{other} serves every diner now")
    assert lane(models, "Champion") == [other]
    assert before in lane(models, "Out of service")
    assert states(served)[other] == "champion"
    expect(models.locator(f"[data-version='{other}']")).to_contain_text("a trial of the lane")

    press(models, before, "rollback")
    confirm(models)
    expect(models.locator("#spoken")).to_contain_text(f"{before} is the champion")
    assert lane(models, "Champion") == [before]
    assert states(served)[other] == "rolled-back"


def test_a_freeze_blocks_promotion_and_says_so(visit: Visit, models: Page, served: Served) -> None:
    visit.may_complain_of = "409"
    other = named(served, "ease")
    models.locator("[data-act=freeze]").focus()
    models.keyboard.press("Enter")
    take_seat(models, served.keys["infra"])
    confirm(models, "nobody understands Tuesday")

    expect(models.locator(".frozen")).to_contain_text("nobody understands Tuesday")
    expect(models.locator(".frozen")).to_contain_text("by infra")
    press(models, other, "promote")
    expect(models.locator("dialog.decide .banner")).to_contain_text("The market is frozen (nobody understands Tuesday)")
    confirm(models)
    refused = models.locator("dialog.decide .form-message")
    expect(refused).to_contain_text("Refused")
    expect(refused).to_contain_text("nobody understands Tuesday")
    assert states(served)[other] == "challenger"

    models.keyboard.press("Escape")
    expect(models.locator("dialog.decide")).to_have_count(0)
    models.locator("[data-act=lift]").focus()
    models.keyboard.press("Enter")
    confirm(models, "understood")
    expect(models.locator(".frozen")).to_have_count(0)
    expect(models.locator("#spoken")).to_contain_text("The freeze is lifted")
    assert served.call("GET", "/v1/freeze", "auditor")["frozen"] is False


def test_another_seats_key_and_a_wrong_one_are_refused_and_say_so(visit: Visit, models: Page, served: Served) -> None:
    visit.may_complain_of = "401"
    other = named(served, "ease")
    press(models, other, "promote")
    take_seat(models, served.keys["sales"])
    expect(models.locator("#take-seat-message")).to_contain_text("the key of sales")
    expect(models.locator("#take-seat-message")).to_contain_text("infra or admin")
    models.locator("#take-seat-key").fill("ts_infra_wrong")
    models.keyboard.press("Enter")
    expect(models.locator("#take-seat-message")).to_contain_text("not accepted")
    models.keyboard.press("Escape")

    expect(models.locator("dialog")).to_have_count(0)
    assert states(served)[other] == "challenger"
    assert other in lane(models, "Waiting")


def test_a_canary_shows_its_share_and_waits_again_when_it_is_withdrawn(models: Page, served: Served) -> None:
    other = named(served, "ease")
    press(models, other, "canary")
    take_seat(models, served.keys["infra"])
    share = models.get_by_label("Share of the diners, in per cent")
    share.fill("25")
    confirm(models)

    expect(models.locator(".lane.canary .release")).to_contain_text("25 % of the diners get its lists")
    [trial] = [item for item in served.call("GET", "/v1/releases", "auditor")["items"] if item["state"] == "canary"]
    assert (trial["version"], trial["share"]) == (other, 0.25)
    press(models, other, "canary")
    expect(models.locator("dialog.decide h2")).to_contain_text("Change the share")
    expect(share).to_have_value("25")
    expect(models.locator("dialog.decide")).to_contain_text("Now: 25 %")
    share.fill("40")
    confirm(models)
    expect(models.locator(".lane.canary .release")).to_contain_text("40 % of the diners get its lists")
    press(models, other, "withdraw")
    confirm(models)
    expect(models.locator("#spoken")).to_contain_text(f"{other} waits again")
    assert other in lane(models, "Waiting")
    expect(models.locator(f"[data-version='{other}'] [data-act]:focus")).to_have_count(1)


def test_a_share_of_lists_is_no_share_of_diners(visit: Visit, served: Served) -> None:
    other = named(served, "ease")
    move(served, other, "shadow", share=1.0)
    page = filled(visit.view("/models"))
    press(page, other, "canary")
    take_seat(page, served.keys["infra"])

    expect(page.get_by_label("Share of the diners, in per cent")).to_have_value("10")
    expect(page.locator("dialog.decide")).not_to_contain_text("Now:")
    move(served, other, "withdraw")


def test_what_is_under_way_cannot_be_cancelled_unseen(visit: Visit, models: Page, served: Served) -> None:
    other, held = named(served, "ease"), list[Route]()
    models.route("**/v1/releases/*/shadow*", lambda route: held.append(route))
    press(models, other, "shadow")
    take_seat(models, served.keys["infra"])
    with models.expect_request("**/v1/releases/*/shadow*"):
        confirm(models)
    expect(models.get_by_role("button", name="Cancel")).to_be_disabled()
    models.keyboard.press("Escape")
    expect(models.locator("dialog.decide")).to_be_visible()
    held[0].continue_()

    expect(models.locator("#spoken")).to_contain_text(f"{other} ranks behind the answers")
    move(served, other, "withdraw")


def test_the_card_says_what_the_api_says_and_what_was_not_measured(models: Page, served: Served) -> None:
    other = named(served, "popular")
    models.get_by_label("Version").select_option(other)
    panel = models.get_by_role("region", name="Model card", exact=True)
    expect(panel.locator(".card-name")).to_contain_text(other)
    card = served.call("GET", "/v1/model-card", "auditor", params={"version": other})

    for limit in card["limits"]:
        expect(panel.get_by_text(limit, exact=True)).to_be_visible()
    for part, why in card["not_measured"].items():
        expect(panel.get_by_role("row", name=f"{part.replace('_', ' ')} {why}", exact=True)).to_be_visible()
    models.get_by_text("All figures: all restaurants ranked").click()
    figures = models.get_by_role("region", name="all restaurants ranked for the diners of the test period")
    own = card["accuracy"]["questions"][0]["models"]["popular"]["ndcg@10"]
    cells = figures.locator("tbody tr").first.locator("th, td").all_text_contents()
    assert cells[0] == "popular"
    assert first_number(cells[1]) == pytest.approx(own["value"], rel=0.01)
    with models.expect_download() as saved:
        models.get_by_role("button", name="Save as a page").click()
    assert saved.value.suggested_filename == f"model-card-{other}.html"
    assert other in Path(saved.value.path()).read_text()


def test_a_run_is_asked_for_with_mls_key_and_a_second_is_refused(visit: Visit, models: Page, served: Served) -> None:
    visit.may_complain_of = "409"
    models.locator("[data-act=retrain]").focus()
    models.keyboard.press("Enter")
    take_seat(models, served.keys["infra"])
    expect(models.locator("#take-seat-message")).to_contain_text("ml or admin")
    models.locator("#take-seat-key").fill(served.keys["ml"])
    models.keyboard.press("Enter")
    confirm(models, "to see one")

    run = models.locator("details[data-run]")
    expect(run).to_contain_text("queued")
    expect(run.locator("[data-step='train:lightfm']")).to_be_visible()
    [listed] = served.call("GET", "/v1/retraining/runs", "auditor")["items"]
    assert (listed["requested_by"], listed["models"]) == ("ml", ["lightfm"])
    expect(models.locator("[data-act=retrain]")).to_be_focused()
    models.keyboard.press("Enter")
    confirm(models)
    expect(models.locator("dialog.decide .form-message")).to_contain_text("Refused")

    # A run that cannot be read says so, and is asked for again.
    models.keyboard.press("Escape")
    away = "**/v1/retraining/runs/*"
    models.reload()
    models.route(away, lambda route: route.fulfill(status=409, json={"title": "Away", "detail": "the store rests"}))
    filled(models)
    run.locator("summary").first.click()
    expect(run.get_by_role("alert")).to_contain_text("the store rests")
    models.unroute(away)
    run.get_by_role("button", name="Try again").click()
    expect(run.locator("[data-step='train:lightfm']")).to_be_visible()


def test_without_a_readers_key_every_panel_offers_to_take_a_seat(visit: Visit, served: Served) -> None:
    page = filled(visit.view("/models", "app"))
    expect(page.get_by_role("button", name="Take the seat")).to_have_count(5)
    page.get_by_role("button", name="Take the seat").nth(2).click()
    take_seat(page, served.keys["auditor"])
    expect(page.get_by_role("region", name="Release lane").locator(".release").first).to_be_visible()


@pytest.mark.parametrize("context", CONTEXTS)
def test_it_can_be_read_on_any_screen_in_any_light(
    visiting: Callable[..., Visit], served: Served, context: dict[str, Any]
) -> None:
    page = filled(visiting(**context).view("/models"))
    page.evaluate("() => document.querySelectorAll('#view details').forEach((one) => { one.open = true; })")

    assert amiss(page) == {}
    press(page, named(served, "ease"), "shadow")
    take_seat(page, served.keys["infra"])
    page.locator("dialog.decide").wait_for()
    assert amiss(page) == {}


def test_a_home_without_a_ladder_says_what_measures_it(visit: Visit, served: Served) -> None:
    page = visit.page
    page.route(
        "**/v1/measurements/ladder*",
        lambda route: route.continue_(url=route.request.url.replace("ladder", "fairness-audit")),
    )
    filled(visit.view("/models"))

    expect(page.get_by_role("region", name="The ladder", exact=True)).to_contain_text(
        "`tablestakes measure DIR` measures it"
    )
