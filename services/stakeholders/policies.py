"""Policies in the database: every version is kept, one of each market is active. Each write is in the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, insert, select

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import active_policies, champions, model_versions, policies
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.releases.freeze import refuse_outside_bounds
from services.releases.registry import lock_releases
from services.stakeholders.policy import Policy
from services.stakeholders.signatures import missing_from, needs_signatures, signatures_of

_BEGINNING: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class PolicyError(Exception):
    """A policy that cannot be stored or activated; the message says which and why."""


class PolicyNotFound(PolicyError):
    """There is no policy of this name or version."""


class PolicyVersionMismatch(PolicyError):
    """The newest version is not the one that the caller has seen."""


class NotSigned(PolicyError):
    """Not all seats have signed this version."""

    def __init__(self, what: str, missing: Sequence[str]) -> None:
        super().__init__(f"{what} is not signed by {', '.join(missing)}")
        self.missing = list(missing)


class WrongModel(PolicyError):
    """The policy was agreed for another model than the one that serves."""


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
            active = active_policy(connection, market)
        found = {each.policy.name: each.policy for each in [_default(), *stored]}
        for each in stored:
            if (each.policy.name, each.policy.version) == active:
                found[each.policy.name] = each.policy
        return found, active[0]

    def newest(self, market: str) -> tuple[list[StoredPolicy], tuple[str, int]]:
        """The newest version of each policy by name; name and version of the active one."""
        with reading(self._engine) as connection:
            stored = [_stored(row) for row in connection.execute(_versions(market))]
            active = active_policy(connection, market)
        newest = {each.policy.name: each for each in [_default(), *stored]}
        return [newest[name] for name in sorted(newest)], active

    def versions(self, market: str, name: str) -> list[StoredPolicy]:
        """All versions of a policy, newest first; empty where there is none of this name."""
        with reading(self._engine) as connection:
            return versions_of(connection, market, name)[::-1]

    def version(self, market: str, name: str, version: int | None) -> StoredPolicy:
        """One version, the newest where none is named. Raises PolicyNotFound."""
        with reading(self._engine) as connection:
            return version_of(connection, market, name, version)

    def put(
        self, market: str, policy: Policy, expected_version: int | None, role: str, reason: str = ""
    ) -> StoredPolicy:
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
            _keep_to_the_freeze(connection, market, after, now)
            _insert(connection, market, after, now)
            document = {"before": None if before is None else _document(before.policy), "after": _document(after)}
            self._trail.record(
                connection,
                role=role,
                action="policy.put",
                market=market,
                subject=policy.name,
                document=document,
                reason=reason,
            )
        return StoredPolicy(after, now)

    def activate(
        self, market: str, name: str, version: int | None, role: str, *, reason: str = "", override: bool = False
    ) -> StoredPolicy:
        """Let a policy make the market's lists from the next refresh on; the newest version where none is named.

        Activating what is active changes nothing. `override` goes without signatures, and the trail calls it so. Raises
        PolicyNotFound, NotSigned, WrongModel, and OutsideBounds as `put` does.
        """
        with writing(self._engine) as connection:
            lock_policies(connection, market)
            chosen = version_of(connection, market, name, version)
            self.activate_within(connection, market, chosen.policy, role, reason, override=override)
        return chosen

    def activate_within(
        self, connection: Connection, market: str, policy: Policy, role: str, reason: str, *, override: bool = False
    ) -> None:
        """`activate` inside the caller's transaction, which holds `lock_policies`. Where it raises it wrote nothing."""
        now = self._clock.now()
        before, after = active_policy(connection, market), (policy.name, policy.version)
        if before == after:
            return
        signed = [each.seat for each in signatures_of(connection, market, *after)]
        missing = missing_from(signed) if needs_signatures(policy) else []
        if missing and not override:
            raise NotSigned(f"policy {policy.name!r} version {policy.version}", missing)
        _keep_to_the_freeze(connection, market, policy, now)
        _keep_to_the_model(connection, market, policy)
        if not _stored_versions(connection, market, policy.name):  # the default, which nobody has stored
            _insert(connection, market, policy, now)
        row = {"market": market, "name": policy.name, "version": policy.version, "since": now}
        connection.execute(upsert_into(self._engine, active_policies), row)
        document: dict[str, Any] = {
            step: {"name": active[0], "version": active[1]} for step, active in (("before", before), ("after", after))
        }
        self._trail.record(
            connection,
            role=role,
            action="policy.override" if override and missing else "policy.activate",
            market=market,
            subject=policy.name,
            document={**document, "signed_by": signed, "missing": missing},
            reason=reason,
        )

    def _locked(self, connection: Connection, market: str, name: str, expected: int | None) -> StoredPolicy | None:
        # One writer a market: the newest version does not change under the check.
        lock_policies(connection, market)
        stored = _stored_versions(connection, market, name)
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


def lock_policies(connection: Connection, market: str) -> None:
    """One transaction a market that writes policies, signs or activates them."""
    lock_out(connection, f"policies {market}")


def versions_of(connection: Connection, market: str, name: str) -> list[StoredPolicy]:
    """All versions of a policy, oldest first; the default's first version is there without being stored."""
    stored = _stored_versions(connection, market, name)
    return [_default()] if not stored and name == _default().policy.name else stored


def version_of(connection: Connection, market: str, name: str, version: int | None) -> StoredPolicy:
    """One version of a policy, the newest where none is named. Raises PolicyNotFound."""
    stored = versions_of(connection, market, name)
    chosen = next((each for each in stored[::-1] if version in (None, each.policy.version)), None)
    if chosen is None:
        what = f"policy {name!r}" if version is None else f"version {version} of policy {name!r}"
        raise PolicyNotFound(f"market {market} has no {what}")
    return chosen


def active_policy(connection: Connection, market: str) -> tuple[str, int]:
    """Name and version of what makes the market's lists."""
    chosen = select(active_policies.c.name, active_policies.c.version).where(active_policies.c.market == market)
    row = connection.execute(chosen).first()
    return (_default().policy.name, _default().policy.version) if row is None else (row.name, row.version)


def _keep_to_the_freeze(connection: Connection, market: str, wanted: Policy, at: datetime) -> None:
    """In a freeze a policy may differ from the active one only in dials for which infra has approved bounds."""
    lock_releases(connection, market)
    name, version = active_policy(connection, market)
    stored = [each.policy for each in _stored_versions(connection, market, name)]
    active = next((policy for policy in stored if policy.version == version), _default().policy)
    refuse_outside_bounds(connection, market, at, active, wanted, f"policy {wanted.name!r}")


def _keep_to_the_model(connection: Connection, market: str, policy: Policy) -> None:
    """A policy that was agreed for one model is not served by another. Under `lock_releases`."""
    if not policy.model:
        return
    same = (champions.c.market == model_versions.c.market) & (champions.c.version == model_versions.c.version)
    serving = select(model_versions.c.model).join(champions, same).where(model_versions.c.market == market)
    champion = connection.execute(serving).scalar()
    if champion != policy.model:
        there = "there is no champion" if champion is None else f"the champion is {champion!r}"
        raise WrongModel(
            f"policy {policy.name!r} version {policy.version} was agreed for the model {policy.model!r}, and {there}: "
            f"promote a version of {policy.model!r} first, then activate"
        )


def _default() -> StoredPolicy:
    return StoredPolicy(Policy(), _BEGINNING)


def _stored_versions(connection: Connection, market: str, name: str) -> list[StoredPolicy]:
    return [_stored(row) for row in connection.execute(_versions(market, name))]


def _versions(market: str, name: str | None = None) -> Select[Any]:
    statement = select(policies).where(policies.c.market == market).order_by(policies.c.version)
    return statement if name is None else statement.where(policies.c.name == name)


def _insert(connection: Connection, market: str, policy: Policy, at: datetime) -> None:
    row = {"market": market, "name": policy.name, "version": policy.version, "created_at": at}
    connection.execute(insert(policies), {**row, "document": policy.model_dump_json()})


def _stored(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(Policy.model_validate_json(row.document), row.created_at)


def _document(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json")
