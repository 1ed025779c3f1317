from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.exposure_body import ExposureBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    restaurant_id: str,
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
        "url": "/v1/restaurants/{restaurant_id}/exposure".format(
            restaurant_id=quote(str(restaurant_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ExposureBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = ExposureBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[ExposureBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> Response[ExposureBody]:
    """Why a restaurant is shown as often as it is: its groups, its merit, paid and organic, against its groups'.

    Args:
        restaurant_id (str):
        market (None | str | Unset): May be left out where there is one market.
        days (int | Unset): So many days, beside as many before them. By default 7.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ExposureBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                restaurant_id=restaurant_id,
                market=market,
                days=days,
            )
        )
    )


def sync(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> ExposureBody:
    """Why a restaurant is shown as often as it is: its groups, its merit, paid and organic, against its groups'.

    Args:
        restaurant_id (str):
        market (None | str | Unset): May be left out where there is one market.
        days (int | Unset): So many days, beside as many before them. By default 7.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ExposureBody
    """
    return sync_detailed(
        restaurant_id=restaurant_id,
        client=client,
        market=market,
        days=days,
    ).parsed


async def asyncio_detailed(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> Response[ExposureBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                restaurant_id=restaurant_id,
                market=market,
                days=days,
            )
        )
    )


async def asyncio(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    days: int | Unset = UNSET,
) -> ExposureBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            restaurant_id=restaurant_id,
            client=client,
            market=market,
            days=days,
        )
    ).parsed
