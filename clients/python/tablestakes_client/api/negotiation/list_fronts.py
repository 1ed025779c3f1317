from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.front_page import FrontPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

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
        "url": "/v1/fronts",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> FrontPage:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = FrontPage.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[FrontPage]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[FrontPage]:
    """Fronts that are kept for a market, the newest first; that one is bargained over where none is named.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        limit (int | Unset): By default 20.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[FrontPage]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                limit=limit,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> FrontPage:
    """Fronts that are kept for a market, the newest first; that one is bargained over where none is named.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        limit (int | Unset): By default 20.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        FrontPage
    """
    return sync_detailed(
        client=client,
        market=market,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[FrontPage]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                limit=limit,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> FrontPage:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            limit=limit,
        )
    ).parsed
