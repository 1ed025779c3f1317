from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.release_page import ReleasePage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/releases",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ReleasePage:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = ReleasePage.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[ReleasePage]:
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
) -> Response[ReleasePage]:
    """All versions of a market with their states, what the version on trial has shown, and the error budget.

    Args:
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ReleasePage]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> ReleasePage:
    """All versions of a market with their states, what the version on trial has shown, and the error budget.

    Args:
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ReleasePage
    """
    return sync_detailed(
        client=client,
        market=market,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[ReleasePage]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> ReleasePage:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
        )
    ).parsed
