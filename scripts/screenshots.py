"""Pictures of the console for the documents: python scripts/screenshots.py.

A demo is started in a folder of its own, looked at with the system's Chromium, and ended. `docs/screenshots/` gets a
picture a view, and some as a phone and in the dark. `make docs` runs it, so that the pictures are of the console as it
is.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).parent.parent
PICTURES: Final = ROOT / "docs" / "screenshots"
VIEWS: Final = ("/", "/table", "/models", "/why", "/fairness", "/operations", "/lessons/3")
LAPTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
_DEMO: Final = ("--restaurants", "400", "--diners", "4000")
_START_SECONDS: Final = 300.0
_WATCH_MS: Final = 20_000
"""Until what is drawn over time has something to draw."""
_COLOURS: Final = 128


def main() -> int:
    """Take all pictures; 1 where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("screenshots: no Chromium on the PATH: the pictures stay as they are", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with _demo() as (origin, keys), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        for view in VIEWS:
            _take(browser, f"{origin}{view}", keys, LAPTOP, "light", _name(view))
        _take(browser, f"{origin}/table", keys, LAPTOP, "dark", "table-dark")
        _take(browser, origin, keys, PHONE, "light", "diner-phone")
        browser.close()
    return 0


def _name(view: str) -> str:
    return view.strip("/").split("/")[0] or "diner"


def _take(browser: Browser, address: str, keys: list[str], size: tuple[int, int], scheme: str, name: str) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{address}#{'&'.join(f'key={key}' for key in keys)}")
    page.wait_for_selector("#view h1")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    page.wait_for_timeout(_WATCH_MS if address.endswith("/operations") else 1_500)
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(_COLOURS).save(PICTURES / f"{name}.png", optimize=True)
    context.close()


@contextmanager
def _demo() -> Iterator[tuple[str, list[str]]]:
    """A running demo's origin, and the keys that the console reads with."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        command = [sys.executable, "-m", "services.cli", "demo", "--port", str(port), *_DEMO]
        with (Path(folder) / "log").open("w+") as log:
            environment = {**os.environ, "TABLESTAKES_HOME": str(home), "PYTHONUNBUFFERED": "1"}
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
            try:
                _await(process, Path(folder) / "log")
                keys = json.loads((home / "keys.json").read_text())
                yield f"http://127.0.0.1:{port}", [keys["app"], keys["auditor"]]
            finally:
                process.terminate()
                process.wait(60)


def _await(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while "things to try" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the demo did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
