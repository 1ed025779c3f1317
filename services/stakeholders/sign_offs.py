"""Sign-offs: a version of a policy becomes active when every seat that signs has signed it.

A signature is for one version: a changed policy is a new version that nobody has signed. The last signature activates,
in its own transaction. Where something holds the activation back (a freeze, another champion than the one that the
policy was agreed for) the signature is kept, and any seat can activate when that is over.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.stakeholder_tables import sign_offs as table
from services.database.transactions import reading, writing
from services.releases.freeze import OutsideBounds
from services.stakeholders.policies import (
    PolicyError,
    PolicyStore,
    WrongModel,
    active_policy,
    lock_policies,
    version_of,
)
from services.stakeholders.policy import Policy
from services.stakeholders.signatures import Signature, missing_from, needs_signatures, signatures_of


class SignOffRefused(PolicyError):
    """A signature that cannot be given or taken back; the message says why, and the mend."""


@dataclass(frozen=True)
class SignOffs:
    """How far a version of a policy is signed."""

    market: str
    name: str
    version: int
    signed: tuple[Signature, ...]
    missing: tuple[str, ...]
    """Seats; empty: it may be activated."""
    active: bool
    held_back: str | None = None
    """Why the last signature did not activate it; None: nothing did, or it was not the last one."""


class SignOffStore:
    """All methods block and raise StorageUnavailable where the database is away, PolicyNotFound where nothing is."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock, policies: PolicyStore) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._policies = policies

    def of(self, market: str, name: str, version: int | None = None) -> SignOffs:
        """How far a version is signed; the newest where none is named."""
        with reading(self._engine) as connection:
            return _state(connection, market, version_of(connection, market, name, version).policy)

    def sign(self, market: str, name: str, version: int, seat: str, reason: str) -> SignOffs:
        """Sign for a seat. Signing again changes nothing, and keeps the first reason.

        Raises SignOffRefused for the default's first version, which needs no signatures.
        """
        with writing(self._engine) as connection:
            lock_policies(connection, market)
            policy = version_of(connection, market, name, version).policy
            if not needs_signatures(policy):
                raise SignOffRefused(f"policy {name!r} version {version} needs no signatures: activate it")
            before = _state(connection, market, policy)
            if seat in {each.seat for each in before.signed}:
                return before
            row = {"market": market, "name": name, "version": version, "seat": seat}
            connection.execute(insert(table), {**row, "signed_at": self._clock.now(), "reason": reason})
            after = _state(connection, market, policy)
            self._record(connection, "policy.sign", before, after, seat, reason)
            held_back = None if after.missing else self._activate(connection, market, policy, seat, reason)
            return _state(connection, market, policy, held_back)

    def withdraw(self, market: str, name: str, version: int, seat: str, reason: str) -> SignOffs:
        """Take a seat's own signature back; nothing happens where it has not signed.

        Raises SignOffRefused while the version is active.
        """
        with writing(self._engine) as connection:
            lock_policies(connection, market)
            policy = version_of(connection, market, name, version).policy
            before = _state(connection, market, policy)
            if seat not in {each.seat for each in before.signed}:
                return before
            if before.active:
                raise SignOffRefused(
                    f"policy {name!r} version {version} is active: sign another version, or go back to an earlier one"
                )
            own = (table.c.market == market, table.c.name == name, table.c.version == version, table.c.seat == seat)
            connection.execute(delete(table).where(*own))
            after = _state(connection, market, policy)
            self._record(connection, "policy.withdraw", before, after, seat, reason)
            return after

    def _activate(self, connection: Connection, market: str, policy: Policy, seat: str, reason: str) -> str | None:
        """Activate what is signed in full; why that has to wait, None where it does not."""
        try:
            self._policies.activate_within(connection, market, policy, seat, reason)
        except (OutsideBounds, WrongModel) as error:
            return str(error)
        return None

    def _record(
        self, connection: Connection, action: str, before: SignOffs, after: SignOffs, seat: str, reason: str
    ) -> None:
        document = {
            step: {"version": state.version, "signed_by": [each.seat for each in state.signed]}
            for step, state in (("before", before), ("after", after))
        }
        self._trail.record(
            connection,
            role=seat,
            action=action,
            market=after.market,
            subject=after.name,
            document=document,
            reason=reason,
        )


def _state(connection: Connection, market: str, policy: Policy, held_back: str | None = None) -> SignOffs:
    name, version = policy.name, policy.version
    signed = signatures_of(connection, market, name, version)
    missing = missing_from(each.seat for each in signed) if needs_signatures(policy) else []
    active = active_policy(connection, market) == (name, version)
    return SignOffs(market, name, version, tuple(signed), tuple(missing), active, held_back)
