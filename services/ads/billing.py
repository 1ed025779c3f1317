"""What a click, an order or a cancellation costs whom: a market's books, through which its events pass one by one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from data.columns import EventType
from services.ads.campaign import MICRO
from services.ads.local_days import day_number, day_of

ATTRIBUTION: Final = timedelta(days=7)
"""A click or an order belongs to a place that was sold at most this long before it."""
AHEAD: Final = timedelta(minutes=5)
"""How far a client's clock may be ahead of ours."""

PlaceKey = tuple[str, str]
"""Request and campaign."""
OrderKey = tuple[str, str]
"""Diner and order: what one diner sends must not cancel what another one ordered."""


class Outcome(StrEnum):
    """What became of an event."""

    CHARGED = "charged"
    FREE = "free"
    """Earned by a sold place, but nothing was left of the budgets."""
    NOT_SPONSORED = "not-sponsored"
    ALREADY_CHARGED = "already-charged"
    """The place has had its charge, or the order has."""
    CANCELLED = "cancelled"
    """An order whose cancellation came before it."""
    REFUNDED = "refunded"
    NOTHING_TO_REFUND = "nothing-to-refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A click, an order, or the cancellation of one."""

    event_id: str
    type: EventType
    user_id: str
    restaurant_id: str
    request_id: str | None
    """The list in which the restaurant was seen, if the event names one."""
    order_id: str | None
    at: datetime
    received_at: datetime

    @property
    def order(self) -> OrderKey | None:
        """Which order it is about; None where it names none, and for clicks."""
        if self.type is EventType.CLICK or self.order_id is None:
            return None
        return self.user_id, self.order_id


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was sold."""

    request_id: str
    campaign_id: str
    at: datetime
    billing: str
    price: int
    """Micro-units for the billed event."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Micro-units."""

    total: int
    daily: int

    @classmethod
    def of(cls, total: int, daily: int) -> Self:
        """From minor units."""
        return cls(total * MICRO, daily * MICRO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of one event, finally."""

    event_id: str
    type: EventType
    outcome: Outcome
    amount: int = 0
    """Micro-units that the campaign owes for it; below 0 for a refund."""
    campaign_id: str | None = None
    """None where no sold place earned it."""
    request_id: str | None = None
    """The list of the sold place that earned it."""
    order_id: str | None = None
    user_id: str | None = None
    at: datetime
    """When the event happened."""
    day: int | None = None
    """The local day, since 1970-01-01, whose budget the amount belongs to."""


def attributed(action: Action, places: Iterable[Place]) -> Place | None:
    """The sold place that earned a click or an order, of the places of its restaurant that were sold to its diner.

    A click that names a list belongs to that list's place or to none. Everything else belongs to the place of the list
    that it names, or else to the last place before it. None of this reaches back more than `ATTRIBUTION`.
    """
    if action.at > action.received_at + AHEAD:
        return None
    near = [place for place in places if place.at <= action.at <= place.at + ATTRIBUTION]
    named = [place for place in near if place.request_id == action.request_id]
    bound = action.type is EventType.CLICK and action.request_id is not None
    candidates = named if bound else named or near
    return max(candidates, key=lambda place: (place.at, place.request_id, place.campaign_id), default=None)


@dataclass
class Books:
    """The state that the next decision depends on. Every decision goes into it; it must hold all that came before."""

    time_zone: str
    budgets: Mapping[str, Budget]
    """By campaign; one that is not here may spend nothing."""
    spent: dict[str, int]
    spent_of_day: dict[tuple[str, int], int]
    """By campaign and local day."""
    charged_places: set[PlaceKey]
    charged_orders: dict[OrderKey, Settlement]
    cancelled_orders: set[OrderKey]

    def settle(self, action: Action, places: Iterable[Place]) -> Settlement:
        """Decide one event; `places` are those of its restaurant that were sold to its diner.

        A charge is the price of the place or what is left of the budgets, whichever is less. A place is charged at most
        once, whatever becomes of its order, and so is an order.
        """
        if action.type is EventType.ORDER_CANCELLED:
            settlement = self._cancel(action)
        else:
            settlement = self._bill(action, attributed(action, places))
        self._enter(settlement)
        return settlement

    def _bill(self, action: Action, place: Place | None) -> Settlement:
        if place is None or place.billing != action.type.value:
            return _settlement(action, Outcome.NOT_SPONSORED)
        day = self._day(action.at)
        amount = 0
        if action.order in self.cancelled_orders:
            outcome = Outcome.CANCELLED
        elif (place.request_id, place.campaign_id) in self.charged_places or action.order in self.charged_orders:
            outcome = Outcome.ALREADY_CHARGED
        else:
            amount = max(0, min(place.price, self._left(place.campaign_id, day)))
            outcome = Outcome.CHARGED if amount else Outcome.FREE
        return _settlement(action, outcome, amount, place.campaign_id, place.request_id, day)

    def _cancel(self, action: Action) -> Settlement:
        charge = None if action.order is None else self.charged_orders.get(action.order)
        if charge is None or action.order in self.cancelled_orders:
            return _settlement(action, Outcome.NOTHING_TO_REFUND)
        # Given back to the day that was charged, whenever the cancellation comes.
        day = self._day(charge.at)
        return _settlement(action, Outcome.REFUNDED, -charge.amount, charge.campaign_id, charge.request_id, day)

    def _left(self, campaign_id: str, day: int) -> int:
        """Below 0 where a budget was lowered below what is spent."""
        budget = self.budgets.get(campaign_id, Budget(0, 0))
        of_day = budget.daily - self.spent_of_day.get((campaign_id, day), 0)
        return min(budget.total - self.spent.get(campaign_id, 0), of_day)

    def _day(self, at: datetime) -> int:
        return day_number(day_of(at, self.time_zone))

    def _enter(self, settlement: Settlement) -> None:
        campaign_id, day = settlement.campaign_id, settlement.day
        if settlement.amount and campaign_id is not None and day is not None:
            self.spent[campaign_id] = self.spent.get(campaign_id, 0) + settlement.amount
            self.spent_of_day[campaign_id, day] = self.spent_of_day.get((campaign_id, day), 0) + settlement.amount
        if settlement.outcome is Outcome.CHARGED and campaign_id is not None and settlement.request_id is not None:
            self.charged_places.add((settlement.request_id, campaign_id))
        if settlement.user_id is None or settlement.order_id is None:
            return
        order = settlement.user_id, settlement.order_id
        if settlement.type is EventType.ORDER_CANCELLED:
            self.cancelled_orders.add(order)
        elif settlement.type is EventType.ORDER and settlement.outcome is Outcome.CHARGED:
            self.charged_orders[order] = settlement


def _settlement(
    action: Action,
    outcome: Outcome,
    amount: int = 0,
    campaign_id: str | None = None,
    request_id: str | None = None,
    day: int | None = None,
) -> Settlement:
    return Settlement(
        event_id=action.event_id,
        type=action.type,
        outcome=outcome,
        amount=amount,
        campaign_id=campaign_id,
        request_id=request_id,
        order_id=action.order_id,
        user_id=action.user_id,
        at=action.at,
        day=day,
    )
