"""The campaigns in the database. Every write is one transaction with its record in the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, false, func, or_, select

from data.columns import Billing
from services.ads.campaign import Campaign
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import campaigns as table
from services.database.schema import restaurants
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.database.types import is_storable

_FIELDS: Final = tuple(Campaign.model_fields)


class CampaignError(Exception):
    """A campaign that cannot be kept; the message says which and the mend."""


class CampaignNotFound(CampaignError):
    """There is no campaign of this id."""


class UnknownRestaurant(CampaignError):
    """The campaign's restaurant is not in the market's catalogue."""


class CampaignConflict(CampaignError):
    """Another campaign of the restaurant runs at the same time."""


class VersionMismatch(CampaignError):
    """The stored version is not the one that the caller has seen."""


@dataclass(frozen=True)
class StoredCampaign:
    """A campaign as it is kept."""

    campaign: Campaign
    version: int
    """1 for the first; one more with each write."""
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    """A closed campaign sells nothing any more; what it sold is still billed and reported."""

    def document(self) -> dict[str, Any]:
        """As what JSON can hold."""
        closed_at = None if self.closed_at is None else self.closed_at.isoformat()
        return {**self.campaign.model_dump(mode="json"), "version": self.version, "closed_at": closed_at}


class CampaignStore:
    """Campaigns of all markets. All methods block and raise StorageUnavailable when the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._upsert = upsert_into(engine, table)

    def put(self, campaign: Campaign, expected_version: int | None, role: str, reason: str = "") -> StoredCampaign:
        """Add, change, or open again what was closed; the same content as is stored keeps its version.

        `expected_version` is the version that the caller has seen, None where it saw none. Raises VersionMismatch
        where another one is stored, UnknownRestaurant, or CampaignConflict where the restaurant has another campaign
        at a time that is still to come: one restaurant is one bidder.
        """
        now = self._clock.now()
        with writing(self._engine) as connection:
            before = self._locked(connection, campaign.market, campaign.campaign_id, expected_version)
            if before is not None and before.campaign == campaign and before.closed_at is None:
                return before
            _check(connection, campaign, now)
            version, created_at = (1, now) if before is None else (before.version + 1, before.created_at)
            after = StoredCampaign(campaign, version, created_at, now, None)
            self._write(connection, "campaign.put", before, after, role, reason)
        return after

    def close(
        self, market: str, campaign_id: str, expected_version: int, role: str, reason: str = ""
    ) -> StoredCampaign:
        """Stop selling places to a campaign; it stays for its bills. Closing it again changes nothing.

        Raises CampaignNotFound and VersionMismatch.
        """
        now = self._clock.now()
        with writing(self._engine) as connection:
            before = self._locked(connection, market, campaign_id, expected_version)
            if before is None:
                raise CampaignNotFound(f"market {market} has no campaign {campaign_id!r}")
            if before.closed_at is not None:
                return before
            after = StoredCampaign(before.campaign, before.version + 1, before.created_at, now, now)
            self._write(connection, "campaign.close", before, after, role, reason)
        return after

    def get(self, market: str, campaign_id: str) -> StoredCampaign | None:
        """One campaign, closed ones too; None where there is no such id."""
        if not is_storable(campaign_id):
            return None
        with reading(self._engine) as connection:
            return _one(connection, market, campaign_id)

    def page(self, market: str, after: str | None, limit: int) -> list[StoredCampaign]:
        """At most `limit` of a market's campaigns by id, after the id `after`; closed ones too."""
        statement = _of(market).order_by(table.c.campaign_id).limit(limit)
        if after is not None:
            if not is_storable(after):
                return []
            statement = statement.where(table.c.campaign_id > after)
        with reading(self._engine) as connection:
            return [_stored(row) for row in connection.execute(statement)]

    def open(self, market: str) -> list[Campaign]:
        """All campaigns of a market that are not closed, by id, whether or not their time has come."""
        statement = _of(market).where(table.c.closed_at.is_(None)).order_by(table.c.campaign_id)
        with reading(self._engine) as connection:
            return [_stored(row).campaign for row in connection.execute(statement)]

    def version(self, market: str) -> int:
        """A number that rises with each write to the market's campaigns; 0 before the first."""
        # Rows are never removed and their versions only rise.
        statement = select(func.coalesce(func.sum(table.c.version), 0)).where(table.c.market == market)
        with reading(self._engine) as connection:
            return int(connection.execute(statement).scalar_one())

    def _locked(
        self, connection: Connection, market: str, campaign_id: str, expected: int | None
    ) -> StoredCampaign | None:
        # One writer a market: neither the version nor the restaurant's other campaigns change under the checks.
        lock_out(connection, f"campaigns {market}")
        stored = _one(connection, market, campaign_id)
        found = None if stored is None else stored.version
        if found != expected:
            seen = "none was expected" if expected is None else f"version {expected} was expected"
            there = "it is not there" if found is None else f"version {found} is stored"
            raise VersionMismatch(f"campaign {campaign_id!r}: {seen}, {there}")
        return stored

    def _write(
        self,
        connection: Connection,
        action: str,
        before: StoredCampaign | None,
        after: StoredCampaign,
        role: str,
        reason: str,
    ) -> None:
        times = {name: getattr(after, name) for name in ("version", "created_at", "updated_at", "closed_at")}
        connection.execute(self._upsert, {**after.campaign.__dict__, **times})
        self._trail.record(
            connection,
            role=role,
            action=action,
            market=after.campaign.market,
            subject=after.campaign.campaign_id,
            document={"before": None if before is None else before.document(), "after": after.document()},
            reason=reason,
        )


def _of(market: str) -> Select[Any]:
    return select(table).where(table.c.market == market)


def _one(connection: Connection, market: str, campaign_id: str) -> StoredCampaign | None:
    row = connection.execute(_of(market).where(table.c.campaign_id == campaign_id)).first()
    return None if row is None else _stored(row)


def _stored(row: Row[Any]) -> StoredCampaign:
    """Rows were checked when they were written: they are not checked again."""
    fields = {name: getattr(row, name) for name in _FIELDS}
    campaign = Campaign.model_construct(**{**fields, "billing": Billing(row.billing)})
    return StoredCampaign(campaign, row.version, row.created_at, row.updated_at, row.closed_at)


def _check(connection: Connection, campaign: Campaign, now: datetime) -> None:
    restaurant = select(restaurants.c.restaurant_id).where(
        restaurants.c.market == campaign.market, restaurants.c.restaurant_id == campaign.restaurant_id
    )
    if connection.execute(restaurant).first() is None:
        raise UnknownRestaurant(f"market {campaign.market} has no restaurant {campaign.restaurant_id!r}")
    other = connection.execute(_rivals(campaign, now).limit(1)).scalar()
    if other is not None:
        raise CampaignConflict(
            f"restaurant {campaign.restaurant_id!r} has campaign {other!r} at the same time: "
            "close that one, or set starts_at and ends_at so that they do not overlap"
        )


def _rivals(campaign: Campaign, now: datetime) -> Select[Any]:
    """Ids of the restaurant's other open campaigns that share a moment with this one from now on."""
    begins = max(now, campaign.starts_at or now)
    statement = (
        select(table.c.campaign_id)
        .where(
            table.c.market == campaign.market,
            table.c.restaurant_id == campaign.restaurant_id,
            table.c.campaign_id != campaign.campaign_id,
            table.c.closed_at.is_(None),
            or_(table.c.ends_at.is_(None), table.c.ends_at > begins),
        )
        .order_by(table.c.campaign_id)
    )
    if campaign.ends_at is None:
        return statement
    if campaign.ends_at <= begins:
        return statement.where(false())
    return statement.where(or_(table.c.starts_at.is_(None), table.c.starts_at < campaign.ends_at))
