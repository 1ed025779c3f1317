from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.diner_body import DinerBody
from ...models.diner_write import DinerWrite
from ...types import Response


def _get_kwargs(
    user_id: str,
    *,
    body: DinerWrite,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/v1/users/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> DinerBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = DinerBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[DinerBody]:
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
    body: DinerWrite,
) -> Response[DinerBody]:
    """Store a diner's profile; the next list uses it.

    Args:
        user_id (str):
        body (DinerWrite): What is kept about a diner; the path names the id.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[DinerBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                user_id=user_id,
                body=body,
            )
        )
    )


def sync(
    user_id: str,
    *,
    client: AuthenticatedClient,
    body: DinerWrite,
) -> DinerBody:
    """Store a diner's profile; the next list uses it.

    Args:
        user_id (str):
        body (DinerWrite): What is kept about a diner; the path names the id.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        DinerBody
    """
    return sync_detailed(
        user_id=user_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    user_id: str,
    *,
    client: AuthenticatedClient,
    body: DinerWrite,
) -> Response[DinerBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                user_id=user_id,
                body=body,
            )
        )
    )


async def asyncio(
    user_id: str,
    *,
    client: AuthenticatedClient,
    body: DinerWrite,
) -> DinerBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            user_id=user_id,
            client=client,
            body=body,
        )
    ).parsed
