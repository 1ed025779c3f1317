"""The API reference in a real browser, without a network."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit

pytestmark = pytest.mark.xdist_group("browser")


def test_the_reference_lists_the_operations_and_tries_one(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("link", name="API").click()
    operation = page.locator("#operations-catalogue-listMarkets")
    operation.get_by_role("button", name="/v1/markets").first.click()
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table td.response-col_status").last).to_have_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text(visit.served.market)


def test_a_nullable_parameter_and_a_default_are_drawn(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.served.origin}/docs")
    operation = page.locator("#operations-recommending-getRecommendations")
    operation.get_by_role("button", name="/v1/recommendations").first.click()
    row = operation.locator("tr[data-param-name=max_price]")

    expect(row).to_contain_text("integer")
    expect(operation.locator("tr[data-param-name=k]").get_by_role("textbox")).to_have_value("20")
    assert page.locator(".errors-wrapper, .loading-container .failed-config").count() == 0
