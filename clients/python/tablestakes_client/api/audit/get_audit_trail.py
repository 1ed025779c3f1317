from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.audit_page import AuditPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    action: None | str | Unset = UNSET,
    subject: None | str | Unset = UNSET,
    role: None | str | Unset = UNSET,
    cursor: int | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params["limit"] = limit

    json_action: None | str | Unset
    if isinstance(action, Unset):
        json_action = UNSET
    else:
        json_action = action
    params["action"] = json_action

    json_subject: None | str | Unset
    if isinstance(subject, Unset):
        json_subject = UNSET
    else:
        json_subject = subject
    params["subject"] = json_subject

    json_role: None | str | Unset
    if isinstance(role, Unset):
        json_role = UNSET
    else:
        json_role = role
    params["role"] = json_role

    json_cursor: int | None | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/audit-trail",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> AuditPage:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = AuditPage.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[AuditPage]:
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
    limit: int | Unset = UNSET,
    action: None | str | Unset = UNSET,
    subject: None | str | Unset = UNSET,
    role: None | str | Unset = UNSET,
    cursor: int | None | Unset = UNSET,
) -> Response[AuditPage]:
    """Each use of a lever, the newest first, and whether the chain of digests held when it was last looked at.

    A process walks along the chain once a minute at most; `verified_at` says when, and says nothing of later
    records. The records that answer for served lists come with `action=served.anchor` only.

    Args:
        market (None | str | Unset): Only what concerns this market.
        limit (int | Unset): By default 100.
        action (None | str | Unset): Only this lever, as `policy.activate`.
        subject (None | str | Unset): Only what was done to this policy, campaign, …
        role (None | str | Unset): Only what this role did.
        cursor (int | None | Unset): The last answer's `next`.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[AuditPage]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                limit=limit,
                action=action,
                subject=subject,
                role=role,
                cursor=cursor,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    action: None | str | Unset = UNSET,
    subject: None | str | Unset = UNSET,
    role: None | str | Unset = UNSET,
    cursor: int | None | Unset = UNSET,
) -> AuditPage:
    """Each use of a lever, the newest first, and whether the chain of digests held when it was last looked at.

    A process walks along the chain once a minute at most; `verified_at` says when, and says nothing of later
    records. The records that answer for served lists come with `action=served.anchor` only.

    Args:
        market (None | str | Unset): Only what concerns this market.
        limit (int | Unset): By default 100.
        action (None | str | Unset): Only this lever, as `policy.activate`.
        subject (None | str | Unset): Only what was done to this policy, campaign, …
        role (None | str | Unset): Only what this role did.
        cursor (int | None | Unset): The last answer's `next`.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        AuditPage
    """
    return sync_detailed(
        client=client,
        market=market,
        limit=limit,
        action=action,
        subject=subject,
        role=role,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    action: None | str | Unset = UNSET,
    subject: None | str | Unset = UNSET,
    role: None | str | Unset = UNSET,
    cursor: int | None | Unset = UNSET,
) -> Response[AuditPage]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                limit=limit,
                action=action,
                subject=subject,
                role=role,
                cursor=cursor,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    limit: int | Unset = UNSET,
    action: None | str | Unset = UNSET,
    subject: None | str | Unset = UNSET,
    role: None | str | Unset = UNSET,
    cursor: int | None | Unset = UNSET,
) -> AuditPage:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            limit=limit,
            action=action,
            subject=subject,
            role=role,
            cursor=cursor,
        )
    ).parsed
