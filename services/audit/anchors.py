"""Anchors: the audit trail answers for batches of served lists by the root of their digests.

A list is in the database within a second of its answer, and anchored within a minute, or sooner where lists are many. A
change that comes before the anchor is in it; one that comes after it is found.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select, update

from services.audit.arrivals import wrong_arrivals
from services.audit.bundle import write_bundle
from services.audit.removing import lock_seals, remove_lists
from services.audit.seals import list_digest, merkle_root
from services.audit.trail import ANCHOR, FORGOTTEN, AuditTrail
from services.clock import Clock
from services.database.schema import audit_trail, replay_blobs, served_lists
from services.database.schema import served_seals as table
from services.database.transactions import reading, writing

ERASURE: Final = "diner.erase"
SYSTEM: Final = "system"
_BATCH: Final = 10_000
_MOST_ANCHORS: Final = 1_000
"""At once: lists that come meanwhile are not waited for."""
_PAGE: Final = 500
_TOUCHED: Final = timedelta(hours=2)
"""More than how late the word on when a blob was last used may be."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as the trail says."""

    market: str
    where: str
    """A request's id, or `anchor n`."""
    problem: str


class ServedAnchors:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail, seconds: float = 60.0) -> None:
        self._engine = engine
        self._trail = trail
        self._seconds = seconds
        self._last = time.monotonic()

    def anchor_if_due(self) -> int:
        """Anchor what waits if it is much, or waits for long; the number of anchors made."""
        if time.monotonic() - self._last < self._seconds:
            waiting = select(func.count()).select_from(table).where(table.c.anchor.is_(None))
            with reading(self._engine) as connection:
                if connection.execute(waiting).scalar_one() < _BATCH:
                    return 0
        return self.anchor()

    def anchor(self) -> int:
        """Anchor all that waits; the number of anchors made."""
        self._last, made = time.monotonic(), 0
        while made < _MOST_ANCHORS and self._anchored_batch():
            made += 1
        return made

    def _anchored_batch(self) -> bool:
        """Anchor what waits in one market, `_BATCH` lists at most; False where nothing waits."""
        with writing(self._engine) as connection:
            lock_seals(connection)
            waiting = table.c.anchor.is_(None)
            market = connection.execute(
                select(table.c.market).where(waiting).order_by(table.c.market).limit(1)
            ).scalar()
            if market is None:
                return False
            number = 1 + (
                connection.execute(select(func.max(table.c.anchor)).where(table.c.market == market)).scalar() or 0
            )
            oldest = select(table.c.request_id).where(waiting, table.c.market == market).order_by(table.c.request_id)
            taken = connection.execute(
                update(table)
                .where(table.c.market == market, table.c.request_id.in_(oldest.limit(_BATCH)), waiting)
                .values(anchor=number)
                .returning(table.c.request_id, table.c.digest)
            )
            seals = sorted((row.request_id, row.digest) for row in taken)
            after = {
                "lists": len(seals),
                "first": seals[0][0],
                "last": seals[-1][0],
                "root": merkle_root([digest for _, digest in seals]),
            }
            self._trail.record(
                connection,
                role=SYSTEM,
                action=ANCHOR,
                market=market,
                subject=str(number),
                document={"before": None, "after": after},
            )
            return True

    def forget(self, before: datetime) -> int:
        """Remove the lists of each anchor whose lists were all served before this time, and what only they were made
        from; the number of lists.

        Their seals stay, and the trail says that their time had come: the rest can be checked as before.
        """
        reason = f"served before {before:%Y-%m-%d %H:%M} UTC"
        past = self._with_lists(before=before)
        removed = sum(self._forget(market, number, reason) for market, number in past)
        with writing(self._engine) as connection:
            connection.execute(delete(replay_blobs).where(replay_blobs.c.used_at < before - _TOUCHED))
        return removed

    def forget_market(self, market: str, reason: str) -> int:
        """The same of all lists of a market, whenever they were served; what waits for its anchor gets it first."""
        self.anchor()
        found = self._with_lists(table.c.market == market)
        return sum(self._forget(market, number, reason) for _, number in found)

    def _forget(self, market: str, number: int, reason: str) -> int:
        """Remove the lists of an anchor, and say so."""
        unmarked = (table.c.market == market, table.c.anchor == number, table.c.erasure.is_(None))
        of_anchor = select(table.c.request_id).where(*unmarked)
        with writing(self._engine) as connection:
            lists, root = remove_lists(connection, market, served_lists.c.request_id.in_(of_anchor))
            if root:
                self._trail.record(
                    connection,
                    role=SYSTEM,
                    action=FORGOTTEN,
                    market=market,
                    subject=str(number),
                    document={"before": {"lists": lists, "root": root}, "after": None},
                    reason=reason,
                )
        return lists if root else 0

    def _with_lists(self, *which: ColumnElement[bool], before: datetime | None = None) -> list[tuple[str, int]]:
        """Markets and numbers of the anchors that have lists, all of them from before that time where one is given."""
        both = (served_lists.c.request_id == table.c.request_id) & (served_lists.c.market == table.c.market)
        statement = (
            select(table.c.market, table.c.anchor)
            .join(served_lists, both)
            .where(table.c.anchor.is_not(None), *which)
            .group_by(table.c.market, table.c.anchor)
            .order_by(table.c.market, table.c.anchor)
        )
        if before is not None:
            statement = statement.having(func.max(served_lists.c.at) < before)
        with reading(self._engine) as connection:
            return [(row.market, row.anchor) for row in connection.execute(statement)]

    def export(self, clock: Clock, path: Path, lists: bool) -> None:
        """Write the bundle for an auditor."""
        write_bundle(self._engine, clock, path, lists)

    def findings(self) -> Iterator[Finding]:
        """All at which served lists, and records from other trails, are not what their seals and the trail say.

        The trail's own chain is `AuditTrail.first_broken`'s matter.
        """
        with reading(self._engine) as connection:
            anchors = _documents(connection, ANCHOR)
            erasures = {
                (market, str(document["before"].get("root")))
                for action in (ERASURE, FORGOTTEN)
                for market, _, document in _documents(connection, action)
            }
            yield from _wrong_anchors(connection, anchors)
            yield from _wrong_erasures(connection, erasures)
            yield from _wrong_lists(connection)
            for market, problem in wrong_arrivals(connection):
                yield Finding(market, "arrival", problem)


def _documents(connection: Connection, action: str) -> list[tuple[str, str, dict[str, Any]]]:
    chosen = select(audit_trail).where(audit_trail.c.action == action).order_by(audit_trail.c.seq)
    return [(row.market, row.subject, orjson.loads(row.document)) for row in connection.execute(chosen)]


def _wrong_anchors(connection: Connection, anchors: list[tuple[str, str, dict[str, Any]]]) -> Iterator[Finding]:
    told: set[tuple[str, int]] = set()
    for market, subject, document in anchors:
        number, after = int(subject), document["after"]
        of_anchor = (table.c.anchor == number, table.c.market == market)
        seals = (
            connection.execute(select(table.c.digest).where(*of_anchor).order_by(table.c.request_id)).scalars().all()
        )
        if (market, number) in told:
            yield Finding(market, f"anchor {number}", "the trail has it twice")
        told.add((market, number))
        if len(seals) != after["lists"]:
            yield Finding(
                market, f"anchor {number}", f"it covers {after['lists']} lists, and {len(seals)} have its seal"
            )
        elif merkle_root(seals) != after["root"]:
            yield Finding(market, f"anchor {number}", "the seals' root is not the trail's")
    used = connection.execute(select(table.c.market, table.c.anchor).where(table.c.anchor.is_not(None)).distinct())
    for market, number in sorted((row.market, row.anchor) for row in used):
        if (market, number) not in told:
            yield Finding(market, f"anchor {number}", "the trail does not have it")


def _wrong_erasures(connection: Connection, told: set[tuple[str, str]]) -> Iterator[Finding]:
    erased = select(table.c.market, table.c.erasure, table.c.digest, table.c.request_id)
    rows = connection.execute(erased.where(table.c.erasure.is_not(None)).order_by(table.c.request_id))
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.market, row.erasure), []).append(row.digest)
    for (market, root), digests in sorted(found.items()):
        if (market, root) not in told or merkle_root(digests) != root:
            yield Finding(market, f"erasure {root[:12]}", "lists are marked as erased that no erasure names")


def _wrong_lists(connection: Connection) -> Iterator[Finding]:
    """Page by page over both tables in one order: each has its partner, and the digest fits."""
    lists, seals = served_lists, table
    both = (lists.c.request_id == seals.c.request_id) & (lists.c.market == seals.c.market)
    joined = (
        select(lists, seals.c.digest.label("seal"), seals.c.erasure)
        .select_from(lists.outerjoin(seals, both))
        .order_by(lists.c.request_id, lists.c.market)
    )
    for row in connection.execution_options(yield_per=_PAGE).execute(joined):
        if row.seal is None:
            yield Finding(row.market, row.request_id, "a list without a seal")
        elif row.erasure is not None:
            yield Finding(row.market, row.request_id, "a list that is marked as erased")
        elif row.seal != _digest_of(row):
            yield Finding(row.market, row.request_id, "the list is not what was sealed")
    gone = select(seals.c.request_id, seals.c.market).select_from(seals.outerjoin(lists, both))
    for row in connection.execute(gone.where(lists.c.request_id.is_(None), seals.c.erasure.is_(None))):
        yield Finding(row.market, row.request_id, "the list is gone")


def _digest_of(row: Any) -> str:
    head = (row.request_id, row.market, row.user_id, row.at, row.policy, row.policy_version, row.model_version)
    return list_digest(*head, bytes(row.document), None if row.inputs is None else bytes(row.inputs))
