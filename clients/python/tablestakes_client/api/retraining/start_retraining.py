from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.run_body import RunBody
from ...models.run_request import RunRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: RunRequest,
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
        "url": "/v1/retraining/runs",
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> RunBody:
    if not response.is_success:
        raise ProblemError(response)
    response_202 = RunBody.from_dict(response.json())

    return response_202


def _build_response(response: httpx.Response) -> Response[RunBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: RunRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[RunBody]:
    """Queue a run of a market; `tablestakes worker` does it. What passes the gates becomes a challenger, no more.

    A market has one run at a time: while one is queued or running, another is a conflict, and the answer has it as
    `run`.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (RunRequest): What a run is to train.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[RunBody]: with the status and the headers
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
    body: RunRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> RunBody:
    """Queue a run of a market; `tablestakes worker` does it. What passes the gates becomes a challenger, no more.

    A market has one run at a time: while one is queued or running, another is a conflict, and the answer has it as
    `run`.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (RunRequest): What a run is to train.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        RunBody
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
    body: RunRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[RunBody]:
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
    body: RunRequest,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> RunBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
            market=market,
            x_reason=x_reason,
        )
    ).parsed
