from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.diner_record import DinerRecord
from ...types import Response


def _get_kwargs(
    user_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/users/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> DinerRecord:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = DinerRecord.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[DinerRecord]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    user_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[DinerRecord]:
    """Everything that is held about a diner: profile, events, and how many lists were served.

    Args:
        user_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[DinerRecord]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                user_id=user_id,
            )
        )
    )


def sync(
    user_id: str,
    *,
    client: AuthenticatedClient,
) -> DinerRecord:
    """Everything that is held about a diner: profile, events, and how many lists were served.

    Args:
        user_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        DinerRecord
    """
    return sync_detailed(
        user_id=user_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    user_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[DinerRecord]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                user_id=user_id,
            )
        )
    )


async def asyncio(
    user_id: str,
    *,
    client: AuthenticatedClient,
) -> DinerRecord:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            user_id=user_id,
            client=client,
        )
    ).parsed
