from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.policy_body import PolicyBody
from ...models.policy_dials import PolicyDials
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    *,
    body: PolicyDials,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

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
        "method": "put",
        "url": "/v1/policies/{name}".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> PolicyBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = PolicyBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[PolicyBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    body: PolicyDials,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[PolicyBody]:
    """Store a new version. It makes lists when it is activated, and before that for requests that name it.

    The same content again keeps its version. While the market is frozen a policy may differ from the active one
    only in dials for which infra has approved bounds, and inside them.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (PolicyDials): All dials of the ranking; one that is left out has its default.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[PolicyBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                name=name,
                body=body,
                market=market,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    body: PolicyDials,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> PolicyBody:
    """Store a new version. It makes lists when it is activated, and before that for requests that name it.

    The same content again keeps its version. While the market is frozen a policy may differ from the active one
    only in dials for which infra has approved bounds, and inside them.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (PolicyDials): All dials of the ranking; one that is left out has its default.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        PolicyBody
    """
    return sync_detailed(
        name=name,
        client=client,
        body=body,
        market=market,
        if_match=if_match,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    body: PolicyDials,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[PolicyBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                name=name,
                body=body,
                market=market,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    body: PolicyDials,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> PolicyBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
            market=market,
            if_match=if_match,
            x_reason=x_reason,
        )
    ).parsed
