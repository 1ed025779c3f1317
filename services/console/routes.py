"""The console at `/`, its scripts and styles under `/static/`."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response

from services.console.files import SealedFiles

_HERE: Final = Path(__file__).parent


def mount(app: FastAPI) -> None:
    """Serve the console from this application. It talks to the API under `/v1` of the same origin."""
    pages = SealedFiles(_HERE / "pages")

    async def console(request: Request) -> Response:
        return await pages.get_response("index.html", request.scope)

    app.add_api_route("/", console, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/static", SealedFiles(_HERE / "static"), name="static")
