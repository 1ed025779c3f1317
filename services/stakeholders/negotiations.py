"""Negotiations over stored fronts: what if, which leaves no trace; and for real, which is kept and in the trail."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError
from sqlalchemy import Engine, Row, Select, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import markets
from services.database.stakeholder_tables import negotiations as table
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.releases.freeze import OutsideBounds
from services.stakeholders.demands import DemandStore
from services.stakeholders.fronts import FrontStore
from services.stakeholders.negotiation.demand import Demand
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.negotiation.result import Result
from services.stakeholders.policies import PolicyStore, PolicyVersionMismatch, StoredPolicy
from services.stakeholders.policy import Policy

_ID_DIGITS: Final = 32
_NAME_DIGITS: Final = 12


def currency_of(engine: Engine, market: str) -> str | None:
    """ISO 4217; None where there is no such market. Blocks, and raises StorageUnavailable."""
    with reading(engine) as connection:
        return connection.execute(select(markets.c.currency).where(markets.c.market == market)).scalar()


@dataclass(frozen=True)
class Negotiation:
    """What was asked, over what, and what came of it."""

    negotiation_id: str | None
    """None for a what-if."""
    market: str
    front_id: str
    front_at: datetime
    """When the front was made."""
    assumed: bool
    """Whether the front tells of an invented city instead of this market."""
    requested_by: str
    created_at: datetime
    demands: Mapping[str, Demand]
    result: Result
    policy: tuple[str, int] | None
    """Name and version under which the settlement is stored, ready to be signed; None where there is none."""
    held: str | None
    """Why a settlement is not stored as a policy: the market is frozen."""


class NegotiationStore:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(
        self,
        engine: Engine,
        trail: AuditTrail,
        clock: Clock,
        fronts: FrontStore,
        demands: DemandStore,
        policies: PolicyStore,
    ) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._fronts = fronts
        self._demands = demands
        self._policies = policies

    def what_if(self, market: str, front_id: str | None, changed: Mapping[str, Demand], role: str) -> Negotiation:
        """Settle with some seats' demands changed; nothing is stored. Raises FrontError and DemandError."""
        front = self._fronts.get(market, front_id)
        demands = {**self._stored_demands(market), **changed}
        result = negotiate(front, demands, currency=currency_of(self._engine, market))
        made = front.front_id, front.created_at, front.assumed
        return Negotiation(None, market, *made, role, self._clock.now(), demands, result, None, None)

    def settle(self, market: str, front_id: str | None, role: str, reason: str = "") -> Negotiation:
        """Settle by the stored demands; keep the result, and a settlement also as a policy that can be signed.

        The same demands over the same front are the same negotiation, which is answered as it was kept; one whose
        settlement a freeze held back is tried again, and one over a front that was assumed is kept anew when that is no
        longer so. Raises FrontError and DemandError.
        """
        front = self._fronts.get(market, front_id)
        demands = self._stored_demands(market)
        number = _id(front.front_id, demands)
        known = self.get(market, number)
        if known is not None and known.held is None and known.assumed == front.assumed:
            return known
        result = negotiate(front, demands, currency=currency_of(self._engine, market))
        # The policy first: a process that dies in between leaves one that the next try finds as it is.
        stored, held = self._stored_policy(market, number, result, role, reason)
        now = self._clock.now()
        found = Negotiation(
            number, market, front.front_id, front.created_at, front.assumed, role, now, demands, result, stored, held
        )
        return self._kept(found, reason)

    def get(self, market: str, negotiation_id: str) -> Negotiation | None:
        """A kept one; None where there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(_one(market, negotiation_id)).first()
        return None if row is None else _negotiation(row)

    def newest(self, market: str, limit: int) -> list[Negotiation]:
        """Kept ones, the newest first; those of older versions of the program that cannot be read are left out."""
        order = table.c.created_at.desc(), table.c.negotiation_id
        chosen = select(table).where(table.c.market == market).order_by(*order).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen).all()
        return [found for found in map(_negotiation, rows) if found is not None]

    def _kept(self, found: Negotiation, reason: str) -> Negotiation:
        """Keep and record it, in place of one that was held or assumed; what another process has kept stands."""
        with writing(self._engine) as connection:
            lock_out(connection, f"negotiations {found.market}")
            row = connection.execute(_one(found.market, found.negotiation_id)).first()
            before = None if row is None else _negotiation(row)
            if before is not None and before.assumed == found.assumed and before.held in (None, found.held):
                return before
            connection.execute(upsert_into(self._engine, table), _row(found))
            self._trail.record(
                connection,
                role=found.requested_by,
                action="negotiation.settle",
                market=found.market,
                subject=str(found.negotiation_id),
                document=_rationale(found),
                reason=reason,
            )
        return found

    def _stored_demands(self, market: str) -> dict[str, Demand]:
        return {seat: stored.demand for seat, stored in self._demands.of(market).items()}

    def _stored_policy(
        self, market: str, number: str, result: Result, role: str, reason: str
    ) -> tuple[tuple[str, int] | None, str | None]:
        if result.settlement is None:
            return None, None
        policy = Policy.of(f"settlement-{number[:_NAME_DIGITS]}", result.settlement.policy)
        try:
            stored = self._put(market, policy, role, reason)
        except OutsideBounds as error:
            return None, str(error)
        return (stored.policy.name, stored.policy.version), None

    def _put(self, market: str, policy: Policy, role: str, reason: str) -> StoredPolicy:
        """The policy, over whatever is stored under its name, also where that is written at this moment."""
        while True:
            versions = self._policies.versions(market, policy.name)
            seen = versions[0].policy.version if versions else None
            try:
                return self._policies.put(market, policy, seen, role, reason)
            except PolicyVersionMismatch:
                continue


def _one(market: str, negotiation_id: str | None) -> Select[Any]:
    return select(table).where(table.c.market == market, table.c.negotiation_id == negotiation_id)


def _id(front_id: str, demands: Mapping[str, Demand]) -> str:
    asked = [front_id, {seat: demand.model_dump(mode="json") for seat, demand in demands.items()}]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_ID_DIGITS]


def _rationale(found: Negotiation) -> dict[str, Any]:
    """What the trail keeps: enough to see what was decided, why, and to do it over."""
    result = found.result
    return {
        "front_id": found.front_id,
        "demands": {seat: demand.model_dump(mode="json") for seat, demand in found.demands.items()},
        "settlement": None if result.settlement is None else result.settlement.model_dump(mode="json"),
        "blocking": None if result.infeasible is None else list(result.infeasible.blocking),
        "policy": None if found.policy is None else {"name": found.policy[0], "version": found.policy[1]},
        "held": found.held,
        "words": list(result.words),
    }


def _row(found: Negotiation) -> dict[str, Any]:
    document = {
        "front_at": found.front_at,
        "assumed": found.assumed,
        "policy": found.policy,
        "held": found.held,
        "result": found.result.model_dump(mode="json"),
    }
    demands = {seat: demand.model_dump(mode="json") for seat, demand in found.demands.items()}
    return {
        "market": found.market,
        "negotiation_id": found.negotiation_id,
        "front_id": found.front_id,
        "requested_by": found.requested_by,
        "created_at": found.created_at,
        "demands": orjson.dumps(demands).decode(),
        "document": orjson.dumps(document).decode(),
    }


def _negotiation(row: Row[Any]) -> Negotiation | None:
    document = orjson.loads(row.document)
    policy = document["policy"]
    try:
        demands = {seat: Demand.model_validate(one) for seat, one in orjson.loads(row.demands).items()}
        # Of its JSON: in Python's own types tuples are no lists.
        result = Result.model_validate_json(orjson.dumps(document["result"]))
    except ValidationError:
        return None
    return Negotiation(
        row.negotiation_id,
        row.market,
        row.front_id,
        datetime.fromisoformat(document["front_at"]),
        document["assumed"],
        row.requested_by,
        row.created_at,
        demands,
        result,
        None if policy is None else (policy[0], policy[1]),
        document["held"],
    )
