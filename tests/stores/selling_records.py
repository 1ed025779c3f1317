"""Campaigns, sold places and settlements for the tests of the stores."""

from datetime import datetime
from typing import Any

from happenings import NOON
from sqlalchemy import Engine, Table, insert

from data.columns import Billing
from services.ads.campaign import Campaign
from services.clock import Clock
from services.database import schema
from services.database.transactions import writing


class StoppedClock(Clock):
    """Always the same time, until it is set."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


def campaign(number: int | str, **changes: Any) -> Campaign:
    """A campaign of its own."""
    fields: dict[str, Any] = {
        "campaign_id": f"c{number}",
        "market": "aldermoor",
        "restaurant_id": "r1",
        "payer": "Golden Lantern Ltd",
        "bid": 40,
        "billing": Billing.CLICK,
        "daily_budget": 2_000,
        "total_budget": 50_000,
    }
    return Campaign(**{**fields, **changes})


def place(request: str, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """A sold place of campaign c1."""
    fields: dict[str, Any] = {
        "market": "aldermoor",
        "request_id": request,
        "campaign_id": "c1",
        "user_id": "d1",
        "restaurant_id": "r1",
        "at": at,
        "rank": 2,
        "billing": Billing.CLICK,
        "price": 20_000_000,
    }
    return {**fields, **changes}


def settlement(event_id: str, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """A charged click of campaign c1."""
    fields: dict[str, Any] = {
        "market": "aldermoor",
        "event_id": event_id,
        "type": "click",
        "outcome": "charged",
        "amount": 20_000_000,
        "campaign_id": "c1",
        "request_id": None,
        "order_id": None,
        "user_id": "d1",
        "at": at,
        "settled_at": at,
    }
    return {**fields, **changes}


def keep(engine: Engine, **tables: list[dict[str, Any]]) -> None:
    """Insert rows by table."""
    with writing(engine) as connection:
        for name, rows in tables.items():
            table: Table = getattr(schema, name)
            for start in range(0, len(rows), 10_000):
                connection.execute(insert(table), rows[start : start + 10_000])
