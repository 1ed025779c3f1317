from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.fairness_body import FairnessBody
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
        "url": "/v1/fairness",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> FairnessBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = FairnessBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[FairnessBody]:
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
) -> Response[FairnessBody]:
    """Exposure per merit of groups of restaurants, organic and paid apart, and how well groups of diners are served.

    From the served lists and what became of them. Groups of fewer than 5 restaurants or 20 diners are not shown. A
    process keeps a report for a minute at least, and makes one at a time: 503 where there is none yet.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        days (int | Unset): So many days, beside as many before them. By default 7.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[FairnessBody]: with the status and the headers
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
) -> FairnessBody:
    """Exposure per merit of groups of restaurants, organic and paid apart, and how well groups of diners are served.

    From the served lists and what became of them. Groups of fewer than 5 restaurants or 20 diners are not shown. A
    process keeps a report for a minute at least, and makes one at a time: 503 where there is none yet.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        days (int | Unset): So many days, beside as many before them. By default 7.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        FairnessBody
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
) -> Response[FairnessBody]:
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
) -> FairnessBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            days=days,
        )
    ).parsed
