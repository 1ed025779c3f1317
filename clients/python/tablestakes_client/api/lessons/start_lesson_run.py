from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.lesson_run_body import LessonRunBody
from ...models.lesson_run_request import LessonRunRequest
from ...types import Response


def _get_kwargs(
    number: int,
    *,
    body: LessonRunRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/lessons/{number}/runs".format(
            number=quote(str(number), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> LessonRunBody:
    if not response.is_success:
        raise ProblemError(response)
    response_202 = LessonRunBody.from_dict(response.json())

    return response_202


def _build_response(response: httpx.Response) -> Response[LessonRunBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    number: int,
    *,
    client: AuthenticatedClient,
    body: LessonRunRequest,
) -> Response[LessonRunBody]:
    """Queue a run; `tablestakes worker` does it, one at a time, behind everything else.

    Whoever asks for what is queued or running already, the same lesson in the same size, gets that run.

    Args:
        number (int):
        body (LessonRunRequest): How a lesson is to be run.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[LessonRunBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                number=number,
                body=body,
            )
        )
    )


def sync(
    number: int,
    *,
    client: AuthenticatedClient,
    body: LessonRunRequest,
) -> LessonRunBody:
    """Queue a run; `tablestakes worker` does it, one at a time, behind everything else.

    Whoever asks for what is queued or running already, the same lesson in the same size, gets that run.

    Args:
        number (int):
        body (LessonRunRequest): How a lesson is to be run.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        LessonRunBody
    """
    return sync_detailed(
        number=number,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    number: int,
    *,
    client: AuthenticatedClient,
    body: LessonRunRequest,
) -> Response[LessonRunBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                number=number,
                body=body,
            )
        )
    )


async def asyncio(
    number: int,
    *,
    client: AuthenticatedClient,
    body: LessonRunRequest,
) -> LessonRunBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            number=number,
            client=client,
            body=body,
        )
    ).parsed
