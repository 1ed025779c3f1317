from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.lesson_run_body import LessonRunBody
from ...types import Response


def _get_kwargs(
    number: int,
    run_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/lessons/{number}/runs/{run_id}".format(
            number=quote(str(number), safe=""),
            run_id=quote(str(run_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> LessonRunBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = LessonRunBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[LessonRunBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    number: int,
    run_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[LessonRunBody]:
    """A run: how far it is, and what came of it.

    Args:
        number (int):
        run_id (str):

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
                run_id=run_id,
            )
        )
    )


def sync(
    number: int,
    run_id: str,
    *,
    client: AuthenticatedClient,
) -> LessonRunBody:
    """A run: how far it is, and what came of it.

    Args:
        number (int):
        run_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        LessonRunBody
    """
    return sync_detailed(
        number=number,
        run_id=run_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    number: int,
    run_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[LessonRunBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                number=number,
                run_id=run_id,
            )
        )
    )


async def asyncio(
    number: int,
    run_id: str,
    *,
    client: AuthenticatedClient,
) -> LessonRunBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            number=number,
            run_id=run_id,
            client=client,
        )
    ).parsed
