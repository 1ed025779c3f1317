"""What tests of the views share: waiting until every panel is filled, taking a seat, and looking a page over."""

import re
from typing import Any

from playwright.sync_api import Page

from tests.console.page_checks import BROKEN_REFERENCES, FAINT_TEXT, NAMELESS

CONTEXTS: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
]
PATIENCE_MS = 60_000
"""Other tests keep the machine busy."""


def filled(page: Page) -> Page:
    """Wait until no panel is on its way any more."""
    page.wait_for_function(
        "() => !document.querySelector('#view [aria-busy=true], #view .skeleton')", timeout=PATIENCE_MS
    )
    return page


def take_seat(page: Page, key: str) -> None:
    """Give the dialog that asks for a key one, by keyboard."""
    page.locator("#take-seat-key").wait_for()
    page.keyboard.type(key)
    page.keyboard.press("Enter")


def amiss(page: Page) -> dict[str, list[str]]:
    """What is wrong with a page as it stands; empty where nothing is."""
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = {
        "faint": page.evaluate(FAINT_TEXT),
        "nameless": page.evaluate(NAMELESS),
        "broken references": page.evaluate(BROKEN_REFERENCES),
        "wider than the window": [f"{wide} px"] if wide > 0 else [],
    }
    return {name: faults for name, faults in found.items() if faults}


def first_number(text: str) -> float:
    """The first number of a text as figures write it: a true minus, commas at thousands."""
    found = re.search(r"[−-]?\d[\d,]*(?:\.\d+)?(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", text)
    assert found is not None, text
    plain = found[0].replace("−", "-").replace(",", "")
    mantissa, _, power = plain.partition("×10")
    exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if power else 0
    return float(mantissa) * 10.0**exponent
