"""Small events for the tests of the stores. Imports little: a process that starts often uses it."""

from datetime import UTC, datetime
from typing import Any

from data.columns import EventType
from services.events.log import Event

NOON = datetime(2026, 1, 9, 12, 0, 0, 123_456, tzinfo=UTC)


def event(number: int | str, **changes: Any) -> Event:
    """An event of its own."""
    fields: dict[str, Any] = {
        "event_id": f"e{number}",
        "type": EventType.CLICK,
        "market": "aldermoor",
        "user_id": "d1",
        "restaurant_id": "r1",
        "at": NOON,
    }
    return Event(**{**fields, **changes})
