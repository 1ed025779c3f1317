"""The console: its views, each at an address of its own, its scripts and styles under `/static/`."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response

from services.console.files import SealedFiles

_HERE: Final = Path(__file__).parent
_VIEWS: Final = ("/", "/table", "/models", "/why", "/fairness", "/operations", "/lessons", "/lessons/{number:int}")
"""One page answers them all; its script shows the view that the address names (`static/js/main.js`)."""


def mount(app: FastAPI) -> None:
    """Serve the console from this application. It talks to the API under `/v1` of the same origin."""
    pages = SealedFiles(_HERE / "pages")

    async def console(request: Request) -> Response:
        return await pages.get_response("index.html", request.scope)

    for address in _VIEWS:
        app.add_api_route(address, console, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/static", SealedFiles(_HERE / "static"), name="static")
