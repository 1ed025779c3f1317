from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.restaurant_page import RestaurantPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/restaurants",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> RestaurantPage:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = RestaurantPage.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[RestaurantPage]:
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
    cursor: None | str | Unset = UNSET,
) -> Response[RestaurantPage]:
    """A market's restaurants, by id.

    Args:
        market (None | str | Unset):
        limit (int | Unset): By default 100.
        cursor (None | str | Unset): The last answer's `next`.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[RestaurantPage]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                limit=limit,
                cursor=cursor,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: None | str | Unset = UNSET,
) -> RestaurantPage:
    """A market's restaurants, by id.

    Args:
        market (None | str | Unset):
        limit (int | Unset): By default 100.
        cursor (None | str | Unset): The last answer's `next`.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        RestaurantPage
    """
    return sync_detailed(
        client=client,
        market=market,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: None | str | Unset = UNSET,
) -> Response[RestaurantPage]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                limit=limit,
                cursor=cursor,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: None | str | Unset = UNSET,
) -> RestaurantPage:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
