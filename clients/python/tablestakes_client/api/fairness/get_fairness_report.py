from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params["days"] = days

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/fairness/report",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> str:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = response.text
    return response_200


def _build_response(response: httpx.Response) -> Response[str]:
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
    days: int | Unset = UNSET,
) -> Response[str]:
    """The same as one page with pictures, for people; it needs nothing from elsewhere.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        days (int | Unset): So many days, beside as many before them. By default 7.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[str]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                days=days,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> str:
    """The same as one page with pictures, for people; it needs nothing from elsewhere.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        days (int | Unset): So many days, beside as many before them. By default 7.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        str
    """
    return sync_detailed(
        client=client,
        market=market,
        days=days,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> Response[str]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                days=days,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> str:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            days=days,
        )
    ).parsed
