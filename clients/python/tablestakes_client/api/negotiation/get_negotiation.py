from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.negotiation_body import NegotiationBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    negotiation_id: str,
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
        "url": "/v1/negotiations/{negotiation_id}".format(
            negotiation_id=quote(str(negotiation_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> NegotiationBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = NegotiationBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[NegotiationBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    negotiation_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[NegotiationBody]:
    """A negotiation that was kept.

    Args:
        negotiation_id (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[NegotiationBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                negotiation_id=negotiation_id,
                market=market,
            )
        )
    )


def sync(
    negotiation_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> NegotiationBody:
    """A negotiation that was kept.

    Args:
        negotiation_id (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        NegotiationBody
    """
    return sync_detailed(
        negotiation_id=negotiation_id,
        client=client,
        market=market,
    ).parsed


async def asyncio_detailed(
    negotiation_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[NegotiationBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                negotiation_id=negotiation_id,
                market=market,
            )
        )
    )


async def asyncio(
    negotiation_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> NegotiationBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            negotiation_id=negotiation_id,
            client=client,
            market=market,
        )
    ).parsed
