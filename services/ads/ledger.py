"""The ledger: double entry in micro-units, with the running sums that budgets are held against.

An amount above 0 is a debit. A charge debits the campaign's account, which is what its payer owes, and credits `fees`;
a refund does the opposite. So the amounts of one event, of a market, of everything, add up to 0.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Engine, cast, func, insert, select

from services.ads.billing import Settlement
from services.database.schema import campaign_accounts, campaign_days, ledger_entries
from services.database.schema import settlements as table
from services.database.transactions import add_into, reading

FEES: Final = "fees"
CAMPAIGN: Final = "campaign:"
"""What the account of a campaign is called, before its id."""


class LedgerWriter:
    """Enters settlements inside the transaction that makes them final."""

    def __init__(self, engine: Engine) -> None:
        self._add_to_account = add_into(engine, campaign_accounts, ("spent",))
        self._add_to_day = add_into(engine, campaign_days, ("spent",))

    def enter(self, connection: Connection, market: str, settlements: Sequence[Settlement], at: datetime) -> None:
        """Keep the settlements, their entries and the sums; an event that is entered again is refused by its key."""
        connection.execute(insert(table), [_row(market, settlement, at) for settlement in settlements])
        paid = [settlement for settlement in settlements if settlement.amount]
        if not paid:
            return
        connection.execute(insert(ledger_entries), [entry for one in paid for entry in _entries(market, one, at)])
        accounts: Counter[str] = Counter()
        days: Counter[tuple[str, int]] = Counter()
        for one in paid:
            assert one.campaign_id is not None, "an amount is owed by somebody"
            assert one.day is not None, "an amount belongs to a day"
            accounts[one.campaign_id] += one.amount
            days[one.campaign_id, one.day] += one.amount
        common = {"market": market}
        connection.execute(
            self._add_to_account,
            [{**common, "campaign_id": campaign, "spent": amount} for campaign, amount in sorted(accounts.items())],
        )
        connection.execute(
            self._add_to_day,
            [
                {**common, "campaign_id": campaign, "day": day, "spent": amount}
                for (campaign, day), amount in sorted(days.items())
            ],
        )


class Ledger:
    """What was entered. All methods block and raise StorageUnavailable when the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def balances(self, market: str) -> dict[str, int]:
        """Sum of the entries of each account of a market, from the entries themselves; they add up to 0."""
        entry = ledger_entries.c
        # A sum of large integers is a decimal on PostgreSQL.
        balance = cast(func.sum(entry.amount), BigInteger).label("balance")
        statement = select(entry.account, balance).where(entry.market == market).group_by(entry.account)
        with reading(self._engine) as connection:
            return {row.account: row.balance for row in connection.execute(statement)}

    def spent(self, market: str) -> dict[str, int]:
        """What each campaign of a market that was ever charged has spent, less refunds."""
        account = campaign_accounts.c
        statement = select(account.campaign_id, account.spent).where(account.market == market)
        with reading(self._engine) as connection:
            return {row.campaign_id: row.spent for row in connection.execute(statement)}


def _row(market: str, settlement: Settlement, at: datetime) -> dict[str, Any]:
    names = ("event_id", "type", "outcome", "amount", "campaign_id", "request_id", "order_id", "user_id", "at")
    return {"market": market, "settled_at": at, **{name: getattr(settlement, name) for name in names}}


def _entries(market: str, settlement: Settlement, at: datetime) -> list[dict[str, Any]]:
    common = {"market": market, "event_id": settlement.event_id, "at": at}
    return [
        {**common, "account": f"{CAMPAIGN}{settlement.campaign_id}", "amount": settlement.amount},
        {**common, "account": FEES, "amount": -settlement.amount},
    ]
