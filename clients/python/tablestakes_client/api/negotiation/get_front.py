from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.front_body import FrontBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    front_id: str,
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
        "url": "/v1/fronts/{front_id}".format(
            front_id=quote(str(front_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> FrontBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = FrontBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[FrontBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    front_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[FrontBody]:
    """A front with all its policies: each one's numbers with their intervals, and the seats' shares.

    Shares are those of a table at which nobody demands anything; `POST /v1/negotiations` bargains by demands.

    Args:
        front_id (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[FrontBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                front_id=front_id,
                market=market,
            )
        )
    )


def sync(
    front_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> FrontBody:
    """A front with all its policies: each one's numbers with their intervals, and the seats' shares.

    Shares are those of a table at which nobody demands anything; `POST /v1/negotiations` bargains by demands.

    Args:
        front_id (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        FrontBody
    """
    return sync_detailed(
        front_id=front_id,
        client=client,
        market=market,
    ).parsed


async def asyncio_detailed(
    front_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[FrontBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                front_id=front_id,
                market=market,
            )
        )
    )


async def asyncio(
    front_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> FrontBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            front_id=front_id,
            client=client,
            market=market,
        )
    ).parsed
