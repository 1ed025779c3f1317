"""The reference: a FastAPI endpoint that does nothing but answer with the bytes of a real answer.

`/v1/recommendations` declares the query parameters of the real route, so both pay for parsing and validating them;
`/bare` declares none. No middleware, no key check, no log: what is above it is the price of everything that we do.
"""
# ruff: noqa: ARG001 - declaring parameters and doing nothing with them is what a no-op is for

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Response

ANSWER_VARIABLE = "LOADTESTS_ANSWER"
"""Names the file with the bytes to answer with."""

_ID = r"^[^\s\x00-\x1f]{1,128}$"


def create_app() -> FastAPI:
    """The application, for `uvicorn --factory`; raise KeyError where the variable is not set."""
    answer = Path(os.environ[ANSWER_VARIABLE]).read_bytes()
    # FastAPI's own telemetry costs 30 µs a request with nobody listening; a fair reference is a fast one.
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.get("/v1/recommendations")
    async def recommendations(
        user_id: Annotated[str, Query(pattern=_ID)],
        k: Annotated[int, Query(ge=1, le=100)] = 20,
        lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
        lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
        radius_km: Annotated[float | None, Query(gt=0, le=500)] = None,
        cuisine: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
        max_price: Annotated[int | None, Query(ge=1, le=4)] = None,
        open_at: Annotated[datetime | Literal["now"] | None, Query()] = None,
        exclude: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies defaults
        explain: Annotated[Literal["none", "reasons", "full"], Query()] = "none",
        personalised: Annotated[bool, Query()] = True,
        ads: Annotated[bool, Query()] = True,
        policy: Annotated[str | None, Query(max_length=63)] = None,
        market: Annotated[str | None, Query(max_length=63)] = None,
    ) -> Response:
        return Response(answer, media_type="application/json")

    @app.get("/bare")
    async def bare() -> Response:
        return Response(answer, media_type="application/json")

    @app.get("/health/ready")
    async def ready() -> Response:
        return Response(status_code=204)

    return app
