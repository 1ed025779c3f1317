from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...errors import ProblemError
from ...models.health import Health
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/health/ready",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Health:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = Health.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[Health]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Health]:
    """Markets are loaded and warm. A cache or a database that is away degrades, but does not unready, the process.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Health]: with the status and the headers
    """
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> Health:
    """Markets are loaded and warm. A cache or a database that is away degrades, but does not unready, the process.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Health
    """
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Health]:
    """`sync_detailed` for asyncio."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> Health:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
