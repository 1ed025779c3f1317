"""Settlement: every event of the queue is decided once, and what it costs is entered in the same transaction.

The queue's rows are put there by the transaction that stores the events and go with the one that settles them. A
process that is killed in between leaves all of a batch or nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    delete,
    exists,
    or_,
    select,
    type_coerce,
)

from data.columns import EventType
from services.ads.billing import (
    ATTRIBUTION,
    Action,
    Books,
    Budget,
    OrderKey,
    Outcome,
    Place,
    PlaceKey,
    Settlement,
    attributed,
)
from services.ads.ledger import LedgerWriter
from services.ads.local_days import day_number, day_of
from services.clock import Clock
from services.database.event_partitions import happened_within, with_ids
from services.database.schema import (
    ad_impressions,
    billing_queue,
    campaign_accounts,
    campaign_days,
    campaigns,
    events,
    markets,
    settlements,
)
from services.database.transactions import lock_out, reading, writing
from services.database.types import micros

SETTLE_AFTER_SECONDS: Final = 5.0
"""What was sold is written behind the answer, usually within a second: an event must not be decided before it."""

_WINDOW: Final = ATTRIBUTION // timedelta(microseconds=1)
_ZONE_OF_NOBODY: Final = "UTC"


class Settler:
    """Takes events from the billing queue and settles them; any number of processes may do so at the same time."""

    def __init__(self, engine: Engine, clock: Clock, settle_after_seconds: float = SETTLE_AFTER_SECONDS) -> None:
        """An event waits `settle_after_seconds` from when it was received, for the place that it may have to pay."""
        self._engine = engine
        self._clock = clock
        self._settle_after = timedelta(seconds=settle_after_seconds)
        self._ledger = LedgerWriter(engine)

    def settle(self, limit: int = 500) -> int:
        """Settle the oldest events that are due, `limit` at most; how many were taken, 0 where none is due.

        Raises StorageUnavailable; then nothing happened.
        """
        now = self._clock.now()
        due = billing_queue.c.received_at <= now - self._settle_after
        with reading(self._engine) as connection:  # so that an empty queue takes nobody's turn to write
            if not connection.execute(select(exists().where(due))).scalar_one():
                return 0
        oldest = select(billing_queue).where(due).order_by(billing_queue.c.received_at, billing_queue.c.event_id)
        with writing(self._engine) as connection:
            claimed = connection.execute(oldest.limit(limit).with_for_update(skip_locked=True)).all()
            for market in sorted({row.market for row in claimed}):
                received_at = {row.event_id: row.received_at for row in claimed if row.market == market}
                self._settle_market(connection, market, received_at, now)
        return len(claimed)

    def _settle_market(
        self, connection: Connection, market: str, received_at: Mapping[str, datetime], now: datetime
    ) -> None:
        # One at a time in a market, until the commit. Rows of the campaigns would not do: a cancellation and its order,
        # or two events of one order, may be in the hands of two processes before a campaign is known.
        lock_out(connection, f"settle {market}")
        desk = _Desk(connection, market)
        actions = desk.actions(received_at)
        places = desk.places(actions)
        books = desk.books(actions, places)
        settled = [books.settle(action, places.get(action.event_id, ())) for action in actions]
        if settled:
            self._ledger.enter(connection, market, settled, now)
        queued = and_(billing_queue.c.market == market, billing_queue.c.event_id.in_(received_at))
        connection.execute(delete(billing_queue).where(queued))


class _Desk:
    """Reads what a batch's decisions depend on, within the transaction that holds the market's lock."""

    def __init__(self, connection: Connection, market: str) -> None:
        self._connection = connection
        self._market = market

    def actions(self, received_at: Mapping[str, datetime]) -> list[Action]:
        """The events behind the queue's rows, in its order.

        Without those that are settled already: events of an erased diner that somebody delivered again.
        """
        identifier = settlements.c.event_id
        settled = {
            row.event_id for row in self._rows(select(identifier), settlements.c.market, (identifier, received_at))
        }
        chosen = with_ids(self._connection, self._market, list(received_at))
        found = {row.event_id: row for row in self._connection.execute(select(events).where(*chosen))}
        return [
            _action(found[event_id], at)
            for event_id, at in received_at.items()
            if event_id in found and event_id not in settled
        ]

    def places(self, actions: Sequence[Action]) -> dict[str, list[Place]]:
        """By event: the places of its restaurant that were sold to its diner, not too long before it."""
        if not actions:
            return {}
        event, place = events.c, ad_impressions.c
        times = [micros(action.at) for action in actions]
        happened, sold = type_coerce(event.at, BigInteger), type_coerce(place.at, BigInteger)
        statement = select(event.event_id, *(place[name] for name in Place.__slots__)).where(
            event.market == self._market,
            event.event_id.in_([action.event_id for action in actions if action.type is not EventType.ORDER_CANCELLED]),
            place.market == self._market,
            place.user_id == event.user_id,
            place.restaurant_id == event.restaurant_id,
            sold <= happened,
            sold >= happened - _WINDOW,
            *happened_within(min(times), max(times)),
        )
        found: dict[str, list[Place]] = {}
        for event_id, *sold_place in self._connection.execute(statement):
            found.setdefault(event_id, []).append(Place(*sold_place))
        return found

    def books(self, actions: Sequence[Action], places: Mapping[str, Sequence[Place]]) -> Books:
        """The state of all that these events may touch."""
        zone = self._time_zone()
        users = {action.user_id for action in actions}
        campaigns_named: set[str] = set()
        requests: set[str] = set()
        days: set[int] = set()
        for action in actions:
            place = attributed(action, places.get(action.event_id, ()))
            if place is not None:
                campaigns_named.add(place.campaign_id)
                requests.add(place.request_id)
                days.add(day_number(day_of(action.at, zone)))
        orders = self._past_of_orders(users, {action.order_id for action in actions if action.order is not None})
        return Books(
            time_zone=zone,
            budgets=self._budgets(campaigns_named),
            spent=self._spent(campaigns_named),
            spent_of_day=self._spent_of_days(campaigns_named, days),
            charged_places=self._charged_places(users, requests),
            charged_orders={key: one for key, one in orders if one.outcome is Outcome.CHARGED},
            cancelled_orders={key for key, one in orders if one.type is EventType.ORDER_CANCELLED},
        )

    def _time_zone(self) -> str:
        zone = self._connection.execute(select(markets.c.time_zone).where(markets.c.market == self._market)).scalar()
        return zone or _ZONE_OF_NOBODY  # a market that is not in the catalogue has no campaigns either

    def _budgets(self, named: Collection[str]) -> dict[str, Budget]:
        terms = campaigns.c
        statement = select(terms.campaign_id, terms.total_budget, terms.daily_budget)
        rows = self._rows(statement, terms.market, (terms.campaign_id, named))
        return {row.campaign_id: Budget.of(row.total_budget, row.daily_budget) for row in rows}

    def _spent(self, named: Collection[str]) -> dict[str, int]:
        account = campaign_accounts.c
        statement = select(account.campaign_id, account.spent)
        return {
            row.campaign_id: row.spent for row in self._rows(statement, account.market, (account.campaign_id, named))
        }

    def _spent_of_days(self, named: Collection[str], days: Collection[int]) -> dict[tuple[str, int], int]:
        account = campaign_days.c
        statement = select(account.campaign_id, account.day, account.spent)
        rows = self._rows(statement, account.market, (account.campaign_id, named), (account.day, days))
        return {(row.campaign_id, row.day): row.spent for row in rows}

    def _charged_places(self, users: Collection[str], requests: Collection[str]) -> set[PlaceKey]:
        # By diner as well, for that is what the table has an index of.
        past = settlements.c
        statement = select(past.request_id, past.campaign_id).where(past.outcome == Outcome.CHARGED)
        rows = self._rows(statement, past.market, (past.user_id, users), (past.request_id, requests))
        return {(row.request_id, row.campaign_id) for row in rows}

    def _past_of_orders(
        self, users: Collection[str], order_ids: Collection[str | None]
    ) -> list[tuple[OrderKey, Settlement]]:
        """Charges and cancellations of orders."""
        past = settlements.c
        names = [field.name for field in fields(Settlement) if field.name in past]
        statement = select(*(past[name] for name in names)).where(
            or_(
                past.type == EventType.ORDER_CANCELLED,
                and_(past.type == EventType.ORDER, past.outcome == Outcome.CHARGED),
            )
        )
        rows = self._rows(statement, past.market, (past.order_id, order_ids), (past.user_id, users))
        return [((row.user_id, row.order_id), _settlement(row)) for row in rows]

    def _rows(
        self, statement: Select[Any], market: ColumnElement[str], *within: tuple[ColumnElement[Any], Collection[Any]]
    ) -> Sequence[Row[Any]]:
        """The market's rows of which each of these columns has one of its values."""
        if not all(values for _, values in within):
            return ()
        chosen = [column.in_(values) for column, values in within]
        return self._connection.execute(statement.where(market == self._market, *chosen)).all()


def _action(event: Row[Any], received_at: datetime) -> Action:
    return Action(
        event_id=event.event_id,
        type=EventType(event.type),
        user_id=event.user_id,
        restaurant_id=event.restaurant_id,
        request_id=event.request_id,
        order_id=event.order_id,
        at=event.at,
        received_at=received_at,
    )


def _settlement(row: Row[Any]) -> Settlement:
    kept = dict(row._mapping)
    return Settlement(**{**kept, "type": EventType(row.type), "outcome": Outcome(row.outcome)})
