"""The API's reference at `/docs`: Swagger UI from an installed package, so that it works without a network."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from swagger_ui_bundle import swagger_ui_path

from services.console.files import SealedFiles
from services.console.openapi_3_0 import as_openapi_3_0

_PAGES: Final = Path(__file__).parent / "pages"


def mount_docs(app: FastAPI) -> None:
    """Serve the reference from this application; build it with `docs_url=None`."""
    pages = SealedFiles(_PAGES)

    async def docs(request: Request) -> Response:
        return await pages.get_response("docs.html", request.scope)

    async def openapi_for_docs() -> Response:
        return JSONResponse(as_openapi_3_0(app.openapi()), headers={"cache-control": "no-cache"})

    app.add_api_route("/docs", docs, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/docs/openapi-3.0.json", openapi_for_docs, include_in_schema=False)
    app.mount("/docs/swagger-ui", SealedFiles(Path(str(swagger_ui_path))), name="swagger-ui")
