"""Policies in the database: every version is kept, one of each market is active. Each write is in the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, insert, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import active_policies, policies
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.releases.freeze import refuse_outside_bounds
from services.releases.registry import lock_releases
from services.stakeholders.policy import Policy

_BEGINNING: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class PolicyError(Exception):
    """A policy that cannot be stored or activated; the message says which and why."""


class PolicyNotFound(PolicyError):
    """There is no policy of this name or version."""


class PolicyVersionMismatch(PolicyError):
    """The newest version is not the one that the caller has seen."""


@dataclass(frozen=True)
class StoredPolicy:
    """One version of a policy."""

    policy: Policy
    created_at: datetime


class PolicyStore:
    """All methods block and raise StorageUnavailable where the database is away.

    A market always has the default policy, version 1, whether or not anyone has stored it.
    """

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def of(self, market: str) -> tuple[Mapping[str, Policy], str]:
        """The newest version of each of a market's policies by name, the active one's active version, and its name."""
        with reading(self._engine) as connection:
            stored = [_stored(row) for row in connection.execute(_versions(market))]
            active = _active(connection, market)
        found = {each.policy.name: each.policy for each in [_default(), *stored]}
        for each in stored:
            if (each.policy.name, each.policy.version) == active:
                found[each.policy.name] = each.policy
        return found, active[0]

    def newest(self, market: str) -> tuple[list[StoredPolicy], tuple[str, int]]:
        """The newest version of each policy by name; name and version of the active one."""
        with reading(self._engine) as connection:
            stored = [_stored(row) for row in connection.execute(_versions(market))]
            active = _active(connection, market)
        newest = {each.policy.name: each for each in [_default(), *stored]}
        return [newest[name] for name in sorted(newest)], active

    def versions(self, market: str, name: str) -> list[StoredPolicy]:
        """All versions of a policy, newest first; empty where there is none of this name."""
        with reading(self._engine) as connection:
            stored = [_stored(row) for row in connection.execute(_versions(market, name))]
        if not stored and name == _default().policy.name:
            return [_default()]
        return stored[::-1]

    def put(self, market: str, policy: Policy, expected_version: int | None, role: str) -> StoredPolicy:
        """Store the policy as a new version; its own `version` is not looked at. The same content keeps its version.

        `expected_version` is the newest that the caller has seen, None where it saw none. Raises
        PolicyVersionMismatch where another one is the newest, OutsideBounds where the market is frozen and a dial
        leaves the bounds that infra has approved.
        """
        now = self._clock.now()
        with writing(self._engine) as connection:
            before = self._locked(connection, market, policy.name, expected_version)
            version = 1 if before is None else before.policy.version
            if before is not None and before.policy == policy.model_copy(update={"version": version}):
                return before
            after = policy.model_copy(update={"version": version if before is None else version + 1})
            self._keep_to_the_freeze(connection, market, after)
            _insert(connection, market, after, now)
            document = {"before": None if before is None else _document(before.policy), "after": _document(after)}
            self._record(connection, role, "policy.put", market, policy.name, document)
        return StoredPolicy(after, now)

    def activate(self, market: str, name: str, version: int | None, role: str) -> StoredPolicy:
        """Let a policy make the market's lists from the next refresh on; the newest version where none is named.

        Activating what is active changes nothing. Raises PolicyNotFound, and OutsideBounds as `put` does.
        """
        now = self._clock.now()
        with writing(self._engine) as connection:
            lock_out(connection, f"policies {market}")
            stored = [_stored(row) for row in connection.execute(_versions(market, name))]
            if not stored and name == _default().policy.name:
                stored = [_default()]
                _insert(connection, market, stored[0].policy, now)
            chosen = next((each for each in stored[::-1] if version in (None, each.policy.version)), None)
            if chosen is None:
                what = f"policy {name!r}" if version is None else f"version {version} of policy {name!r}"
                raise PolicyNotFound(f"market {market} has no {what}")
            before, after = _active(connection, market), (name, chosen.policy.version)
            if before != after:
                self._keep_to_the_freeze(connection, market, chosen.policy)
                row = {"market": market, "name": name, "version": after[1], "since": now}
                connection.execute(upsert_into(self._engine, active_policies), row)
                document = {
                    step: {"name": active[0], "version": active[1]}
                    for step, active in (("before", before), ("after", after))
                }
                self._record(connection, role, "policy.activate", market, name, document)
        return chosen

    def _locked(self, connection: Connection, market: str, name: str, expected: int | None) -> StoredPolicy | None:
        # One writer a market: the newest version does not change under the check.
        lock_out(connection, f"policies {market}")
        stored = [_stored(row) for row in connection.execute(_versions(market, name))]
        if not stored and name == _default().policy.name:
            _insert(connection, market, _default().policy, self._clock.now())
            stored = [_default()]
        newest = stored[-1] if stored else None
        found = None if newest is None else newest.policy.version
        if found != expected:
            seen = "none was expected" if expected is None else f"version {expected} was expected"
            there = "it is not there" if found is None else f"version {found} is the newest"
            raise PolicyVersionMismatch(f"policy {name!r}: {seen}, {there}")
        return newest

    def _keep_to_the_freeze(self, connection: Connection, market: str, wanted: Policy) -> None:
        """In a freeze a policy may differ from the active one only in dials for which infra has approved bounds."""
        lock_releases(connection, market)
        name, version = _active(connection, market)
        stored = [_stored(row).policy for row in connection.execute(_versions(market, name))]
        active = next((policy for policy in stored if policy.version == version), _default().policy)
        what = f"policy {wanted.name!r}"
        refuse_outside_bounds(connection, market, self._clock.now(), active, wanted, what)

    def _record(
        self, connection: Connection, role: str, action: str, market: str, name: str, document: Mapping[str, Any]
    ) -> None:
        self._trail.record(connection, role=role, action=action, market=market, subject=name, document=document)


def _default() -> StoredPolicy:
    return StoredPolicy(Policy(), _BEGINNING)


def _versions(market: str, name: str | None = None) -> Select[Any]:
    statement = select(policies).where(policies.c.market == market).order_by(policies.c.version)
    return statement if name is None else statement.where(policies.c.name == name)


def _active(connection: Connection, market: str) -> tuple[str, int]:
    chosen = select(active_policies.c.name, active_policies.c.version).where(active_policies.c.market == market)
    row = connection.execute(chosen).first()
    return (_default().policy.name, _default().policy.version) if row is None else (row.name, row.version)


def _insert(connection: Connection, market: str, policy: Policy, at: datetime) -> None:
    row = {"market": market, "name": policy.name, "version": policy.version, "created_at": at}
    connection.execute(insert(policies), {**row, "document": policy.model_dump_json()})


def _stored(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(Policy.model_validate_json(row.document), row.created_at)


def _document(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json")
