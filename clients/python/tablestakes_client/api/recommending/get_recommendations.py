import datetime
from typing import Any, Literal

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.get_recommendations_explain import GetRecommendationsExplain
from ...models.recommendations import Recommendations
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | None | Unset = UNSET,
    cuisine: None | str | Unset = UNSET,
    max_price: int | None | Unset = UNSET,
    open_at: datetime.datetime | Literal["now"] | None | Unset = UNSET,
    exclude: list[str] | Unset = UNSET,
    user_id: str,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    explain: GetRecommendationsExplain | Unset = UNSET,
    personalised: bool | Unset = UNSET,
    ads: bool | Unset = UNSET,
    policy: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

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

    json_radius_km: float | None | Unset
    if isinstance(radius_km, Unset):
        json_radius_km = UNSET
    else:
        json_radius_km = radius_km
    params["radius_km"] = json_radius_km

    json_cuisine: None | str | Unset
    if isinstance(cuisine, Unset):
        json_cuisine = UNSET
    else:
        json_cuisine = cuisine
    params["cuisine"] = json_cuisine

    json_max_price: int | None | Unset
    if isinstance(max_price, Unset):
        json_max_price = UNSET
    else:
        json_max_price = max_price
    params["max_price"] = json_max_price

    json_open_at: Literal["now"] | None | str | Unset
    if isinstance(open_at, Unset):
        json_open_at = UNSET
    elif isinstance(open_at, datetime.datetime):
        json_open_at = open_at.isoformat()
    else:
        json_open_at = open_at
    params["open_at"] = json_open_at

    json_exclude: list[str] | Unset = UNSET
    if not isinstance(exclude, Unset):
        json_exclude = exclude

    params["exclude"] = json_exclude

    params["user_id"] = user_id

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params["k"] = k

    json_explain: str | Unset = UNSET
    if not isinstance(explain, Unset):
        json_explain = explain

    params["explain"] = json_explain

    params["personalised"] = personalised

    params["ads"] = ads

    json_policy: None | str | Unset
    if isinstance(policy, Unset):
        json_policy = UNSET
    else:
        json_policy = policy
    params["policy"] = json_policy

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/recommendations",
        "params": params,
    }

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
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | None | Unset = UNSET,
    cuisine: None | str | Unset = UNSET,
    max_price: int | None | Unset = UNSET,
    open_at: datetime.datetime | Literal["now"] | None | Unset = UNSET,
    exclude: list[str] | Unset = UNSET,
    user_id: str,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    explain: GetRecommendationsExplain | Unset = UNSET,
    personalised: bool | Unset = UNSET,
    ads: bool | Unset = UNSET,
    policy: None | str | Unset = UNSET,
) -> Response[Recommendations]:
    """The restaurants to show to a diner, best first.

    An unknown diner gets the cold-start answer. With `personalised=false` no profile is used at all and everybody
    gets the same list. `Server-Timing` tells what each stage took.

    Args:
        lat (float | None | Unset): Where the diner is; needs `lon`.
        lon (float | None | Unset):
        radius_km (float | None | Unset): How far around `lat`, `lon`; by default the policy's.
        cuisine (None | str | Unset):
        max_price (int | None | Unset):
        open_at (datetime.datetime | Literal['now'] | None | Unset): Only restaurants open at this time.
        exclude (list[str] | Unset): Restaurants to leave out. By default [].
        user_id (str):
        market (None | str | Unset): By default the diner's own.
        k (int | Unset): By default 20.
        explain (GetRecommendationsExplain | Unset): By default "none".
        personalised (bool | Unset): False: no profile is used, everybody gets the same list. By default true.
        ads (bool | Unset): False: no place of this list is sold. By default true.
        policy (None | str | Unset): By default the active one.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Recommendations]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                lat=lat,
                lon=lon,
                radius_km=radius_km,
                cuisine=cuisine,
                max_price=max_price,
                open_at=open_at,
                exclude=exclude,
                user_id=user_id,
                market=market,
                k=k,
                explain=explain,
                personalised=personalised,
                ads=ads,
                policy=policy,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | None | Unset = UNSET,
    cuisine: None | str | Unset = UNSET,
    max_price: int | None | Unset = UNSET,
    open_at: datetime.datetime | Literal["now"] | None | Unset = UNSET,
    exclude: list[str] | Unset = UNSET,
    user_id: str,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    explain: GetRecommendationsExplain | Unset = UNSET,
    personalised: bool | Unset = UNSET,
    ads: bool | Unset = UNSET,
    policy: None | str | Unset = UNSET,
) -> Recommendations:
    """The restaurants to show to a diner, best first.

    An unknown diner gets the cold-start answer. With `personalised=false` no profile is used at all and everybody
    gets the same list. `Server-Timing` tells what each stage took.

    Args:
        lat (float | None | Unset): Where the diner is; needs `lon`.
        lon (float | None | Unset):
        radius_km (float | None | Unset): How far around `lat`, `lon`; by default the policy's.
        cuisine (None | str | Unset):
        max_price (int | None | Unset):
        open_at (datetime.datetime | Literal['now'] | None | Unset): Only restaurants open at this time.
        exclude (list[str] | Unset): Restaurants to leave out. By default [].
        user_id (str):
        market (None | str | Unset): By default the diner's own.
        k (int | Unset): By default 20.
        explain (GetRecommendationsExplain | Unset): By default "none".
        personalised (bool | Unset): False: no profile is used, everybody gets the same list. By default true.
        ads (bool | Unset): False: no place of this list is sold. By default true.
        policy (None | str | Unset): By default the active one.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Recommendations
    """
    return sync_detailed(
        client=client,
        lat=lat,
        lon=lon,
        radius_km=radius_km,
        cuisine=cuisine,
        max_price=max_price,
        open_at=open_at,
        exclude=exclude,
        user_id=user_id,
        market=market,
        k=k,
        explain=explain,
        personalised=personalised,
        ads=ads,
        policy=policy,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | None | Unset = UNSET,
    cuisine: None | str | Unset = UNSET,
    max_price: int | None | Unset = UNSET,
    open_at: datetime.datetime | Literal["now"] | None | Unset = UNSET,
    exclude: list[str] | Unset = UNSET,
    user_id: str,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    explain: GetRecommendationsExplain | Unset = UNSET,
    personalised: bool | Unset = UNSET,
    ads: bool | Unset = UNSET,
    policy: None | str | Unset = UNSET,
) -> Response[Recommendations]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                lat=lat,
                lon=lon,
                radius_km=radius_km,
                cuisine=cuisine,
                max_price=max_price,
                open_at=open_at,
                exclude=exclude,
                user_id=user_id,
                market=market,
                k=k,
                explain=explain,
                personalised=personalised,
                ads=ads,
                policy=policy,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    lat: float | None | Unset = UNSET,
    lon: float | None | Unset = UNSET,
    radius_km: float | None | Unset = UNSET,
    cuisine: None | str | Unset = UNSET,
    max_price: int | None | Unset = UNSET,
    open_at: datetime.datetime | Literal["now"] | None | Unset = UNSET,
    exclude: list[str] | Unset = UNSET,
    user_id: str,
    market: None | str | Unset = UNSET,
    k: int | Unset = UNSET,
    explain: GetRecommendationsExplain | Unset = UNSET,
    personalised: bool | Unset = UNSET,
    ads: bool | Unset = UNSET,
    policy: None | str | Unset = UNSET,
) -> Recommendations:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            lat=lat,
            lon=lon,
            radius_km=radius_km,
            cuisine=cuisine,
            max_price=max_price,
            open_at=open_at,
            exclude=exclude,
            user_id=user_id,
            market=market,
            k=k,
            explain=explain,
            personalised=personalised,
            ads=ads,
            policy=policy,
        )
    ).parsed
