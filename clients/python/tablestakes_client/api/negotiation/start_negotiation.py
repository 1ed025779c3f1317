from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.negotiation_body import NegotiationBody
from ...models.negotiation_request import NegotiationRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: NegotiationRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_reason, Unset):
        headers["X-Reason"] = x_reason

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/negotiations",
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    *,
    client: AuthenticatedClient,
    body: NegotiationRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[NegotiationBody]:
    """Find the settlement, or who blocks whom, over the policies of an evaluated front.

    Without `demands` it is by what the seats have stored, it is kept, and a settlement becomes a policy
    `settlement-…` that can be signed; the same demands over the same front are the same negotiation. With `demands`
    it is a what-if that leaves no trace, open to all who read. `evaluated` says how old the front is; `tablestakes
    negotiate` makes a new one.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (NegotiationRequest): What is to be negotiated. Without `demands` it is for real: by what the seats
            have demanded, and kept.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[NegotiationBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                body=body,
                market=market,
                x_reason=x_reason,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    body: NegotiationRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> NegotiationBody:
    """Find the settlement, or who blocks whom, over the policies of an evaluated front.

    Without `demands` it is by what the seats have stored, it is kept, and a settlement becomes a policy
    `settlement-…` that can be signed; the same demands over the same front are the same negotiation. With `demands`
    it is a what-if that leaves no trace, open to all who read. `evaluated` says how old the front is; `tablestakes
    negotiate` makes a new one.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (NegotiationRequest): What is to be negotiated. Without `demands` it is for real: by what the seats
            have demanded, and kept.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        NegotiationBody
    """
    return sync_detailed(
        client=client,
        body=body,
        market=market,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: NegotiationRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[NegotiationBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
                market=market,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: NegotiationRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> NegotiationBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
            market=market,
            x_reason=x_reason,
        )
    ).parsed
