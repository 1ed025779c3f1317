"""How soon the console can be used: python -m loadtests.first_view [ORIGIN] [--keys var/keys.json] [--runs 10].

Each run is a browser context of its own, so nothing is cached. What is told, as Lighthouse names it: first and largest
contentful paint, layout shift, blocking time, and, for "interactive", when the list of restaurants is there and its
buttons answer. Medians with the least and the greatest of the runs.
"""

import argparse
import json
import shutil
import statistics
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

_WATCH: Final = """
window.seen = {shift: 0, blocked: 0, largest: 0, ready: null};
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.seen.shift += one.value; }))
  .observe({type: "layout-shift", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.seen.largest = one.startTime; }))
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.seen.blocked += one.duration - 50; }))
  .observe({type: "longtask", buffered: true});
new MutationObserver((_, observer) => {
  if (!document.querySelector(".entry button")) return;
  window.seen.ready = performance.now();
  observer.disconnect();
}).observe(document, {childList: true, subtree: true});
"""
_READ: Final = """() => ({...window.seen,
  painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
  scripts: performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".js"))
    .reduce((sum, one) => sum + one.decodedBodySize, 0),
  all: performance.getEntriesByType("resource").reduce((sum, one) => sum + one.transferSize, 0)})"""
_ROWS: Final = (
    ("painted", "first contentful paint", "ms"),
    ("largest", "largest contentful paint", "ms"),
    ("ready", "interactive: the list is there", "ms"),
    ("blocked", "total blocking time", "ms"),
    ("shift", "cumulative layout shift", ""),
    ("scripts", "script", "bytes"),
    ("all", "over the wire", "bytes"),
)


def look(browser: Browser, address: str) -> dict[str, float]:
    """One cold visit."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(address)
    page.wait_for_function("() => window.seen.ready !== null")
    page.wait_for_timeout(500)
    seen: dict[str, Any] = page.evaluate(_READ)
    context.close()
    return seen


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("origin", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--keys", type=Path, default=Path("var/keys.json"))
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        parser.exit(1, "no Chromium on the PATH\n")
    address = f"{given.origin}/#key={json.loads(given.keys.read_text())['app']}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        runs = [look(browser, address) for _ in range(given.runs + 1)][1:]  # the first one starts the browser
        browser.close()
    print(f"{given.runs} cold visits at 1280 x 800: median [least, greatest]")
    for key, name, unit in _ROWS:
        values = [float(run[key]) for run in runs]
        digits = 3 if key == "shift" else 0
        shown = [f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
        print(f"  {name:32} {shown[0]:>9} [{shown[1]}, {shown[2]}] {unit}")


if __name__ == "__main__":
    main()
