from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.replay_body import ReplayBody
from ...types import Response


def _get_kwargs(
    request_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/replays/{request_id}".format(
            request_id=quote(str(request_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ReplayBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = ReplayBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[ReplayBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    request_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ReplayBody]:
    """Make a served list again: the same model, policy, catalogue, campaigns and live data through the same functions.

    The list of a diner who was erased is gone (410); so is one whose model, catalogue or policy is not kept any
    more.

    Args:
        request_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ReplayBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                request_id=request_id,
            )
        )
    )


def sync(
    request_id: str,
    *,
    client: AuthenticatedClient,
) -> ReplayBody:
    """Make a served list again: the same model, policy, catalogue, campaigns and live data through the same functions.

    The list of a diner who was erased is gone (410); so is one whose model, catalogue or policy is not kept any
    more.

    Args:
        request_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ReplayBody
    """
    return sync_detailed(
        request_id=request_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    request_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ReplayBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                request_id=request_id,
            )
        )
    )


async def asyncio(
    request_id: str,
    *,
    client: AuthenticatedClient,
) -> ReplayBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            request_id=request_id,
            client=client,
        )
    ).parsed
