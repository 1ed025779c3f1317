from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.event_receipt import EventReceipt
from ...models.event_write import EventWrite
from ...types import Response


def _get_kwargs(
    *,
    body: EventWrite | list[EventWrite],
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/events",
    }

    if isinstance(body, EventWrite):
        _kwargs["json"] = body.to_dict()
    else:
        _kwargs["json"] = []
        for body_type_1_item_data in body:
            body_type_1_item = body_type_1_item_data.to_dict()
            _kwargs["json"].append(body_type_1_item)

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> EventReceipt:
    if not response.is_success:
        raise ProblemError(response)
    response_202 = EventReceipt.from_dict(response.json())

    return response_202


def _build_response(response: httpx.Response) -> Response[EventReceipt]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: EventWrite | list[EventWrite],
) -> Response[EventReceipt]:
    """Take one event, an array, or NDJSON (one JSON object a line).

    202 means that the accepted events are on disk. An event that was taken before counts as a duplicate; the same
    `event_id` with another content is rejected.

    Args:
        body (EventWrite | list[EventWrite]):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[EventReceipt]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    body: EventWrite | list[EventWrite],
) -> EventReceipt:
    """Take one event, an array, or NDJSON (one JSON object a line).

    202 means that the accepted events are on disk. An event that was taken before counts as a duplicate; the same
    `event_id` with another content is rejected.

    Args:
        body (EventWrite | list[EventWrite]):

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        EventReceipt
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: EventWrite | list[EventWrite],
) -> Response[EventReceipt]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: EventWrite | list[EventWrite],
) -> EventReceipt:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
