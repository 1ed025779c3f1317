from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.lesson_body import LessonBody
from ...types import Response


def _get_kwargs(
    number: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/lessons/{number}".format(
            number=quote(str(number), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> LessonBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = LessonBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[LessonBody]:
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
) -> Response[LessonBody]:
    """A lesson, the outcome that was recorded of it, and the runs that were asked for here.

    Args:
        number (int):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[LessonBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                number=number,
            )
        )
    )


def sync(
    number: int,
    *,
    client: AuthenticatedClient,
) -> LessonBody:
    """A lesson, the outcome that was recorded of it, and the runs that were asked for here.

    Args:
        number (int):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        LessonBody
    """
    return sync_detailed(
        number=number,
        client=client,
    ).parsed


async def asyncio_detailed(
    number: int,
    *,
    client: AuthenticatedClient,
) -> Response[LessonBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                number=number,
            )
        )
    )


async def asyncio(
    number: int,
    *,
    client: AuthenticatedClient,
) -> LessonBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            number=number,
            client=client,
        )
    ).parsed
