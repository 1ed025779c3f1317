from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.operations_body import OperationsBody
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/operations",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> OperationsBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = OperationsBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[OperationsBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[OperationsBody]:
    """The metrics of the API and of the worker together, and what answers.

    For people's pages, which reach neither the worker's port nor, behind the proxy, `/metrics`. Machines scrape
    both themselves. Behind a proxy any of several replicas may answer:
    `tablestakes_process_start_timestamp_seconds` tells them apart.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[OperationsBody]: with the status and the headers
    """
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


def sync(
    *,
    client: AuthenticatedClient,
) -> OperationsBody:
    """The metrics of the API and of the worker together, and what answers.

    For people's pages, which reach neither the worker's port nor, behind the proxy, `/metrics`. Machines scrape
    both themselves. Behind a proxy any of several replicas may answer:
    `tablestakes_process_start_timestamp_seconds` tells them apart.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        OperationsBody
    """
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[OperationsBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> OperationsBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
