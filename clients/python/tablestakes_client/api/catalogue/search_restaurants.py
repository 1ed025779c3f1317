from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.scored_restaurants import ScoredRestaurants
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    q: str,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["q"] = q

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/search",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ScoredRestaurants:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = ScoredRestaurants.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[ScoredRestaurants]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    q: str,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[ScoredRestaurants]:
    """Restaurants whose name or cuisine has all the words, the most popular first.

    Args:
        q (str):
        market (None | str | Unset):
        limit (int | Unset): By default 20.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ScoredRestaurants]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                q=q,
                market=market,
                limit=limit,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    q: str,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> ScoredRestaurants:
    """Restaurants whose name or cuisine has all the words, the most popular first.

    Args:
        q (str):
        market (None | str | Unset):
        limit (int | Unset): By default 20.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ScoredRestaurants
    """
    return sync_detailed(
        client=client,
        q=q,
        market=market,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    q: str,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[ScoredRestaurants]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                q=q,
                market=market,
                limit=limit,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    q: str,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> ScoredRestaurants:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            q=q,
            market=market,
            limit=limit,
        )
    ).parsed
