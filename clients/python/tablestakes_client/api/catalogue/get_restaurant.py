from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.restaurant_body import RestaurantBody
from ...types import Response


def _get_kwargs(
    restaurant_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/restaurants/{restaurant_id}".format(
            restaurant_id=quote(str(restaurant_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> RestaurantBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = RestaurantBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[RestaurantBody]:
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
) -> Response[RestaurantBody]:
    """One restaurant.

    Args:
        restaurant_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[RestaurantBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                restaurant_id=restaurant_id,
            )
        )
    )


def sync(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
) -> RestaurantBody:
    """One restaurant.

    Args:
        restaurant_id (str):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        RestaurantBody
    """
    return sync_detailed(
        restaurant_id=restaurant_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[RestaurantBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                restaurant_id=restaurant_id,
            )
        )
    )


async def asyncio(
    restaurant_id: str,
    *,
    client: AuthenticatedClient,
) -> RestaurantBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            restaurant_id=restaurant_id,
            client=client,
        )
    ).parsed
