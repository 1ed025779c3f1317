from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.scored_restaurants import ScoredRestaurants
from ...types import UNSET, Response, Unset


def _get_kwargs(
    restaurant_id: str,
    *,
    k: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["k"] = k

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/restaurants/{restaurant_id}/similar".format(
            restaurant_id=quote(str(restaurant_id), safe=""),
        ),
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
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = UNSET,
) -> Response[ScoredRestaurants]:
    """The restaurants that the model holds most alike: cosine of the learnt vectors, -1 to 1.

    Args:
        restaurant_id (str):
        k (int | Unset): By default 10.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ScoredRestaurants]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                restaurant_id=restaurant_id,
                k=k,
            )
        )
    )


def sync(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = UNSET,
) -> ScoredRestaurants:
    """The restaurants that the model holds most alike: cosine of the learnt vectors, -1 to 1.

    Args:
        restaurant_id (str):
        k (int | Unset): By default 10.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ScoredRestaurants
    """
    return sync_detailed(
        restaurant_id=restaurant_id,
        client=client,
        k=k,
    ).parsed


async def asyncio_detailed(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = UNSET,
) -> Response[ScoredRestaurants]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                restaurant_id=restaurant_id,
                k=k,
            )
        )
    )


async def asyncio(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = UNSET,
) -> ScoredRestaurants:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            restaurant_id=restaurant_id,
            client=client,
            k=k,
        )
    ).parsed
