from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.scored_restaurants import ScoredRestaurants
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params["k"] = k

    json_lat: float | None | Unset
    if isinstance(lat, Unset):
        json_lat = UNSET
    else:
        json_lat = lat
    params["lat"] = json_lat

    json_lon: float | None | Unset
    if isinstance(lon, Unset):
        json_lon = UNSET
    else:
        json_lon = lon
    params["lon"] = json_lon

    params["radius_km"] = radius_km

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/popular",
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
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | Unset = UNSET,
) -> Response[ScoredRestaurants]:
    """The restaurants with the most orders (older ones count less), in the market or around a place.

    Args:
        market (None | str | Unset):
        k (int | Unset): By default 20.
        lat (float | None | Unset):
        lon (float | None | Unset):
        radius_km (float | Unset): By default 5.0.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ScoredRestaurants]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                k=k,
                lat=lat,
                lon=lon,
                radius_km=radius_km,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | Unset = UNSET,
) -> ScoredRestaurants:
    """The restaurants with the most orders (older ones count less), in the market or around a place.

    Args:
        market (None | str | Unset):
        k (int | Unset): By default 20.
        lat (float | None | Unset):
        lon (float | None | Unset):
        radius_km (float | Unset): By default 5.0.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ScoredRestaurants
    """
    return sync_detailed(
        client=client,
        market=market,
        k=k,
        lat=lat,
        lon=lon,
        radius_km=radius_km,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | Unset = UNSET,
) -> Response[ScoredRestaurants]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                k=k,
                lat=lat,
                lon=lon,
                radius_km=radius_km,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | Unset = UNSET,
) -> ScoredRestaurants:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            k=k,
            lat=lat,
            lon=lon,
            radius_km=radius_km,
        )
    ).parsed
