from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.demand_body import DemandBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    seat: str,
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
        "url": "/v1/demands/{seat}".format(
            seat=quote(str(seat), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> DemandBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = DemandBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[DemandBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    seat: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[DemandBody]:
    """What a seat demands; `ETag` is what a change has to send as `If-Match`.

    Args:
        seat (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[DemandBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                seat=seat,
                market=market,
            )
        )
    )


def sync(
    seat: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> DemandBody:
    """What a seat demands; `ETag` is what a change has to send as `If-Match`.

    Args:
        seat (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        DemandBody
    """
    return sync_detailed(
        seat=seat,
        client=client,
        market=market,
    ).parsed


async def asyncio_detailed(
    seat: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[DemandBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                seat=seat,
                market=market,
            )
        )
    )


async def asyncio(
    seat: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> DemandBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            seat=seat,
            client=client,
            market=market,
        )
    ).parsed
