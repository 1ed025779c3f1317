from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.ranking_request import RankingRequest
from ...models.recommendations import Recommendations
from ...types import Response


def _get_kwargs(
    *,
    body: RankingRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/rankings",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> Recommendations:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = Recommendations.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[Recommendations]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: RankingRequest,
) -> Response[Recommendations]:
    """Re-rank up to 1,000 restaurants that the client names.

    Args:
        body (RankingRequest): The body of `POST /v1/rankings`: re-rank candidates that the client names.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Recommendations]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    body: RankingRequest,
) -> Recommendations:
    """Re-rank up to 1,000 restaurants that the client names.

    Args:
        body (RankingRequest): The body of `POST /v1/rankings`: re-rank candidates that the client names.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Recommendations
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: RankingRequest,
) -> Response[Recommendations]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: RankingRequest,
) -> Recommendations:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
