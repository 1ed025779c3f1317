"""The rules of billing as they would be told to a person: all is looked up in the whole past, nothing is kept."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.events.log import Event

WEEK = timedelta(days=7)


@dataclass
class Bill:
    """One settled event."""

    event: Event
    outcome: str
    amount: int = 0
    campaign: str | None = None
    request: str | None = None
    day: int | None = None


@dataclass
class Oracle:
    """A market."""

    time_zone: str
    places: list[dict[str, Any]] = field(default_factory=list)
    budgets: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Total and daily, in minor units."""
    queue: list[tuple[datetime, Event]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    bills: list[Bill] = field(default_factory=list)

    def deliver(self, events: list[Event], now: datetime) -> None:
        for event in events:
            if event.event_id not in self.known:
                self.known.add(event.event_id)
                if event.type in ("click", "order", "order_cancelled"):
                    self.queue.append((now, event))

    def settle(self, now: datetime, wait: timedelta, limit: int) -> int:
        due = sorted(
            (item for item in self.queue if item[0] <= now - wait), key=lambda item: (item[0], item[1].event_id)
        )
        for item in due[:limit]:
            self.queue.remove(item)
            self.bills.append(self._cancel(item[1]) if item[1].type == "order_cancelled" else self._bill(*item))
        return len(due[:limit])

    def spent(self, campaign: str, day: int | None = None) -> int:
        return sum(bill.amount for bill in self.bills if bill.campaign == campaign and day in (None, bill.day))

    def day(self, at: datetime) -> int:
        return (at.astimezone(ZoneInfo(self.time_zone)).date() - datetime(1970, 1, 1).date()).days

    def _bill(self, received: datetime, event: Event) -> Bill:
        place = self._earning(event)
        if place is None or event.at > received + timedelta(minutes=5) or place["billing"] != event.type:
            return Bill(event, "not-sponsored")
        campaign, request, day = place["campaign_id"], place["request_id"], self.day(event.at)
        same = [bill for bill in self.bills if self._same_order(bill.event, event)]
        if any(bill.event.type == "order_cancelled" for bill in same):
            return Bill(event, "cancelled", 0, campaign, request)
        charges = [bill for bill in self.bills if bill.outcome == "charged"]
        if any((bill.campaign, bill.request) == (campaign, request) or bill in same for bill in charges):
            return Bill(event, "already-charged", 0, campaign, request)
        total, daily = self.budgets[campaign]
        left = min(total * 1_000_000 - self.spent(campaign), daily * 1_000_000 - self.spent(campaign, day))
        amount = min(place["price"], left)
        return Bill(event, *(("charged", amount) if amount > 0 else ("free", 0)), campaign, request, day)

    def _earning(self, event: Event) -> dict[str, Any] | None:
        theirs = [
            place
            for place in self.places
            if (place["user_id"], place["restaurant_id"]) == (event.user_id, event.restaurant_id)
            and timedelta() <= event.at - place["at"] <= WEEK
        ]
        theirs.sort(key=lambda place: (place["at"], place["request_id"], place["campaign_id"]))
        named = [place for place in theirs if place["request_id"] == event.request_id]
        if event.type == "click" and event.request_id is not None:
            theirs = named
        return (named or theirs or [None])[-1]

    def _cancel(self, event: Event) -> Bill:
        same = [bill for bill in self.bills if self._same_order(bill.event, event)]
        charges = [bill for bill in same if bill.outcome == "charged"]
        if not charges or any(bill.event.type == "order_cancelled" for bill in same):
            return Bill(event, "nothing-to-refund")
        charge = charges[0]
        return Bill(event, "refunded", -charge.amount, charge.campaign, charge.request, charge.day)

    @staticmethod
    def _same_order(one: Event, other: Event) -> bool:
        kinds = ("order", "order_cancelled")
        named = one.order_id is not None and one.type in kinds and other.type in kinds
        return named and (one.user_id, one.order_id) == (other.user_id, other.order_id)
