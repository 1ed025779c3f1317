"""Evaluated fronts in the database: written once; one that was assumed gives way to the same one that is not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import orjson
from pydantic import ValidationError
from sqlalchemy import Engine, Select, select

from services.audit.trail import AuditTrail
from services.database.stakeholder_tables import fronts as table
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.stakeholders.negotiation.front import Front


class FrontError(Exception):
    """There is nothing to bargain over; the message says the mend."""


@dataclass(frozen=True)
class FrontSummary:
    """What a front is, without what its policies came to."""

    front_id: str
    created_at: datetime
    assumed: bool
    active: str
    policies: int
    days: int
    followed: int
    followed_days: int | None
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Of a front's JSON, also where its policies are of another version of the program."""
        long = document["long"]
        return cls(
            front_id=document["front_id"],
            created_at=datetime.fromisoformat(document["created_at"]),
            assumed=document["assumed"],
            active=document["active"],
            policies=len(document["wide"]["policies"]),
            days=document["wide"]["days"],
            followed=0 if long is None else len(long["policies"]),
            followed_days=None if long is None else long["days"],
            notes=tuple(document["notes"]),
            provenance=document["provenance"],
        )


class FrontStore:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail) -> None:
        self._engine = engine
        self._trail = trail

    def put(self, market: str, front: Front, role: str, reason: str = "") -> None:
        """Keep a front of a market; one that is kept already stays as it is.

        Only where that one is of an invented city, and the same comes as the market's own, the later one takes its
        place.
        """
        row = {"market": market, "front_id": front.front_id, "created_at": front.created_at}
        with writing(self._engine) as connection:
            lock_out(connection, f"fronts {market}")
            kept = connection.execute(_newest(market, front.front_id)).first()
            before = None if kept is None else _known(orjson.loads(kept.document))
            after = _known(front.model_dump(mode="json"))
            if before is not None and (after["assumed"] or not before["assumed"]):
                return
            connection.execute(upsert_into(self._engine, table), {**row, "document": front.model_dump_json()})
            self._trail.record(
                connection,
                role=role,
                action="front.put",
                market=market,
                subject=front.front_id,
                document={"before": before, "after": after},
                reason=reason,
            )

    def get(self, market: str, front_id: str | None = None) -> Front:
        """A market's front; the newest where none is named.

        Raises FrontError where there is none, and where it was written by a version of the program whose policies were
        others.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_newest(market, front_id)).first()
        if row is None:
            what = f"no front {front_id}" if front_id is not None else "no front yet"
            raise FrontError(f"market {market} has {what}: `tablestakes negotiate --market {market}` evaluates one")
        try:
            return Front.model_validate_json(row.document)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in fault["loc"])
            raise FrontError(
                f"front {row.front_id} of market {market} is of another version of the program ({where}: "
                f"{fault['msg']}): `tablestakes negotiate --market {market}` evaluates one anew"
            ) from None

    def newest(self, market: str, limit: int) -> list[FrontSummary]:
        """A market's fronts, the newest first."""
        order = table.c.created_at.desc(), table.c.front_id
        chosen = select(table.c.document).where(table.c.market == market).order_by(*order).limit(limit)
        with reading(self._engine) as connection:
            return [FrontSummary.of(orjson.loads(row.document)) for row in connection.execute(chosen)]


def _newest(market: str, front_id: str | None) -> Select[Any]:
    statement = select(table.c.front_id, table.c.document).where(table.c.market == market)
    if front_id is not None:
        statement = statement.where(table.c.front_id == front_id)
    return statement.order_by(table.c.created_at.desc(), table.c.front_id).limit(1)


def _known(document: dict[str, Any]) -> dict[str, Any]:
    """What the trail says of a front: which it is, of which city, and what it was made from, as a sha256."""
    provenance = orjson.dumps(document["provenance"], option=orjson.OPT_SORT_KEYS)
    return {
        "front_id": document["front_id"],
        "assumed": document["assumed"],
        "provenance": hashlib.sha256(provenance).hexdigest(),
    }
