"""All markets as a process knows them, whether or not they are in its memory: a few words each.

Whether anything has changed is asked by one small read, however many markets there are. Catalogues tell by their
versions; all else that lists are made from changes by levers, and each use of one is in the audit trail, in the same
transaction: the trail's last number is the clock of all of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select

from data.dataset import MarketInfo
from services.audit.trail import ANCHOR
from services.database.schema import audit_trail, champions, markets, model_versions, restaurants, serving_minutes
from services.database.transactions import reading

_CHUNK: Final = 500
_LATELY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Listed:
    """A market as the database has it."""

    info: MarketInfo
    catalogue_version: int
    restaurants: int
    retired_at: datetime | None
    moved_to: str | None
    """Where clients find it now; empty while it is on its way to here; None: it is here."""
    model: str | None
    """Name of the champion on the ladder; None: there is no champion yet."""
    version: str | None
    """The champion's version."""

    @property
    def is_served(self) -> bool:
        """Whether lists are made in it."""
        return self.retired_at is None and self.version is not None


class Directory:
    """Belongs to one thread at a time; what it lists is replaced, never changed, and may be read by any."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pulse: tuple[int, ...] = ()
        self._seen = 0
        """The last record of the trail that was looked at."""
        self.listed: Mapping[str, Listed] = {}
        """By key, in order."""
        self.served: Mapping[str, Listed] = {}
        """Those in which lists are made."""

    def look(self) -> Collection[str]:
        """The markets of which anything has changed since the last look; all at the first.

        Raises StorageUnavailable; then the next look finds the same.
        """
        with reading(self._engine) as connection:
            catalogues, versions, last = pulse = _pulse(connection)
            if pulse == self._pulse:
                return ()
            if last < self._seen or not self._pulse:  # another database, or a trail that was cut: look at everything
                changed = set(self.listed) | _catalogue_versions(connection).keys()
            else:
                changed = _moved(connection, self._seen)
                if (catalogues, versions) != self._pulse[:2]:
                    known = {market: one.catalogue_version for market, one in self.listed.items()}
                    there = _catalogue_versions(connection)
                    changed |= {market for market, version in there.items() if known.get(market) != version}
            same = {market: one for market, one in self.listed.items() if market not in changed}
            listed = {**same, **_read(connection, sorted(changed), self.listed)}
        self.listed = dict(sorted(listed.items()))
        self.served = {market: one for market, one in self.listed.items() if one.is_served}
        self._pulse, self._seen = pulse, last
        return changed

    def by_use(self, now: datetime) -> list[str]:
        """The served markets, those with the most lists of the last day first. Raises StorageUnavailable."""
        since = int((now - _LATELY).timestamp() // 60)
        statement = (
            select(serving_minutes.c.market, func.sum(serving_minutes.c.requests))
            .where(serving_minutes.c.minute >= since)
            .group_by(serving_minutes.c.market)
        )
        with reading(self._engine) as connection:
            asked = {market: int(requests) for market, requests in connection.execute(statement)}
        return sorted(self.served, key=lambda market: (-asked.get(market, 0), market))


def _pulse(connection: Connection) -> tuple[int, int, int]:
    """Number of markets, sum of their catalogues' versions, number of the trail's last record: none ever falls."""
    last = select(func.coalesce(func.max(audit_trail.c.seq), 0)).scalar_subquery()
    versions = func.coalesce(func.sum(markets.c.catalogue_version), 0)
    count, total, seq = connection.execute(select(func.count(), versions, last).select_from(markets)).one()
    return int(count), int(total), int(seq)


def _catalogue_versions(connection: Connection) -> dict[str, int]:
    return dict(connection.execute(select(markets.c.market, markets.c.catalogue_version)).all())


def _moved(connection: Connection, seen: int) -> set[str]:
    """Markets in which a lever was used after that record."""
    after = (audit_trail.c.seq > seen, audit_trail.c.action != ANCHOR, audit_trail.c.market.is_not(None))
    return set(connection.execute(select(audit_trail.c.market).where(*after).distinct()).scalars())


def _read(connection: Connection, wanted: Collection[str], known: Mapping[str, Listed]) -> dict[str, Listed]:
    wanted = list(wanted)
    found: dict[str, Listed] = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = connection.execute(select(markets).where(markets.c.market.in_(chunk))).mappings().all()
        grown = [row["market"] for row in rows if _is_another(known.get(row["market"]), row["catalogue_version"])]
        sizes, serving = _sizes(connection, grown), _champions(connection, chunk)
        for row in rows:
            market = row["market"]
            model, version = serving.get(market, (None, None))
            found[market] = Listed(
                info=MarketInfo(**{name: row[name] for name in MarketInfo.model_fields}),
                catalogue_version=row["catalogue_version"],
                restaurants=sizes.get(market, 0) if market in grown else known[market].restaurants,
                retired_at=row["retired_at"],
                moved_to=row["moved_to"],
                model=model,
                version=version,
            )
    return found


def _is_another(known: Listed | None, catalogue_version: int) -> bool:
    return known is None or known.catalogue_version != catalogue_version


def _sizes(connection: Connection, of: Collection[str]) -> dict[str, int]:
    if not of:
        return {}
    statement = select(restaurants.c.market, func.count()).where(restaurants.c.market.in_(of))
    return dict(connection.execute(statement.group_by(restaurants.c.market)).all())


def _champions(connection: Connection, of: Collection[str]) -> dict[str, tuple[Any, Any]]:
    same = (champions.c.market == model_versions.c.market) & (champions.c.version == model_versions.c.version)
    statement = select(champions.c.market, model_versions.c.model, champions.c.version).join(model_versions, same)
    rows = connection.execute(statement.where(champions.c.market.in_(of)))
    return {row.market: (row.model, row.version) for row in rows}
