"""The table as one HTML file that works without a server: what it shows, its script and its styles, all inside."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from services.console.bundle import BundleError, bundled

_STATIC: Final = Path(__file__).parent / "static"
_STYLES: Final = ("base", "controls", "panel", "charts", "table")
_ENTRY: Final = _STATIC / "js" / "table" / "exported.js"
_END: Final = re.compile(r"</(?:script|style)", re.IGNORECASE)
_PAGE: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="{policy}">
    <title>{title}</title>
    <style>{style}</style>
  </head>
  <body data-view="table">
    <main id="view" class="view"></main>
    <noscript>This page needs JavaScript.</noscript>
    <script type="application/json" id="table-data">{data}</script>
    <script>{script}</script>
  </body>
</html>
"""


def exported_page(data: Mapping[str, Any]) -> str:
    """The page that shows `data`: market, seats, scorecard, front, result, policy, exported_at, as the API has them.

    Nothing is loaded: the content security policy allows this script and these styles by their hashes, and no request.
    """
    style = "\n".join((_STATIC / "css" / f"{name}.css").read_text() for name in _STYLES)
    script = bundled(_ENTRY)
    for text in (style, script):
        if found := _END.search(text):
            raise BundleError(f"{found[0]!r} inside would end it early")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    # Inside a script element text is not unescaped: a name that ends it must not be there as such.
    document = orjson.dumps(data).decode().replace("<", "\\u003c")
    title = html.escape(f"The table of {data['market']['title']}")
    return _PAGE.format(policy=policy, title=title, style=style, data=document, script=script)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
