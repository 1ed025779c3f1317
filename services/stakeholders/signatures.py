"""Whose signatures a version of a policy has, and whose it lacks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from services.database.stakeholder_tables import sign_offs as table
from services.stakeholders.policy import Policy
from services.stakeholders.seats import signing


@dataclass(frozen=True)
class Signature:
    """A seat's consent to one version of a policy."""

    seat: str
    at: datetime
    reason: str


def needs_signatures(policy: Policy) -> bool:
    """All but the default, the state before anybody sat down.

    >>> needs_signatures(Policy()), needs_signatures(Policy(version=2))
    (False, True)
    """
    first = Policy()
    return (policy.name, policy.version) != (first.name, first.version)


def missing_from(signed: Iterable[str]) -> list[str]:
    """The seats that have to sign yet, in the registry's order.

    >>> missing_from(["ml", "infra", "fairness", "product"])
    ['sales', 'interpretability']
    """
    there = set(signed)
    return [seat.name for seat in signing() if seat.name not in there]


def signatures_of(connection: Connection, market: str, name: str, version: int) -> list[Signature]:
    """Of one version, in the order in which they were given."""
    of_version = (table.c.market == market, table.c.name == name, table.c.version == version)
    rows = connection.execute(select(table).where(*of_version).order_by(table.c.signed_at, table.c.seat))
    return [Signature(row.seat, row.signed_at, row.reason) for row in rows]
