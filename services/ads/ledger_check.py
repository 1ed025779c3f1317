"""Proof of the books: what is true of settlements, entries and accounts whatever happened, asked of the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from data.columns import EventType
from services.ads.billing import Budget, Outcome
from services.ads.ledger import CAMPAIGN
from services.database.schema import (
    ad_impressions,
    audit_trail,
    campaign_accounts,
    campaign_days,
    campaigns,
    ledger_entries,
    settlements,
)
from services.database.transactions import reading

_MOST: Final = 100
"""Findings of a kind: one fault may show in every row."""


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    kind: str
    where: str
    """Market and what it is about."""
    effect: int
    """Micro-units, or how often."""
    explanation: str


def check(engine: Engine) -> list[Finding]:
    """What is wrong with the books of all markets, in one view of the database; none where they are right.

    A budget may be lowered below what is spent, so spending is held against the highest budget that the campaign ever
    had, by the audit trail. Raises StorageUnavailable.
    """
    with reading(engine) as connection:
        return [
            *_selected(connection, "unbalanced", "the event's entries do not add up to 0", _unbalanced()),
            *_selected(connection, "account", "the campaign's account is not the sum of its entries", _accounts()),
            *_selected(connection, "days", "the campaign's days do not add up to its account", _days()),
            *_selected(connection, "negative", "more was given back than was charged", _negative()),
            *_selected(connection, "unentered", "the settlement's amount is not what was entered", _unentered()),
            *_selected(connection, "unsettled", "an entry has no settlement", _unsettled()),
            *_selected(connection, "place-twice", "a place was charged more than once", _places_charged_twice()),
            *_selected(connection, "order-twice", "an order was charged more than once", _orders_charged_twice()),
            *_selected(connection, "refund", "an order's refunds are not what it cost", _refunds()),
            *_selected(connection, "price", "more was charged than the place's price", _above_price()),
            *_over_budget(connection),
        ]


def _selected(
    connection: Connection, kind: str, explanation: str, statement: Select[str, str, int]
) -> Iterator[Finding]:
    for market, subject, effect in connection.execute(statement.limit(_MOST)):
        yield Finding(kind, f"{market}/{subject}", effect, explanation)


def _total(amount: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum as an integer: PostgreSQL makes a decimal of a sum of large integers."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def _unbalanced() -> Select[str, str, int]:
    entry = ledger_entries.c
    balance = _total(entry.amount)
    return select(entry.market, entry.event_id, balance).group_by(entry.market, entry.event_id).having(balance != 0)


def _accounts() -> Select[str, str, int]:
    entry, account = ledger_entries.c, campaign_accounts.c
    sides = union_all(
        select(account.market, (literal(CAMPAIGN) + account.campaign_id).label("account"), account.spent),
        select(entry.market, entry.account, -entry.amount).where(entry.account.startswith(CAMPAIGN, autoescape=True)),
    ).subquery()
    return _differing(sides)


def _days() -> Select[str, str, int]:
    account, day = campaign_accounts.c, campaign_days.c
    sides = union_all(
        select(account.market, account.campaign_id, account.spent), select(day.market, day.campaign_id, -day.spent)
    ).subquery()
    return _differing(sides)


def _differing(sides: FromClause) -> Select[str, str, int]:
    """Where the amounts of both sides, (market, key, amount) with opposite signs, do not cancel."""
    market, subject, amount = sides.c
    difference = _total(amount)
    return select(market, subject, difference).group_by(market, subject).having(difference != 0)


def _negative() -> Select[str, str, int]:
    account, day = campaign_accounts.c, campaign_days.c
    below = union_all(
        select(account.market, account.campaign_id, account.spent).where(account.spent < 0),
        select(day.market, day.campaign_id, day.spent).where(day.spent < 0),
    ).subquery()
    return select(*below.c)


def _unentered() -> Select[str, str, int]:
    settled, entry = settlements.c, ledger_entries.c
    entered = func.coalesce(entry.amount, 0)
    of_payer = and_(
        entry.market == settled.market,
        entry.event_id == settled.event_id,
        entry.account == literal(CAMPAIGN) + settled.campaign_id,
    )
    return (
        select(settled.market, settled.event_id, settled.amount - entered)
        .select_from(settlements.outerjoin(ledger_entries, of_payer))
        .where(settled.amount != entered)
    )


def _unsettled() -> Select[str, str, int]:
    settled, entry = settlements.c, ledger_entries.c
    has_one = exists().where(settled.market == entry.market, settled.event_id == entry.event_id, settled.amount != 0)
    return select(entry.market, entry.event_id, entry.amount).where(~has_one)


def _places_charged_twice() -> Select[str, str, int]:
    settled = settlements.c
    place = (settled.market, settled.request_id, settled.campaign_id)
    return (
        select(settled.market, settled.request_id, func.count())
        .where(settled.outcome == Outcome.CHARGED)
        .group_by(*place)
        .having(func.count() > 1)
    )


def _orders_charged_twice() -> Select[str, str, int]:
    settled = settlements.c
    return (
        select(settled.market, settled.order_id, func.count())
        .where(settled.type == EventType.ORDER, settled.outcome == Outcome.CHARGED)
        .where(settled.order_id.is_not(None), settled.user_id.is_not(None))  # an erased diner's orders have no owner
        .group_by(settled.market, settled.user_id, settled.order_id)
        .having(func.count() > 1)
    )


def _refunds() -> Select[str, str, int]:
    """An order's place is charged once, so its charge and refund are what is settled about the place."""
    settled = settlements.c
    balance, refunds = _total(settled.amount), func.count(case((settled.outcome == Outcome.REFUNDED, 1)))
    return (
        select(settled.market, settled.order_id, balance)
        .where(settled.outcome.in_((Outcome.CHARGED, Outcome.REFUNDED)), settled.order_id.is_not(None))
        .group_by(settled.market, settled.order_id, settled.request_id, settled.campaign_id)
        .having(and_(refunds > 0, or_(refunds > 1, balance != 0)))
    )


def _above_price() -> Select[str, str, int]:
    settled, place = settlements.c, ad_impressions.c
    sold = and_(
        place.market == settled.market,
        place.request_id == settled.request_id,
        place.campaign_id == settled.campaign_id,
    )
    return (
        select(settled.market, settled.event_id, settled.amount - place.price)
        .select_from(settlements.join(ad_impressions, sold))
        .where(settled.outcome == Outcome.CHARGED, or_(settled.amount > place.price, settled.amount <= 0))
    )


def _over_budget(connection: Connection) -> Iterator[Finding]:
    account, day, terms = campaign_accounts.c, campaign_days.c, campaigns.c
    most = select(day.market, day.campaign_id, func.max(day.spent).label("most")).group_by(day.market, day.campaign_id)
    busiest = most.subquery()
    statement = (
        select(
            account.market, account.campaign_id, account.spent, busiest.c.most, terms.total_budget, terms.daily_budget
        )
        .select_from(campaign_accounts)
        .join(busiest, and_(busiest.c.market == account.market, busiest.c.campaign_id == account.campaign_id))
        .outerjoin(campaigns, and_(terms.market == account.market, terms.campaign_id == account.campaign_id))
    )
    for market, campaign_id, spent, busiest_day, total, daily in connection.execute(statement):
        budget = Budget.of(total or 0, daily or 0)
        if spent > budget.total or busiest_day > budget.daily:
            budget = _highest(connection, market, campaign_id, budget)
        if spent > budget.total:
            explanation = "the campaign spent more than its total budget ever was"
            yield Finding("budget", f"{market}/{campaign_id}", spent - budget.total, explanation)
        if busiest_day > budget.daily:
            explanation = "the campaign spent more in a day than its daily budget ever was"
            yield Finding("budget", f"{market}/{campaign_id}", busiest_day - budget.daily, explanation)


def _highest(connection: Connection, market: str, campaign_id: str, budget: Budget) -> Budget:
    """The highest budgets that a campaign ever had, by what was written about it."""
    trail = audit_trail.c
    statement = select(trail.document).where(
        trail.market == market, trail.subject == campaign_id, trail.action.startswith("campaign.")
    )
    for document in connection.execute(statement).scalars():
        terms = orjson.loads(document)["after"]
        then = Budget.of(terms["total_budget"], terms["daily_budget"])
        budget = Budget(max(budget.total, then.total), max(budget.daily, then.daily))
    return budget
