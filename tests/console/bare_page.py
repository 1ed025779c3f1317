"""An empty page of the server's origin, with its modules and styles: for what belongs to no view."""

from typing import Any

from playwright.sync_api import Page, Route

from services.console.files import CONTENT_SECURITY_POLICY
from tests.console.conftest import Visit

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/css/base.css"><link rel="stylesheet" href="/static/css/controls.css">
<link rel="stylesheet" href="/static/css/charts.css"></head><body><main id="root"></main></body></html>"""


def bare_page(visit: Visit) -> Page:
    """Opened, with a `<main id="root">`."""

    def bare(route: Route) -> None:
        route.fulfill(
            body=_PAGE, content_type="text/html", headers={"content-security-policy": CONTENT_SECURITY_POLICY}
        )

    visit.page.route("**/bare", bare)
    visit.page.goto(f"{visit.served.origin}/bare")
    return visit.page


def call(page: Page, module: str, expression: str, given: Any = None) -> Any:
    """`expression` over the exports `m` of a module under `static/js` and the given value `it`."""
    return page.evaluate(f"(it) => import('/static/js/{module}.js').then((m) => {expression})", given)
